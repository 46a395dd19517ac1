//! The median of many rounds, with its spread.

use std::fmt;

/// A median with its lower and upper quartile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Median {
    pub(crate) low: f64,
    pub(crate) middle: f64,
    pub(crate) high: f64,
}

impl Median {
    /// The median of figures; zero if there is none.
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = figures.len().saturating_sub(1);
            figures.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
        };
        Self { low: at(0.25), middle: at(0.5), high: at(0.75) }
    }

    /// The ratio of times: the fastest against the fastest, with the third fastest of each as spread.
    ///
    /// Other work of the machine only slows a round down, so the fastest rounds are the best measure.
    pub(crate) fn of_fastest(own: &[f64], base: &[f64]) -> Self {
        let (own, base) = (fastest(own), fastest(base));
        let third = |times: &[f64]| times.get(2).or(times.last()).copied().unwrap_or(1.0);
        let first = |times: &[f64]| times.first().copied().unwrap_or(1.0);
        Self {
            low: first(&own) / third(&base),
            middle: first(&own) / first(&base),
            high: third(&own) / first(&base),
        }
    }
}

impl fmt::Display for Median {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.middle, self.low, self.high)
    }
}

fn fastest(times: &[f64]) -> Vec<f64> {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_has_quartiles() {
        let median = Median::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(median, Median { low: 2.0, middle: 3.0, high: 4.0 });
        assert_eq!(Median::of(Vec::new()).middle, 0.0);
    }

    #[test]
    fn slow_rounds_do_not_count() {
        let ratio = Median::of_fastest(&[9.0, 2.0, 99.0, 2.5, 3.0], &[1.0, 50.0, 1.25, 1.5]);
        assert_eq!((ratio.middle, ratio.high), (2.0, 3.0));
        assert!((ratio.low - 2.0 / 1.5).abs() < 1e-9);
        assert_eq!(Median::of_fastest(&[4.0], &[2.0]).high, 2.0);
    }
}

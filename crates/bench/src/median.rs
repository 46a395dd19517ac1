//! Medians and the spread around them.

/// The middle of some figures, with the quarters below and above it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Median {
    pub(crate) low: f64,
    pub(crate) middle: f64,
    pub(crate) high: f64,
}

impl Median {
    /// Of at least one figure; of none it is zero.
    pub(crate) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = figures.len().saturating_sub(1);
            figures.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
        };
        Self { low: at(0.25), middle: at(0.5), high: at(0.75) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_its_quarters() {
        let median = Median::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(median, Median { low: 2.0, middle: 3.0, high: 4.0 });
        assert_eq!(Median::of(Vec::new()).middle, 0.0);
    }
}

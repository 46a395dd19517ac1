//! Goals, and whether the measurements reach them.

use crate::median::Median;

/// A goal and its result.
pub(crate) struct Goal {
    pub(crate) text: String,
    pub(crate) met: bool,
}

impl Goal {
    /// A limit for a measurement that repeats exactly.
    pub(crate) fn at_most(what: &str, measured: f64, limit: f64) -> Self {
        let text = format!("{what}: {measured:.2}, at most {limit}");
        Self { text, met: measured <= limit + 1e-9 }
    }

    /// A limit for a measurement that varies: missed if even the better quartile exceeds it.
    pub(crate) fn mostly_at_most(what: &str, measured: Median, limit: f64) -> Self {
        let text = format!("{what}: {measured}, at most {limit}");
        Self { text, met: measured.low <= limit }
    }

    /// A lower limit for a measurement that varies.
    pub(crate) fn mostly_at_least(what: &str, measured: Median, limit: f64) -> Self {
        let text = format!("{what}: {measured}, at least {limit}");
        Self { text, met: measured.high >= limit }
    }
}

/// Prints the goals and returns the missed ones.
pub(crate) fn report(goals: &[Goal]) -> Vec<String> {
    if !goals.is_empty() {
        println!();
    }
    for goal in goals {
        println!("{} {}", if goal.met { "met:   " } else { "MISSED:" }, goal.text);
    }
    goals.iter().filter(|goal| !goal.met).map(|goal| goal.text.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_miss_counts() {
        let median = Median { low: 1.4, middle: 1.6, high: 1.9 };
        assert!(Goal::mostly_at_most("a", median, 1.5).met);
        assert!(!Goal::mostly_at_most("a", median, 1.3).met);
        assert!(Goal::mostly_at_least("a", median, 1.8).met);
        assert!(!Goal::mostly_at_least("a", median, 2.0).met);
        assert!(Goal::at_most("a", 10.0, 10.0).met && !Goal::at_most("a", 11.0, 10.0).met);
    }
}

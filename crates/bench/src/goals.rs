//! The goals, and whether what was measured reaches them.

use crate::median::Median;

/// One goal, judged.
pub(crate) struct Goal {
    pub(crate) text: String,
    pub(crate) met: bool,
}

impl Goal {
    /// At most so much, of something that repeats exactly.
    pub(crate) fn at_most(what: &str, measured: f64, limit: f64) -> Self {
        let text = format!("{what}: {measured:.2}, at most {limit}");
        Self { text, met: measured <= limit + 1e-9 }
    }

    /// At most so much, of something that depends on the machine's mood: missed where even the
    /// better quarter of the rounds is beyond.
    pub(crate) fn mostly_at_most(what: &str, measured: Median, limit: f64) -> Self {
        let Median { low, middle, high } = measured;
        let text = format!("{what}: {middle:.2} ({low:.2} to {high:.2}), at most {limit}");
        Self { text, met: low <= limit }
    }

    /// At least so much, judged in the same way.
    pub(crate) fn mostly_at_least(what: &str, measured: Median, limit: f64) -> Self {
        let Median { low, middle, high } = measured;
        let text = format!("{what}: {middle:.2} ({low:.2} to {high:.2}), at least {limit}");
        Self { text, met: high >= limit }
    }
}

/// Prints them and hands back those that were missed.
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
    fn a_busy_moment_is_no_miss_and_a_clear_one_is() {
        let median = Median { low: 1.4, middle: 1.6, high: 1.9 };
        assert!(Goal::mostly_at_most("a", median, 1.5).met);
        assert!(!Goal::mostly_at_most("a", median, 1.3).met);
        assert!(Goal::mostly_at_least("a", median, 1.8).met);
        assert!(!Goal::mostly_at_least("a", median, 2.0).met);
        assert!(Goal::at_most("a", 10.0, 10.0).met && !Goal::at_most("a", 11.0, 10.0).met);
    }
}

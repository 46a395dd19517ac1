//! The sum of the test results that the test harness prints.

use std::fmt;

/// The sum of all `test result:` lines.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
}

impl Tally {
    /// Adds the numbers of a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
    #[must_use]
    pub(crate) fn read(mut self, line: &str) -> Self {
        let result = line.trim_start().strip_prefix("test result: ").unwrap_or_default();
        for part in result.split([';', '.']) {
            let Some((number, what)) = part.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
        self
    }

    pub(crate) fn executed(self) -> usize {
        self.passed + self.failed
    }

    /// What was counted after `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            passed: self.passed - earlier.passed,
            failed: self.failed - earlier.failed,
            ignored: self.ignored - earlier.ignored,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.ignored > 0 {
            write!(f, ", {} skipped", self.ignored)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_several_binaries_add_up() {
        let lines = [
            "test it::works ... ok",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.20s",
            "this test result: ok. 99 passed; is no result",
        ];
        let tally = lines.iter().fold(Tally::default(), |tally, line| tally.read(line));
        assert_eq!(tally, Tally { passed: 17, failed: 3, ignored: 1 });
        assert_eq!(tally.to_string(), "17 passed, 3 failed, 1 skipped");
        assert_eq!(
            tally.since(Tally { passed: 15, failed: 0, ignored: 1 }).to_string(),
            "2 passed, 3 failed"
        );
    }
}

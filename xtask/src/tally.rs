//! Counts what the test harness reports, line by line.

use std::fmt;

/// The sum of all `test result:` lines that were seen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
}

impl Tally {
    /// Adds the numbers of a line such as `test result: ok. 5 passed; 0 failed; 1 ignored; …`; other
    /// lines are passed over.
    pub(crate) fn read(&mut self, line: &str) {
        let Some(result) = line.trim_start().strip_prefix("test result: ") else {
            return;
        };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(n)), Some(what)) = (words.next().map(str::parse::<usize>), words.next())
            else {
                continue;
            };
            match what {
                "passed" => self.passed += n,
                "failed" => self.failed += n,
                "ignored" => self.ignored += n,
                _ => {}
            }
        }
    }

    pub(crate) fn executed(self) -> usize {
        self.passed + self.failed
    }

    /// What was counted since `earlier`.
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
    fn results_of_several_binaries_add_up() {
        let mut tally = Tally::default();
        for line in [
            "running 6 tests",
            "test it::works ... ok",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.20s",
            "this test result: ok. 99 passed; is no result",
        ] {
            tally.read(line);
        }
        assert_eq!(tally, Tally { passed: 17, failed: 3, ignored: 1 });
        assert_eq!(tally.to_string(), "17 passed, 3 failed, 1 skipped");
        assert_eq!(tally.executed(), 20);
    }

    #[test]
    fn nothing_ignored_is_not_mentioned() {
        let mut tally = Tally::default();
        let before = tally;
        tally.read("test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!(tally.to_string(), "2 passed, 0 failed");
        assert_eq!(tally.since(before).executed(), 2);
    }
}

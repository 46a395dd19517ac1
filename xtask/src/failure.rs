//! Why a step failed, in words for the person who reads the end of the output.

use std::fmt;

/// What a step or a helper could not do. The text is complete: nothing is added when it is shown.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `what` could not be done, because of `cause`.
    pub(crate) fn caused(what: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self(format!("{what}: {cause}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One fault found in a file: where it is and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) path: String,
    /// Counted from 1; 0 where the fault is the file itself.
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Problem {
    pub(crate) fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.path, self.text)
        } else {
            write!(f, "{}:{}: {}", self.path, self.line, self.text)
        }
    }
}

/// Prints the problems in the order of the files; with any, the step has failed.
pub(crate) fn report(mut problems: Vec<Problem>, checked: &str) -> Result<(), Failure> {
    problems.sort();
    problems.dedup();
    for problem in &problems {
        println!("{problem}");
    }
    match problems.len() {
        0 => {
            println!("{checked}: nothing to complain about");
            Ok(())
        }
        1 => Err(Failure::new("1 problem, listed above")),
        n => Err(Failure::new(format!("{n} problems, listed above"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_problem_fails_the_step() {
        let problem = Problem::new("a.rs", 3, "is wrong");
        assert_eq!(problem.to_string(), "a.rs:3: is wrong");
        assert!(report(vec![problem], "files").is_err());
        assert!(report(Vec::new(), "files").is_ok());
    }
}

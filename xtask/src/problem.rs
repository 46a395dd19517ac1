//! A problem found in a file, and the report of all of them.

use std::fmt;

use anyhow::{Result, ensure};

/// Where the problem is and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) path: String,
    /// Counted from 1; 0 for the file or package as a whole.
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
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.text),
            line => write!(f, "{}:{line}: {}", self.path, self.text),
        }
    }
}

/// Prints the problems in the order of the files; fails if there are any.
pub(crate) fn report(mut problems: Vec<Problem>, checked: &str) -> Result<()> {
    problems.sort();
    problems.dedup();
    for problem in &problems {
        println!("{problem}");
    }
    ensure!(problems.is_empty(), "{} problems, listed above", problems.len());
    println!("{checked}: no problem");
    Ok(())
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

//! Counts instructions with valgrind's callgrind, which runs this program again.

use std::path::PathBuf;
use std::process::Command;

/// The path of valgrind; `cargo xtask bench` sets it.
const VARIABLE: &str = "VALGRIND";

/// A valgrind that runs on this machine.
#[derive(Debug)]
pub(crate) struct Callgrind {
    valgrind: String,
    program: PathBuf,
}

impl Callgrind {
    /// Finds valgrind in the environment or in the path, or returns the reason why it does not run.
    pub(crate) fn find() -> Result<Self, String> {
        let valgrind = std::env::var(VARIABLE).unwrap_or_else(|_| "valgrind".to_owned());
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let found = Self { valgrind, program };
        // It may fail on an unknown kernel, processor or libc.
        found.total(&["once", "nothing", "nothing", "0"])?;
        Ok(found)
    }

    /// Instructions of one iteration of a case. They are the difference between 400 and 200 iterations,
    /// so that start, preparation and end do not count.
    pub(crate) fn instructions(&self, group: &str, case: &str) -> Result<f64, String> {
        self.difference(200, |times| vec!["once".into(), group.into(), case.into(), times.into()])
    }

    /// The same for any command of this program with a number of iterations.
    pub(crate) fn difference(
        &self,
        times: u32,
        command: impl Fn(&str) -> Vec<String>,
    ) -> Result<f64, String> {
        let (few, many) = (command(&times.to_string()), command(&(2 * times).to_string()));
        let (few, many) = (self.total(&few)?, self.total(&many)?);
        Ok((many as f64 - few as f64) / f64::from(times))
    }

    fn total(&self, command: &[impl AsRef<std::ffi::OsStr>]) -> Result<u64, String> {
        let mut valgrind = Command::new(&self.valgrind);
        #[cfg(feature = "peers")]
        if command.iter().any(|word| word.as_ref() == "cached") {
            valgrind.env(crate::rsa_key::VARIABLE, crate::rsa_key::pem());
        }
        let output = valgrind
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(&self.program)
            .args(command)
            .output()
            .map_err(|error| format!("`{}` could not be started: {error}", self.valgrind))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        let total = errors.lines().find_map(collected);
        match total {
            Some(total) if output.status.success() => Ok(total),
            _ => {
                let last = errors.lines().last().unwrap_or_default();
                Err(format!("callgrind ended with {} ({last})", output.status))
            }
        }
    }
}

/// Parses a line such as `==42== Collected : 123456`.
fn collected(line: &str) -> Option<u64> {
    let (_, number) = line.split_once("Collected : ")?;
    number.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_parsed() {
        assert_eq!(collected("==42== Collected : 123456"), Some(123_456));
        assert_eq!(collected("==42== Events    : Ir"), None);
    }
}

//! Instructions, counted by valgrind's callgrind, which runs this very program once more.

use std::path::PathBuf;
use std::process::Command;

/// Names the program; `cargo xtask bench` sets it.
const VARIABLE: &str = "VALGRIND";

/// A valgrind that works here.
#[derive(Debug)]
pub(crate) struct Callgrind {
    valgrind: String,
    ourselves: PathBuf,
}

impl Callgrind {
    /// The valgrind that the environment names or that is in the path, or why there is none.
    pub(crate) fn find() -> Result<Self, String> {
        let valgrind = std::env::var(VARIABLE).unwrap_or_else(|_| "valgrind".to_owned());
        let ourselves = std::env::current_exe().map_err(|error| error.to_string())?;
        let found = Self { valgrind, ourselves };
        // It may be there and yet not run: a kernel, a processor or a libc that it does not know.
        found.total(&["once", "nothing", "nothing", "0"])?;
        Ok(found)
    }

    /// What one time of a case takes: the difference between 400 times and 200, so that start,
    /// preparation and end do not count.
    pub(crate) fn instructions(&self, group: &str, case: &str) -> Result<f64, String> {
        self.difference(200, |times| vec!["once".into(), group.into(), case.into(), times.into()])
    }

    /// The same for any command of this program that does something so many times.
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
            valgrind.env(crate::cached::KEY_VARIABLE, crate::cached::rsa_key());
        }
        let output = valgrind
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(&self.ourselves)
            .args(command)
            .output()
            .map_err(|error| format!("`{}` could not be started: {error}", self.valgrind))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let total = said.lines().find_map(collected);
        match total {
            Some(total) if output.status.success() => Ok(total),
            _ => {
                let last = said.lines().last().unwrap_or_default();
                Err(format!("callgrind ended with {} ({last})", output.status))
            }
        }
    }
}

/// From a line such as `==42== Collected : 123456`.
fn collected(line: &str) -> Option<u64> {
    let (_, number) = line.split_once("Collected : ")?;
    number.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_read() {
        assert_eq!(collected("==42== Collected : 123456"), Some(123_456));
        assert_eq!(collected("==42== Events    : Ir"), None);
    }
}

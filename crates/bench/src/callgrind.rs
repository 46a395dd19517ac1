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
        found.total("nothing", "nothing", 0)?;
        Ok(found)
    }

    /// What one time of a case takes: the difference between 400 times and 200, so that start,
    /// preparation and end do not count.
    pub(crate) fn instructions(&self, group: &str, case: &str) -> Result<f64, String> {
        const TIMES: u64 = 200;
        let (few, many) = (self.total(group, case, TIMES)?, self.total(group, case, 2 * TIMES)?);
        Ok((many as f64 - few as f64) / TIMES as f64)
    }

    fn total(&self, group: &str, case: &str, times: u64) -> Result<u64, String> {
        let mut command = Command::new(&self.valgrind);
        #[cfg(feature = "peers")]
        if group == "cached" {
            command.env(crate::cached::KEY_VARIABLE, crate::cached::rsa_key());
        }
        let output = command
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(&self.ourselves)
            .args(["once", group, case, &times.to_string()])
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

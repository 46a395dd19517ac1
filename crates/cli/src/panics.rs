//! Panics, reported as every other failure.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, AssertUnwindSafe, Location};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use easemob_token::ErrorKind;

use crate::args::Format;
use crate::failure::Failure;
use crate::output;

/// Where to report a defect.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Whether a panic was reported.
static REPORTED: AtomicBool = AtomicBool::new(false);

/// Reports each later panic in this format.
///
/// Its message is left out, since it can quote any value.
pub(crate) fn report_in(format: Format) {
    panic::set_hook(Box::new(move |panicked| {
        REPORTED.store(true, Ordering::Relaxed);
        failure(panicked.location()).report(format);
        // With RUST_BACKTRACE; it has names of functions, no values.
        let backtrace = Backtrace::capture();
        if format != Format::Json && backtrace.status() == BacktraceStatus::Captured {
            output::note(backtrace);
        }
    }));
}

/// Runs the command; after a panic, its exit code is that of an internal error.
pub(crate) fn caught(run: impl FnOnce() -> Result<ExitCode, Failure>, format: Format) -> ExitCode {
    match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(code)) => code,
        // What a panic in a task led to; the panic itself was reported.
        Ok(Err(error)) if error.is(ErrorKind::Internal) && REPORTED.load(Ordering::Relaxed) => {
            error.exit_code()
        }
        Ok(Err(error)) => error.report(format),
        Err(_) => Failure::exit_code_of(ErrorKind::Internal),
    }
}

fn failure(place: Option<&Location<'_>>) -> Failure {
    let place = place.map_or("an unknown place".to_owned(), |place| {
        // The folders before are those of the machine that compiled it.
        let file = place.file().split_once("/registry/src/").map_or(place.file(), |(_, it)| it);
        format!("{file}:{}", place.line())
    });
    Failure::internal(format!(
        "a defect of this program, version {}, at {place}; unless it is short of files, threads or \
         memory (ulimit -a), please report this line at {REPOSITORY}/issues",
        env!("CARGO_PKG_VERSION")
    ))
}

#[cfg(test)]
mod tests {
    use easemob_token_transport_testkit::subprocess;

    use super::*;

    const TEST: &str = "panics::tests::a_panic_is_one_internal_error_without_its_message";

    /// In a process of its own: a hook is that of every thread.
    #[test]
    fn a_panic_is_one_internal_error_without_its_message() {
        if subprocess::is_child() {
            let format =
                if std::env::var_os("JSON").is_some() { Format::Json } else { Format::Text };
            report_in(format);
            let of_task = || {
                let task = std::thread::spawn(|| panic!("hunter2"));
                task.join().map_err(|_| Failure::internal("the task is gone"))
            };
            for code in [caught(|| panic!("hunter2"), format), caught(of_task, format)] {
                assert_eq!(code, ExitCode::from(1));
            }
            return;
        }
        for json in [false, true] {
            let mut again = subprocess::command(TEST);
            again.env_remove("RUST_BACKTRACE");
            if json {
                again.env("JSON", "1");
            }
            let output = again.output().unwrap();
            let errors = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success() && !errors.contains("hunter2"), "{errors}");
            let lines: Vec<_> = errors.lines().collect();
            assert_eq!(lines.len(), 2, "{errors}");
            for line in lines {
                let message = if json {
                    let line: serde_json::Value = serde_json::from_str(line).unwrap();
                    assert_eq!(line["error"]["kind"], "internal");
                    line["error"]["message"].as_str().unwrap().to_owned()
                } else {
                    line.strip_prefix("easemob-token: internal: ").unwrap().to_owned()
                };
                assert!(message.contains(" at crates/cli/src/panics.rs:"), "{message}");
                assert!(message.ends_with("/issues"), "{message}");
            }
        }
    }
}

//! The command behind `emulator -- COMMAND`: its environment, its signals, its exit code.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::process::{ExitCode, ExitStatus};

use tokio::process::{Child, Command};

use crate::failure::Failure;
use crate::profile::{CONFIG, NO_FILE};
use crate::signals::Received;

/// Exit codes of a shell for a command that cannot be started.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// Variables that would contradict those that are set.
const REMOVED: [&str; 7] = [
    "EASEMOB_ORG_NAME",
    "EASEMOB_APP_NAME",
    "EASEMOB_CLIENT_SECRET_FILE",
    "EASEMOB_PASSWORD",
    "EASEMOB_PASSWORD_FILE",
    "EASEMOB_TTL_UNIT",
    "EASEMOB_PROFILE",
];

/// Starts the command with these variables.
pub(crate) fn start(
    words: &[OsString],
    variables: &[(&'static str, String)],
) -> Result<Child, Failure> {
    let mut words = words.iter();
    let program = words.next().ok_or_else(|| Failure::internal("there is no command to run"))?;
    let mut command = Command::new(program);
    command.args(words).kill_on_drop(true);
    REMOVED.iter().for_each(|name| _ = command.env_remove(name));
    // A profile is of a real account: what the emulator leaves out would come from there.
    command.env(CONFIG.1, NO_FILE);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.spawn().map_err(|error| {
        let exit = match error.kind() {
            io::ErrorKind::NotFound => NOT_FOUND,
            _ => NOT_EXECUTABLE,
        };
        // The text of the system has no argument in it.
        Failure::invalid_input(format!("cannot start the command after --: {error}"))
            .with_exit_code(exit)
    })
}

/// Passes a signal on, unless the terminal has sent it to the command already.
pub(crate) fn forward(child: &Child, signal: Received) {
    let from_terminal = signal == Received::INTERRUPT && io::stdin().is_terminal();
    if let (false, Some(process)) = (from_terminal, child.id()) {
        signal.send_to(process);
    }
}

/// The exit code of a command that has ended, as shells have it.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX));
    }
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

//! A line from the terminal without echo, which is restored whatever ends the reading.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use crate::signals;

/// The terminal and its settings from before the prompt.
static SAVED: Mutex<Option<(File, Termios)>> = Mutex::new(None);

/// Prompts for a line on the terminal of the process; `None` if none came within the limit.
///
/// The line has its line end. Without one, the input ended.
pub(crate) fn read_hidden(prompt: &str, limit: Duration) -> io::Result<Option<Vec<u8>>> {
    let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
    signals::exit_on_arrival()?;
    hide(terminal.try_clone()?)?;
    write!(terminal, "{prompt}")?;
    let (sender, receiver) = mpsc::channel();
    let input = terminal.try_clone()?;
    // Reading cannot be cancelled.
    thread::spawn(move || {
        let mut line = Vec::new();
        let read = BufReader::new(input).read_until(b'\n', &mut line);
        // The receiver is gone after the limit.
        let _ = sender.send(read.map(|_| line));
    });
    let received = receiver.recv_timeout(limit);
    drop(restore());
    match received {
        Ok(line) => line.map(Some),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Turns the echo off.
fn hide(terminal: File) -> io::Result<()> {
    let mut saved = saved();
    let before = tcgetattr(&terminal)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
    // A shell would show what is typed after the command was stopped and continued.
    hidden.special_codes[SpecialCodeIndex::VSUSP] = 0;
    tcsetattr(&terminal, OptionalActions::Flush, &hidden)?;
    *saved = Some((terminal, before));
    Ok(())
}

/// Restores the settings. Nothing turns the echo off while the result exists.
pub(crate) fn restore() -> impl Drop {
    let mut saved = saved();
    if let Some((mut terminal, before)) = saved.take() {
        // The line end that was typed is not shown either.
        let _ = writeln!(terminal);
        // A terminal that is gone has no settings.
        let _ = tcsetattr(&terminal, OptionalActions::Flush, &before);
    }
    saved
}

fn saved() -> MutexGuard<'static, Option<(File, Termios)>> {
    SAVED.lock().unwrap_or_else(PoisonError::into_inner)
}

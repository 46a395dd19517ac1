//! A server's process, which ends with the test that started it.

use std::io;
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus};

use crate::patience::within_limit;

/// A process that is ended, and waited for, when the value is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Asks it to end of its own accord, which lets it take its own children along.
    stop: Command,
}

impl Running {
    /// Starts a process.
    ///
    /// # Errors
    ///
    /// The system cannot start it; the error names the program.
    pub fn start(mut command: Command, stop: Command) -> io::Result<Self> {
        let started = command.spawn();
        let child = started.map_err(|error| {
            let program = command.get_program().to_string_lossy().into_owned();
            io::Error::new(error.kind(), format!("{program}: {error}"))
        })?;
        Ok(Self { child, stop })
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to end, and waits until it has; one that does not listen is killed.
    pub fn stop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        if self.stop.status().is_ok_and(|asked| asked.success()) {
            within_limit(|| self.ended());
        }
        // Neither does anything to a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A loopback port that is free now. Somebody else may take it, so a server that cannot have it is
/// to be started again on another one.
///
/// # Errors
///
/// The system has none.
pub fn free_port() -> io::Result<u16> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr().map(|address| address.port())
}

//! The process of a server, which ends with the test that started it.

use std::io;
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for a condition. Only a failing test waits this long.
const LIMIT: Duration = Duration::from_secs(10);
/// How often another process may take the port that was free before.
const ATTEMPTS: usize = 5;

/// A running server. It is stopped when the value is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    stop: Option<Command>,
}

impl Server {
    /// Starts a server on a free port of the loopback interface, and waits until it listens.
    ///
    /// `commands` configures the server for a port and returns the commands that start and, if there
    /// is one, stop it. `listens` is called with the port and the process ID. Returns `None` if the
    /// server ends instead, on several ports.
    ///
    /// # Errors
    ///
    /// Fails if the system has no free port or cannot start the program.
    pub fn start(
        mut commands: impl FnMut(u16) -> (Command, Option<Command>),
        listens: impl Fn(u16, u32) -> bool,
    ) -> io::Result<Option<Self>> {
        for _ in 0..ATTEMPTS {
            let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
            let (mut start, stop) = commands(port);
            let child = silent(&mut start).spawn().map_err(|error| {
                let program = start.get_program().to_string_lossy();
                io::Error::new(error.kind(), format!("{program}: {error}"))
            })?;
            let mut server = Self { child, port, stop };
            let is_listening = within_limit(|| {
                let is_listening = listens(port, server.child.id());
                (is_listening || server.ended().is_some()).then_some(is_listening)
            });
            if is_listening == Some(true) {
                return Ok(Some(server));
            }
        }
        Ok(None)
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the server and waits for its end. It is killed if it does not stop by itself.
    pub fn stop(&mut self) {
        if self.ended().is_none() {
            let stopping = self.stop.as_mut().and_then(|stop| silent(stop).status().ok());
            if stopping.is_some_and(|status| status.success()) {
                within_limit(|| self.ended());
            }
        }
        // Both have no effect on a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn silent(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

fn within_limit<T>(mut poll: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let value = poll();
        if value.is_some() || start.elapsed() > LIMIT {
            return value;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Polls until there is a value.
///
/// # Panics
///
/// If there is none within ten seconds. `what` describes the condition.
#[expect(clippy::panic, reason = "a test that cannot go on fails")]
pub fn eventually<T>(what: &str, poll: impl FnMut() -> Option<T>) -> T {
    within_limit(poll).unwrap_or_else(|| panic!("{what}: not within {LIMIT:?}"))
}

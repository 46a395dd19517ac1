//! The record of all connections, shared between the threads of a server and the test.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::server::request::Received;

/// The record of one connection.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) accepted: Instant,
    pub(super) received: Vec<u8>,
    /// The number of bytes of `received` that are whole requests.
    pub(super) parsed: usize,
    pub(super) requests: Vec<Received>,
    pub(super) handshake: Option<Result<(), String>>,
    pub(super) steps: usize,
    pub(super) closed: Option<Instant>,
    pub(super) over: bool,
    /// The processor time of the thread that played the script.
    pub(super) processor_time: Duration,
}

impl Connection {
    fn new() -> Self {
        Self {
            accepted: Instant::now(),
            received: Vec::new(),
            parsed: 0,
            requests: Vec::new(),
            handshake: None,
            steps: 0,
            closed: None,
            over: false,
            processor_time: Duration::ZERO,
        }
    }

    /// The time at which it was accepted.
    #[must_use]
    pub fn accepted(&self) -> Instant {
        self.accepted
    }

    /// Every byte that arrived and was read, decrypted if the connection uses TLS.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// The bytes that arrived after the last whole request.
    #[must_use]
    pub fn unfinished(&self) -> &[u8] {
        &self.received[self.parsed..]
    }

    /// The whole requests that arrived.
    #[must_use]
    pub fn requests(&self) -> &[Received] {
        &self.requests
    }

    /// The result of the TLS handshake, if there was one and it has ended.
    #[must_use]
    pub fn handshake(&self) -> Option<Result<(), &str>> {
        let handshake = self.handshake.as_ref()?;
        Some(handshake.as_ref().map(|&()| ()).map_err(String::as_str))
    }

    /// The number of steps of the script that are done.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The time at which the other side closed or reset it.
    #[must_use]
    pub fn closed(&self) -> Option<Instant> {
        self.closed
    }

    /// Whether the script has ended and the connection is closed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over
    }

    pub(crate) fn processor_time(&self) -> Duration {
        self.processor_time
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        while let Some((request, length)) = Received::parse(&self.received[self.parsed..]) {
            self.parsed += length;
            self.requests.push(request);
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) connections: Vec<Connection>,
    /// A second handle of each open socket, by which a thread that reads from it is woken.
    pub(super) handles: BTreeMap<usize, TcpStream>,
    pub(super) gates: BTreeSet<usize>,
    pub(super) stopping: bool,
}

#[derive(Debug, Default)]
pub(super) struct Record {
    state: Mutex<State>,
    changed: Condvar,
}

impl Record {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    pub(super) fn change_connection(&self, number: usize, change: impl FnOnce(&mut Connection)) {
        self.change(|state| {
            if let Some(connection) = state.connections.get_mut(number) {
                change(connection);
            }
        });
    }

    /// Waits until the function returns a value; `None` if it does not before the deadline.
    pub(super) fn wait<T>(
        &self,
        deadline: Instant,
        find: impl Fn(&State) -> Option<T>,
    ) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(value) = find(&state) {
                return Some(value);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn accept(&self, handle: TcpStream) -> usize {
        self.change(|state| {
            let number = state.connections.len();
            state.connections.push(Connection::new());
            state.handles.insert(number, handle);
            number
        })
    }

    pub(super) fn stop(&self) {
        self.change(|state| state.stopping = true);
    }
}

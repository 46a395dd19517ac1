//! What a server remembers, shared between its threads and the test.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::server::request::Received;

/// What happened on one connection.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) accepted: Instant,
    pub(super) received: Vec<u8>,
    /// Up to where `received` is made of whole requests.
    pub(super) parsed: usize,
    pub(super) requests: Vec<Received>,
    pub(super) handshake: Option<Result<(), String>>,
    pub(super) steps: usize,
    pub(super) closed: Option<Instant>,
    pub(super) over: bool,
    /// What the thread that played the script took of the processor.
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

    /// When it was accepted.
    #[must_use]
    pub fn accepted(&self) -> Instant {
        self.accepted
    }

    /// Every byte that arrived and was read; inside TLS, what it held.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// What arrived after the last whole request: the beginning of another one, or no request.
    #[must_use]
    pub fn unfinished(&self) -> &[u8] {
        &self.received[self.parsed..]
    }

    /// The whole requests that arrived.
    #[must_use]
    pub fn requests(&self) -> &[Received] {
        &self.requests
    }

    /// How the TLS handshake ended, if the script came to one and it did end.
    #[must_use]
    pub fn handshake(&self) -> Option<Result<(), &str>> {
        let handshake = self.handshake.as_ref()?;
        Some(handshake.as_ref().map(|&()| ()).map_err(String::as_str))
    }

    /// How many steps of the script are done.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// When the other side was seen to close or reset it.
    #[must_use]
    pub fn closed(&self) -> Option<Instant> {
        self.closed
    }

    /// Whether the script is at its end and the connection closed.
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
    /// A second handle of each socket that is in use, to wake whoever reads from it.
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

    /// Waits until there is an answer, `None` if there is none before the deadline.
    pub(super) fn wait<T>(
        &self,
        deadline: Instant,
        answer: impl Fn(&State) -> Option<T>,
    ) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(answer) = answer(&state) {
                return Some(answer);
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

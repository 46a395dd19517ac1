//! The idle connections of a transport, all opened by one runtime.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::uri::{Authority, Scheme};
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::runtime::Id;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::connection_state::ConnectionState;

/// How long a connection stays idle before it is closed. Short, since the longer it is idle, the
/// likelier the server closes it just when it is used again.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// How many connections may be idle for one target.
const MAX_IDLE: usize = 64;

/// The server of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
}

/// An open connection to a target, without an exchange.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Full<Bytes>>,
    pub(crate) state: ConnectionState,
    pub(crate) target: Target,
    /// The `Host` of its requests.
    pub(crate) host: HeaderValue,
}

/// The idle connections, shared with the exchanges that will bring theirs back.
pub(crate) struct Pool {
    idle_timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The runtime that opened them.
    runtime: Option<Id>,
    /// How often they were given up, because of another runtime or a suspended machine.
    generation: u64,
    /// The last one was used last.
    idle: Vec<(Instant, Box<Connection>)>,
    /// Ends the task that closes them after a while.
    watched: Option<oneshot::Sender<()>>,
}

/// The place to which a connection comes back after its exchange.
#[derive(Clone)]
pub(crate) struct Place {
    pool: Weak<Pool>,
    generation: u64,
}

impl Pool {
    pub(crate) fn new(idle_timeout: Duration) -> Arc<Self> {
        Arc::new(Self { idle_timeout, state: Mutex::default() })
    }

    /// Takes a connection to this target, if one is open, and the place to bring it or another one to.
    ///
    /// The connections of another runtime, or all if `are_stale`, are closed.
    pub(crate) fn take(
        self: &Arc<Self>,
        target: &Target,
        runtime: Id,
        are_stale: bool,
    ) -> (Option<Box<Connection>>, Place) {
        let mut state = self.state();
        let mut given_up = Vec::new();
        if state.runtime != Some(runtime) || are_stale {
            given_up = std::mem::take(&mut state.idle);
            state.watched = None;
            state.runtime = Some(runtime);
            state.generation += 1;
        }
        let connection = state.take(target, self.idle_timeout);
        let generation = state.generation;
        drop(state);
        // To close a connection wakes its task.
        drop(given_up);
        (connection, Place { pool: Arc::downgrade(self), generation })
    }

    fn drop_expired(&self) {
        let mut state = self.state();
        let now = Instant::now();
        let (kept, expired) =
            std::mem::take(&mut state.idle).into_iter().partition(|(since, connection)| {
                now - *since < self.idle_timeout && connection.sender.is_ready()
            });
        state.idle = kept;
        drop(state);
        drop::<Vec<_>>(expired);
    }

    /// Starts the task that closes connections which stay idle for too long.
    fn watch(self: &Arc<Self>) -> oneshot::Sender<()> {
        let (watched, mut end) = oneshot::channel();
        let (pool, idle_timeout) = (Arc::downgrade(self), self.idle_timeout);
        tokio::spawn(async move {
            while timeout(idle_timeout, &mut end).await.is_err() {
                let Some(pool) = pool.upgrade() else { return };
                pool.drop_expired();
            }
        });
        watched
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The connection to this target that was used last; the ones that are closed or too old go.
    fn take(&mut self, target: &Target, idle_timeout: Duration) -> Option<Box<Connection>> {
        let now = Instant::now();
        loop {
            let index = self.idle.iter().rposition(|(_, it)| it.target == *target)?;
            let (since, connection) = self.idle.remove(index);
            if now - since < idle_timeout && connection.sender.is_ready() {
                return Some(connection);
            }
        }
    }

    fn has_space_for(&self, target: &Target) -> bool {
        self.idle.len() < MAX_IDLE
            || self.idle.iter().filter(|(_, it)| it.target == *target).count() < MAX_IDLE
    }
}

impl Place {
    /// Brings a connection back whose exchange has ended, when its task is ready for the next one.
    pub(crate) fn bring_back(self, mut connection: Box<Connection>) {
        if connection.sender.is_ready() {
            self.put(connection);
        } else if !connection.sender.is_closed() {
            tokio::spawn(async move {
                if connection.sender.ready().await.is_ok() {
                    self.put(connection);
                }
            });
        }
    }

    fn put(self, connection: Box<Connection>) {
        let Some(pool) = self.pool.upgrade() else { return };
        let mut state = pool.state();
        if state.generation == self.generation && state.has_space_for(&connection.target) {
            if state.watched.is_none() {
                state.watched = Some(pool.watch());
            }
            state.idle.push((Instant::now(), connection));
        }
    }
}

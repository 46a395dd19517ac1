//! The idle connections of a transport, all opened by one runtime.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderValue;
use http::uri::{Authority, Scheme};
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::connection_state::ConnectionState;

/// How long a connection stays idle before it is closed. Short, since the longer it is idle, the
/// likelier the server closes it just when it is used again.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// How many connections may be idle, whatever their targets.
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
    /// Dropped with the connection, which ends its task.
    pub(crate) _in_use: oneshot::Receiver<hyper::Error>,
}

/// The idle connections, shared with the exchanges that will bring theirs back.
pub(crate) struct Pool {
    idle_timeout: Duration,
    wall_clock: fn() -> SystemTime,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The runtime that opened them.
    runtime: Option<Id>,
    /// How often they were given up, because of another runtime.
    generation: u64,
    /// The last one was used last.
    idle: Vec<Idle>,
    /// Ends the task that closes them after a while.
    watched: Option<oneshot::Sender<()>>,
}

struct Idle {
    since: Instant,
    /// The wall clock at the start of the last exchange.
    ///
    /// It runs while the machine is suspended, and the other clock does not. By then a firewall has
    /// forgotten the connection, and would swallow a request. The end of the exchange is no sign
    /// of life, since the response may have waited in this machine.
    last_use: SystemTime,
    connection: Box<Connection>,
}

/// The place to which a connection comes back after its exchange.
#[derive(Clone)]
pub(crate) struct Place {
    pool: Weak<Pool>,
    generation: u64,
    begun: SystemTime,
}

impl Pool {
    pub(crate) fn new(idle_timeout: Duration, wall_clock: fn() -> SystemTime) -> Arc<Self> {
        Arc::new(Self { idle_timeout, wall_clock, state: Mutex::default() })
    }

    /// Takes a connection to this target, if one is open, and the place to bring it or another one to.
    ///
    /// The connections of another runtime are closed.
    pub(crate) fn take(
        self: &Arc<Self>,
        target: &Target,
        runtime: Id,
    ) -> (Option<Box<Connection>>, Place) {
        let begun = (self.wall_clock)();
        let mut state = self.state();
        let mut given_up = Vec::new();
        if state.runtime != Some(runtime) {
            given_up = std::mem::take(&mut state.idle);
            state.watched = None;
            state.runtime = Some(runtime);
            state.generation += 1;
        }
        let connection = state.take(target, begun, self.idle_timeout);
        let generation = state.generation;
        drop(state);
        // To close a connection wakes its task.
        drop(given_up);
        (connection, Place { pool: Arc::downgrade(self), generation, begun })
    }

    /// Closes what was idle for too long, and returns how long the next one may still be.
    fn close_expired(&self) -> Option<Duration> {
        let mut state = self.state();
        let now = Instant::now();
        let (kept, expired) = std::mem::take(&mut state.idle)
            .into_iter()
            .partition(|it| now - it.since < self.idle_timeout);
        state.idle = kept;
        let next = state.idle.first().map(|oldest| oldest.since + self.idle_timeout - now);
        if next.is_none() {
            state.watched = None;
        }
        drop(state);
        drop::<Vec<_>>(expired);
        next
    }

    /// Starts the task that closes connections which stay idle for too long.
    fn watch(self: &Arc<Self>, runtime: &Handle) -> oneshot::Sender<()> {
        let (watched, mut end) = oneshot::channel();
        let (pool, mut rest) = (Arc::downgrade(self), self.idle_timeout);
        runtime.spawn(async move {
            while timeout(rest, &mut end).await.is_err() {
                let Some(pool) = pool.upgrade() else { return };
                let Some(next) = pool.close_expired() else { return };
                rest = next;
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
    fn take(
        &mut self,
        target: &Target,
        now: SystemTime,
        idle_timeout: Duration,
    ) -> Option<Box<Connection>> {
        for index in (0..self.idle.len()).rev() {
            let Connection { target: its_target, sender, .. } = &*self.idle[index].connection;
            if its_target != target {
                continue;
            }
            if sender.is_ready() {
                let idle = self.idle.remove(index);
                if idle.was_used_within(idle_timeout, now) {
                    return Some(idle.connection);
                }
            } else if sender.is_closed() {
                self.idle.remove(index);
            }
        }
        None
    }

    /// Adds a connection, and returns the one that is idle for the longest time if they are too many.
    fn put(&mut self, idle: Idle) -> Option<Idle> {
        let is_full = self.idle.len() >= MAX_IDLE;
        let surplus = is_full.then(|| self.idle.remove(0));
        self.idle.push(idle);
        surplus
    }
}

impl Idle {
    fn was_used_within(&self, idle_timeout: Duration, now: SystemTime) -> bool {
        let age = now.duration_since(self.last_use).unwrap_or_else(|set_back| set_back.duration());
        age <= idle_timeout
    }
}

impl Place {
    /// Brings a connection back whose response was read.
    ///
    /// Its task may not be ready for the next exchange yet, and until then it is not taken. A peer that
    /// responded without reading the whole request may never read the next one either.
    pub(crate) fn bring_back(self, connection: Box<Connection>) {
        let Some(pool) = self.pool.upgrade() else { return };
        let mut state = pool.state();
        if state.generation != self.generation || connection.state.is_blocked() {
            return;
        }
        if state.watched.is_none() {
            // A future that was moved to another runtime, or to none, has no task to close it.
            let here = Handle::try_current().ok().filter(|own| state.runtime == Some(own.id()));
            let Some(runtime) = here else { return };
            state.watched = Some(pool.watch(&runtime));
        }
        let idle = Idle { since: Instant::now(), last_use: self.begun, connection };
        let surplus = state.put(idle);
        drop(state);
        drop(surplus);
    }
}

//! The thread of a transport that ends what no caller ends.
//!
//! It looks at the exchanges in flight, for callers that are not polled any more and peers that send
//! without end; it ends idle clients; and it has other threads drop what callers leave, since dropping
//! a client waits for isahc's agent. It starts with the first exchange and ends with the last client.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use easemob_token_transport::{TransportError, TransportErrorKind};

use crate::client::Client;
use crate::idle_clients::IdleClients;
use crate::in_flight::InFlight;
use crate::mute_logs;

/// How often the thread looks at the exchanges in flight.
const TICK: Duration = Duration::from_millis(10);

#[derive(Default)]
pub(crate) struct Watcher {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    in_flight: Vec<Arc<InFlight>>,
    idle: IdleClients,
    discarded: Vec<Discarded>,
    has_thread: bool,
    is_closed: bool,
}

/// What is dropped on a thread that may wait.
type Discarded = Box<dyn Send>;

impl Watcher {
    /// Locks the state, under which nothing panics and nobody waits.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches this exchange from now on, until its other owner drops it.
    pub(crate) fn watch(self: &Arc<Self>, exchange: Arc<InFlight>) -> Result<(), TransportError> {
        let mut state = self.state();
        if !state.has_thread {
            let this = self.clone();
            start_thread(move || this.run())?;
            state.has_thread = true;
        }
        // Otherwise the thread looks in a moment by itself.
        let is_asleep = state.in_flight.is_empty();
        state.in_flight.push(exchange);
        drop(state);
        if is_asleep {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Takes an idle client that may be used now, only a mute one if `only_mute` is set.
    pub(crate) fn take_idle(&self, only_mute: bool) -> Option<Client> {
        let (client, unfit) = self.state().idle.take(only_mute);
        if !unfit.is_empty() {
            self.discard(unfit);
        }
        client
    }

    /// Keeps the client for the next exchange, unless there are enough.
    pub(crate) fn give_back(&self, client: Client) {
        let surplus = self.state().idle.give_back(client);
        if let Some(client) = surplus {
            self.discard(client);
        }
    }

    /// Drops this soon, on a thread that may wait.
    pub(crate) fn discard(&self, remains: impl Send + 'static) {
        self.state().discarded.push(Box::new(remains));
        self.changed.notify_one();
    }

    /// Ends the idle clients, as the transport is gone.
    pub(crate) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    #[cfg(test)]
    pub(crate) fn has_thread(&self) -> bool {
        self.state().has_thread
    }

    /// Holds the lock, as a thread does that a forked child lacks.
    #[cfg(test)]
    pub(crate) fn lock(&self) -> impl Drop + '_ {
        self.state()
    }

    fn run(&self) {
        let mut state = self.state();
        loop {
            let mut in_flight = mem::take(&mut state.in_flight);
            let mut discarded = mem::take(&mut state.discarded);
            let now = Instant::now();
            let is_closed = state.is_closed;
            let idle = if is_closed { state.idle.take_all() } else { state.idle.take_old(now) };
            drop(state);

            if !idle.is_empty() {
                discarded.push(Box::new(idle));
            }
            in_flight.retain(|exchange| {
                let (is_over, running) = exchange.end_if_due(now);
                if let Some(running) = running {
                    discarded.push(Box::new(running));
                }
                !is_over && Arc::strong_count(exchange) > 1
            });
            discarded.into_iter().for_each(drop_elsewhere);

            state = self.state();
            state.in_flight.append(&mut in_flight);
            let Some(pause) = state.pause(now) else { return };
            let waited = self.changed.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    /// How long the thread may wait, or `None` if it has nothing left to do, and ends.
    fn pause(&mut self, now: Instant) -> Option<Duration> {
        let next = self.idle.next_end().map(|end| end.saturating_duration_since(now));
        // Nobody wakes the thread for what came while it was busy.
        if !self.discarded.is_empty() || (self.is_closed && next.is_some()) {
            return Some(Duration::ZERO);
        }
        if !self.in_flight.is_empty() {
            return Some(TICK);
        }
        self.has_thread = next.is_some();
        next
    }
}

/// Starts a thread of the transport.
///
/// If there is none, nothing was sent, and there may be one a moment later.
pub(crate) fn start_thread(run: impl FnOnce() + Send + 'static) -> Result<(), TransportError> {
    let thread = thread::Builder::new().name("easemob-isahc".to_owned()).spawn(run);
    let refused = |error| TransportError::with_source(TransportErrorKind::Connect, error);
    thread.map(drop).map_err(refused)
}

/// Drops this on a thread of its own, or here if there is none. An agent may take its time.
fn drop_elsewhere(remains: Discarded) {
    let here = Arc::new(Mutex::new(Some(remains)));
    let there = here.clone();
    if start_thread(move || drop_muted(&there)).is_err() {
        drop_muted(&here);
    }
}

fn drop_muted(remains: &Mutex<Option<Discarded>>) {
    drop_here(remains.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// Drops this on a thread that may wait.
pub(crate) fn drop_here<T>(remains: T) {
    let _muted = mute_logs::begin();
    // isahc panics if its agent thread is gone, in a drop as well as in a call.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(remains)));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::test_jobs::{deadline, until};

    #[test]
    fn a_transport_that_ends_while_the_thread_is_busy_does_not_leave_its_clients_idle() {
        let mut state = State::default();
        assert!(state.idle.give_back(Client::make().unwrap()).is_none());
        let now = Instant::now();
        assert!(state.pause(now) > Some(Duration::from_millis(500)));
        state.is_closed = true;
        assert_eq!(state.pause(now), Some(Duration::ZERO));
    }

    /// Reports the thread that drops it, and lets it wait.
    struct Slow(Sender<thread::ThreadId>, Receiver<()>);
    impl Drop for Slow {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).unwrap();
            let _ = self.1.recv();
            panic!("a drop that panics, on purpose");
        }
    }

    #[test]
    fn what_is_left_is_dropped_on_other_threads_which_wait_for_nobody() {
        let watcher = Arc::new(Watcher::default());
        let exchange = Arc::new(InFlight::new(deadline()));
        watcher.watch(exchange.clone()).unwrap();
        let (dropped, threads) = channel();
        let gates: Vec<_> = (0..3).map(|_| channel()).collect();
        let mut open = Vec::new();
        for (gate, slow) in gates {
            open.push(gate);
            watcher.discard(Slow(dropped.clone(), slow));
        }
        let threads: Vec<_> = (0..3).map(|_| threads.recv().unwrap()).collect();
        assert!(!threads.contains(&thread::current().id()));
        assert!(threads[0] != threads[1] && threads[1] != threads[2] && threads[0] != threads[2]);
        assert!(watcher.has_thread());
        drop((open, exchange));
        until(|| !watcher.has_thread());
    }
}

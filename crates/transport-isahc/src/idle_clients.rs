//! The clients that wait for an exchange, the last one used on top.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use easemob_token_transport::{ForkGuard, TransportError, check_descriptors};

use crate::pooled_client::PooledClient;

/// How many clients may wait: each has two threads and seven descriptors.
const MAX_IDLE: usize = 32;
/// Descriptors of an exchange: its connection, the name look-up, the roots and the certificates.
const FOR_EXCHANGE: usize = 8;
/// The same together with a new client, which has seven. Without them, libcurl returns no handle and
/// isahc's agent thread panics.
const FOR_CLIENT: usize = 16;

/// The idle clients of one transport.
pub(crate) struct IdleClients {
    idle: Mutex<Vec<PooledClient>>,
    /// Held while descriptors are counted and used for a new client. Otherwise threads of one
    /// transport could count on the same ones.
    making: Mutex<()>,
    /// The threads of the clients are in the process that used them first, and in no other.
    process: ForkGuard,
}

impl IdleClients {
    pub(crate) fn new(process: ForkGuard) -> Self {
        Self { idle: Mutex::default(), making: Mutex::default(), process }
    }

    /// Refuses another process than the first one that called this.
    pub(crate) fn check_process(&self) -> Result<(), TransportError> {
        self.process.check()
    }

    /// Takes a client that may be used now, only a mute one if `only_mute` is set.
    pub(crate) fn take(&self, only_mute: bool) -> Option<PooledClient> {
        let mut unfit = Vec::new();
        let mut idle = locked(&self.idle);
        let found = loop {
            match idle.pop() {
                Some(client) if only_mute && !client.is_mute() => unfit.push(client),
                other => break other,
            }
        };
        drop(idle);
        drop(unfit);
        found
    }

    /// Stores the client for the next exchange, or returns it if there are enough.
    pub(crate) fn give_back(&self, client: PooledClient) -> Option<PooledClient> {
        let mut idle = locked(&self.idle);
        if idle.len() < MAX_IDLE {
            idle.push(client);
            return None;
        }
        Some(client)
    }

    /// Takes the client of this thread, unless a caller is about to use it.
    pub(crate) fn take_back(&self, thread: ThreadId) -> Option<PooledClient> {
        let mut idle = locked(&self.idle);
        let place = idle.iter().position(|client| client.thread() == thread)?;
        Some(idle.remove(place))
    }

    /// Calls `make` if there are descriptors for a client and its exchange.
    pub(crate) fn make<T>(
        &self,
        make: impl FnOnce() -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        let _alone = locked(&self.making);
        check_descriptors(FOR_CLIENT)?;
        make()
    }

    /// Checks that there are descriptors for an exchange of an existing client.
    pub(crate) fn check_descriptors(&self) -> Result<(), TransportError> {
        let _alone = locked(&self.making);
        check_descriptors(FOR_EXCHANGE)
    }

    /// The threads of the idle clients.
    #[cfg(test)]
    pub(crate) fn threads(&self) -> Vec<ThreadId> {
        locked(&self.idle).iter().map(PooledClient::thread).collect()
    }
}

impl Drop for IdleClients {
    fn drop(&mut self) {
        // In a forked child, a thread that does not exist there may hold a lock of a channel.
        if self.process.check().is_err() {
            mem::forget(mem::take(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner)));
        }
    }
}

/// Locks a mutex under which nothing panics; the data would stay whole all the same.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{TryRecvError, channel};
    use std::thread;

    use super::*;
    use crate::pooled_client::fake;

    #[test]
    fn no_more_clients_wait_than_the_bound() {
        let idle = IdleClients::new(ForkGuard::default());
        for number in 0..=MAX_IDLE {
            let returned = idle.give_back(fake(false, drop));
            assert_eq!(returned.is_some(), number == MAX_IDLE);
        }
        assert_eq!(idle.threads().len(), MAX_IDLE);
    }

    #[test]
    fn a_client_that_is_not_mute_is_dropped_if_only_mute_ones_may_be_used() {
        let idle = IdleClients::new(ForkGuard::default());
        for is_mute in [false, true, false] {
            assert!(idle.give_back(fake(is_mute, drop)).is_none());
        }
        assert!(idle.take(true).unwrap().is_mute());
        assert!(idle.take(true).is_none());
        assert!(idle.threads().is_empty());
    }

    #[test]
    fn in_a_forked_child_the_clients_are_left_alone() {
        let (sender, calls) = channel();
        let client = PooledClient::new(sender, thread::current(), false);
        let parent = ForkGuard::first_used_by(std::process::id().wrapping_add(1));
        let idle = IdleClients::new(parent);
        assert!(idle.give_back(client).is_none());
        drop(idle);
        // If the client had been dropped, the channel would be closed.
        assert!(matches!(calls.try_recv(), Err(TryRecvError::Empty)));
    }
}

//! The clients that wait for an exchange, the last one used on top.

use std::mem;
use std::time::{Duration, Instant};

use crate::client::{Client, Origin};

/// How many clients may wait: each has a thread and seven descriptors. More than may be in use at once
/// there never are.
pub(crate) const MAX_IDLE: usize = 64;

/// How long a client stays idle before it ends. Long enough for a caller that asks again and again;
/// a TLS connection that was closed may stay half open in curl's hands for as long.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// The idle clients of one transport, each with the time at which it ends.
#[derive(Default)]
pub(crate) struct IdleClients(Vec<(Instant, Client)>);

impl IdleClients {
    /// Takes a client that may be used now, and the unfit ones above it.
    ///
    /// If `only_mute` is set, those are unfit that are not mute.
    pub(crate) fn take(&mut self, only_mute: bool) -> (Option<Client>, Vec<Client>) {
        let mut unfit = Vec::new();
        while let Some((_, client)) = self.0.pop() {
            if client.is_mute || !only_mute {
                return (Some(client), unfit);
            }
            unfit.push(client);
        }
        (None, unfit)
    }

    /// Stores the client for the next exchange, or returns it if there are enough.
    pub(crate) fn give_back(&mut self, client: Client) -> Option<Client> {
        if self.0.len() >= MAX_IDLE {
            return Some(client);
        }
        let client = Client { origin: Origin::Reused, ..client };
        self.0.push((Instant::now() + IDLE_TIMEOUT, client));
        None
    }

    /// Takes the clients that have been idle for too long.
    pub(crate) fn take_old(&mut self, now: Instant) -> Vec<Client> {
        // The bottom is the oldest, since clients are taken from the top.
        let old = self.0.iter().take_while(|(end, _)| *end <= now).count();
        self.0.drain(..old).map(|(_, client)| client).collect()
    }

    pub(crate) fn take_all(&mut self) -> Vec<Client> {
        mem::take(&mut self.0).into_iter().map(|(_, client)| client).collect()
    }

    /// When the next client has been idle for too long.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        self.0.first().map(|(end, _)| *end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(is_mute: bool) -> Client {
        Client { is_mute, ..Client::make().unwrap() }
    }

    #[test]
    fn no_more_clients_wait_than_the_bound_and_the_oldest_ends_first() {
        let mut idle = IdleClients::default();
        assert!(idle.next_end().is_none());
        let first = Instant::now();
        for number in 0..=MAX_IDLE {
            assert_eq!(idle.give_back(client(false)).is_some(), number == MAX_IDLE);
        }
        let end = idle.next_end().unwrap();
        assert!(end >= first + IDLE_TIMEOUT);
        assert!(idle.take_old(end - Duration::from_nanos(1)).is_empty());
        assert_eq!(idle.take_old(end).len(), 1);
        assert!(idle.next_end() > Some(end));
        assert_eq!(idle.take_all().len(), MAX_IDLE - 1);
    }

    #[test]
    fn a_client_that_is_not_mute_is_left_out_if_only_mute_ones_may_be_used() {
        let mut idle = IdleClients::default();
        for is_mute in [false, true, false] {
            assert!(idle.give_back(client(is_mute)).is_none());
        }
        let (mute, unfit) = idle.take(true);
        assert!(mute.unwrap().is_mute);
        assert_eq!(unfit.len(), 1);
        let (none, unfit) = idle.take(true);
        assert!(none.is_none());
        assert_eq!(unfit.len(), 1);
    }
}

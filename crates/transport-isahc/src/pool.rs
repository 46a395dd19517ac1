//! The clients of a transport that wait for an exchange, the last one used on top.

use std::io;
use std::mem;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Thread, ThreadId};
use std::time::Instant;

use bytes::Bytes;
use easemob_token_transport::{ExchangeLimit, TransportError, TransportErrorKind, sleep};
use http::Response;

use crate::descriptors;
use crate::failure::own;
use crate::mute_logs;
use crate::pooled_client::{self, Call, Ended, Job, PooledClient};
use crate::reply::{self, Waiting};

/// How many clients are kept that nobody uses: each has two threads and seven descriptors.
pub(crate) const MOST_KEPT: usize = 32;

pub(crate) struct Pool {
    limit: ExchangeLimit,
    idle: Mutex<Vec<PooledClient>>,
    /// Held while descriptors are counted and used for a new client, so that threads of one
    /// transport do not count on the same ones.
    making: Mutex<()>,
    /// The process that made it: the threads of the clients are in no other.
    process: u32,
}

impl Pool {
    pub(crate) fn new(limit: ExchangeLimit) -> Self {
        let process = process::id();
        Self { limit, idle: Mutex::default(), making: Mutex::default(), process }
    }

    /// How many exchanges may be under way at once.
    pub(crate) fn limit(&self) -> &ExchangeLimit {
        &self.limit
    }

    /// Sends what `job` gives. It is asked again if a kept client turns out to be dead.
    pub(crate) async fn exchange(
        self: &Arc<Self>,
        deadline: Instant,
        job: impl Fn() -> Result<Job, TransportError>,
    ) -> Result<Response<Bytes>, TransportError> {
        loop {
            let permit = self.limit.acquire(deadline, sleep).await?;
            let (reply, waiting) = reply::pair();
            let call = Call { job: job()?, deadline, reply, permit };
            match self.run(call, waiting).await {
                Ended::Answer(outcome) => return outcome,
                Ended::NotSent => {}
            }
        }
    }

    async fn run(self: &Arc<Self>, call: Call, waiting: Waiting<Ended>) -> Ended {
        let runner = match self.hand_over(call) {
            Ok(runner) => runner,
            // Nothing was sent, and there may be a thread a moment later.
            Err(error) => {
                let error = TransportError::with_source(TransportErrorKind::Connect, error);
                return Ended::Answer(Err(error));
            }
        };
        waiting.on(runner).await.unwrap_or_else(|| {
            let problem = "the thread of the exchange is gone";
            Ended::Answer(Err(own(TransportErrorKind::Internal, problem)))
        })
    }

    /// Gives the exchange to a kept client, or else to a new one.
    fn hand_over(self: &Arc<Self>, mut call: Call) -> io::Result<Thread> {
        while call.job.client.is_none() {
            let Some(client) = self.take(mute_logs::is_asked_of_agents()) else { break };
            match client.hand_over(call) {
                Ok(runner) => return Ok(runner),
                Err(same) => call = same,
            }
        }
        pooled_client::start(Arc::downgrade(self), call)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PooledClient>> {
        locked(&self.idle)
    }

    /// A client that may be used now.
    fn take(&self, only_mute: bool) -> Option<PooledClient> {
        let mut unfit = Vec::new();
        let mut idle = self.idle();
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

    /// Keeps the client for the next exchange. Gives it back if there are enough.
    pub(crate) fn give_back(&self, client: PooledClient) -> Option<PooledClient> {
        let mut idle = self.idle();
        if idle.len() < MOST_KEPT {
            idle.push(client);
            return None;
        }
        Some(client)
    }

    /// The client of this thread, unless somebody is about to use it.
    pub(crate) fn take_back(&self, thread: ThreadId) -> Option<PooledClient> {
        let mut idle = self.idle();
        let place = idle.iter().position(|client| client.thread() == thread)?;
        Some(idle.remove(place))
    }

    /// Calls `make` if there are descriptors for a client and its exchange.
    pub(crate) fn make<T>(
        &self,
        make: impl FnOnce() -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        let _alone = locked(&self.making);
        descriptors::check(descriptors::FOR_CLIENT)?;
        make()
    }

    /// Checks that there are descriptors for an exchange of a client that is there.
    pub(crate) fn check_descriptors(&self) -> Result<(), TransportError> {
        let _alone = locked(&self.making);
        descriptors::check(descriptors::FOR_EXCHANGE)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // In a forked child, a thread that does not exist there may hold a lock of a channel.
        if process::id() != self.process {
            mem::forget(mem::take(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner)));
        }
    }
}

/// Nobody panics under these locks, and what is below stays whole if somebody did.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

//! The pool of a transport: gives each exchange a client, an idle one or a new one.

use std::io;
use std::sync::Arc;
use std::thread::Thread;
use std::time::Instant;

use easemob_token_transport::{
    ExchangeLimit, ForkGuard, TransportError, TransportErrorKind, sleep,
};

use crate::call::{Call, Ended, Job, Outcome};
use crate::failure::own;
use crate::idle_clients::IdleClients;
use crate::mute_logs;
use crate::reply::{self, Waiting};
use crate::runner;

pub(crate) struct Pool {
    limit: ExchangeLimit,
    idle: Arc<IdleClients>,
}

impl Pool {
    /// A pool that the process of this guard uses, or the first one that does.
    pub(crate) fn new(limit: ExchangeLimit, process: ForkGuard) -> Self {
        Self { limit, idle: Arc::new(IdleClients::new(process)) }
    }

    /// Refuses a child of a fork, which has none of the pool's threads.
    pub(crate) fn check_process(&self) -> Result<(), TransportError> {
        self.idle.check_process()
    }

    /// How many exchanges may be under way at once.
    pub(crate) fn limit(&self) -> &ExchangeLimit {
        &self.limit
    }

    /// Sends the exchange that `job` makes. It is called again if an idle client turns out to be dead.
    pub(crate) async fn exchange(
        &self,
        deadline: Instant,
        job: impl Fn() -> Result<Job, TransportError>,
    ) -> Outcome {
        loop {
            let permit = self.limit.acquire(deadline, sleep).await?;
            let (reply, waiting) = reply::pair();
            let call = Call { job: job()?, deadline, reply, permit };
            match self.run(call, waiting).await {
                Ended::Done(outcome) => return outcome,
                Ended::NotSent => {}
            }
        }
    }

    async fn run(&self, call: Call, waiting: Waiting<Ended>) -> Ended {
        let thread = match self.hand_over(call) {
            Ok(thread) => thread,
            // Nothing was sent, and there may be a thread a moment later.
            Err(error) => {
                let error = TransportError::with_source(TransportErrorKind::Connect, error);
                return Ended::Done(Err(error));
            }
        };
        waiting.on(thread).await.unwrap_or_else(|| {
            let problem = "the thread of the exchange is gone";
            Ended::Done(Err(own(TransportErrorKind::Internal, problem)))
        })
    }

    /// Gives the exchange to an idle client, or else to a new one.
    fn hand_over(&self, mut call: Call) -> io::Result<Thread> {
        while call.job.client.is_none() {
            let Some(client) = self.idle.take(mute_logs::is_asked_of_agents()) else { break };
            match client.hand_over(call) {
                Ok(thread) => return Ok(thread),
                Err(same) => call = same,
            }
        }
        runner::start(Arc::downgrade(&self.idle), call)
    }
}

#[cfg(test)]
mod tests;

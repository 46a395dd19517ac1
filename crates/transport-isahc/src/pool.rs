//! The pool of a transport: gives each exchange a client, an idle one or a new one.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use easemob_token_transport::{
    ExchangeLimit, ExchangePermit, ForkGuard, TransportError, check_descriptors, free_descriptors,
    sleep,
};
use isahc::HttpClient;

use crate::client::{Client, Origin};
use crate::idle_clients::MAX_IDLE;
use crate::in_flight::{Ended, InFlight, Job, Outcome, Running};
use crate::mute_logs;
use crate::watcher::{Watcher, drop_here, start_thread};

/// Descriptors of an exchange: its connection, the name look-up, the roots and the certificates.
const FOR_EXCHANGE: usize = 8;
/// The same together with a new client, which has seven. Without them, libcurl returns no handle and
/// isahc's agent thread panics.
const FOR_CLIENT: usize = 16;
/// More than the clients take that were idle, and may begin within a moment.
const PLENTY: u64 = (MAX_IDLE * FOR_EXCHANGE) as u64;
/// How long nobody counts again after there were plenty.
const MOMENT: Duration = Duration::from_millis(10);

pub(crate) struct Pool {
    limit: ExchangeLimit,
    watcher: Arc<Watcher>,
    /// Held while descriptors are counted and used for a new client. Otherwise threads of one
    /// transport could count on the same ones.
    making: Arc<Mutex<()>>,
    /// Until when there are plenty of descriptors, as far as is known.
    plenty_until: Mutex<Option<Instant>>,
    /// The threads are in the process that used the pool first, and in no other. There they may also
    /// hold any lock for ever.
    process: ForkGuard,
}

impl Pool {
    /// A pool that the process of this guard uses, or the first one that does.
    pub(crate) fn new(limit: ExchangeLimit, process: ForkGuard) -> Self {
        Self {
            limit,
            watcher: Arc::default(),
            making: Arc::default(),
            plenty_until: Mutex::default(),
            process,
        }
    }

    /// Refuses a child of a fork, which has none of the pool's threads.
    pub(crate) fn check_process(&self) -> Result<(), TransportError> {
        self.process.check()
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
            match self.start(job()?, permit, deadline)?.await {
                Ended::Done(outcome) => return outcome,
                Ended::NotSent => {}
            }
        }
    }

    fn start(
        &self,
        mut job: Job,
        permit: ExchangePermit,
        deadline: Instant,
    ) -> Result<Caller<'_>, TransportError> {
        let exchange = Arc::new(InFlight::new(deadline));
        // Before there is a client, which only the watcher can end.
        self.watcher.watch(exchange.clone())?;
        let ready = job.client.take();
        let run = move |client| Running::new(client, job, permit, deadline);
        match self.client_at_hand(ready)? {
            Some(client) => exchange.begin(run(client)),
            None => self.begin_with_new(exchange.clone(), run)?,
        }
        Ok(Caller { pool: self, exchange })
    }

    /// Returns the given client or an idle one, if there are descriptors for an exchange.
    fn client_at_hand(&self, ready: Option<HttpClient>) -> Result<Option<Client>, TransportError> {
        let ready = ready.map(|http| Client { http, origin: Origin::Ready, is_mute: false });
        let idle = || self.watcher.take_idle(mute_logs::is_asked_of_agents());
        let Some(client) = ready.or_else(idle) else { return Ok(None) };
        match self.check_descriptors() {
            Ok(()) => Ok(Some(client)),
            Err(error) => {
                self.watcher.discard(client);
                Err(error)
            }
        }
    }

    fn check_descriptors(&self) -> Result<(), TransportError> {
        let now = Instant::now();
        let mut plenty_until = locked(&self.plenty_until);
        if plenty_until.is_some_and(|until| now < until) {
            return Ok(());
        }
        let are_plenty = free_descriptors().is_some_and(|free| free >= PLENTY);
        *plenty_until = are_plenty.then(|| now + MOMENT);
        drop(plenty_until);
        match self.making.try_lock() {
            Ok(_alone) if !are_plenty => check_descriptors(FOR_EXCHANGE),
            // A client is being made, for which more were free a moment ago.
            _ => Ok(()),
        }
    }

    /// Makes a client and begins the exchange, on a thread of its own.
    ///
    /// Making a client waits until its agent has started.
    fn begin_with_new(
        &self,
        exchange: Arc<InFlight>,
        run: impl FnOnce(Client) -> Running + Send + 'static,
    ) -> Result<(), TransportError> {
        let making = self.making.clone();
        start_thread(move || {
            let alone = locked(&making);
            let client = check_descriptors(FOR_CLIENT).and_then(|()| Client::make());
            drop(alone);
            drop_here(exchange.begin_here(client.map(run)));
        })
    }

    /// Keeps the client after a whole response, and otherwise ends it, which closes the connection.
    fn end(&self, running: Running, ended: &Ended) {
        match ended {
            Ended::Done(Ok(_)) => {
                let (client, held) = running.finish();
                if client.origin != Origin::Ready {
                    self.watcher.give_back(client);
                }
                drop(held);
            }
            _ => self.watcher.discard(running),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // In a forked child, the thread's own share in the watcher keeps the clients from being dropped.
        if self.process.check().is_ok() {
            self.watcher.close();
        }
    }
}

/// Locks a mutex under which nothing panics; the data would stay whole all the same.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The caller's end of an exchange: a future that drives it, and ends it when dropped.
struct Caller<'a> {
    pool: &'a Pool,
    exchange: Arc<InFlight>,
}

impl Future for Caller<'_> {
    type Output = Ended;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        if let Err(error) = self.pool.check_process() {
            return Poll::Ready(Ended::Done(Err(error)));
        }
        let (ended, running) = ready!(self.exchange.poll(context));
        if let Some(running) = running {
            // Before the caller goes on, so that its next exchange finds the client and a permit.
            self.pool.end(running, &ended);
        }
        Poll::Ready(ended)
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        // In a forked child, the watcher's share in the exchange keeps it from being dropped.
        if self.pool.check_process().is_ok() {
            if let Some(running) = self.exchange.take() {
                self.pool.watcher.discard(running);
            }
        }
    }
}

#[cfg(test)]
mod tests;

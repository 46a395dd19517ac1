//! The thread of a client: it runs one exchange after the other.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bytes::Bytes;
use easemob_token_transport::{ExchangePermit, TransportError, TransportErrorKind};
use http::{Method, Request, Response};
use isahc::{AsyncBody, HttpClient};

use crate::agent_thread::{LOOK, Watch};
use crate::body::Begun;
use crate::failure::{before_sending, from_isahc, own};
use crate::mute_logs;
use crate::pool::Pool;
use crate::pooled_client::{Call, Ended, Job, PooledClient, not_made};
use crate::reply::Reply;
use crate::response::read_whole;
use crate::tls::IdentityFiles;

type Outcome = Result<Response<Bytes>, TransportError>;

/// What an exchange holds until its client is gone, or ready for the next one.
type Held = (Option<IdentityFiles>, ExchangePermit);

/// How long a client is kept that nobody uses. Long enough for a caller that asks again and again;
/// a TLS connection that was closed may stay half open in curl's hands for as long.
pub(crate) const KEPT: Duration = Duration::from_secs(1);

/// A client, and what its thread waits for.
pub(crate) struct Runner {
    client: HttpClient,
    /// Whether the client was made here, and has no other exchanges.
    is_own: bool,
    calls: Receiver<(Call, PooledClient)>,
    pool: Weak<Pool>,
    waker: Waker,
}

impl Runner {
    /// A runner on the current thread.
    pub(crate) fn new(
        client: HttpClient,
        is_own: bool,
        calls: Receiver<(Call, PooledClient)>,
        pool: Weak<Pool>,
    ) -> Self {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        Self { client, is_own, calls, pool, waker }
    }

    /// Runs exchanges until one ends without a whole answer, or no other comes. Gives what has to
    /// be held until the client is gone.
    pub(crate) fn run(&self, call: Call, this: Option<PooledClient>) -> Option<Held> {
        let (mut call, mut this) = (call, this);
        let mut is_kept = false;
        loop {
            let Call { mut job, deadline, reply, permit } = call;
            let held = (job.files.take(), permit);
            let ended = self.exchange(job, deadline, &reply, is_kept);
            let is_whole = matches!(ended, Some(Ended::Answer(Ok(_))));
            let pool = if is_whole { self.pool.upgrade() } else { None };
            let is_given_back = match (pool, this) {
                (Some(pool), Some(this)) => pool.give_back(this).is_none(),
                _ => false,
            };
            // Before the answer, so that the caller's next exchange finds the client and a place.
            let held = if is_given_back {
                drop(held);
                None
            } else {
                Some(held)
            };
            if let Some(ended) = ended {
                reply.send(ended);
            }
            if held.is_some() {
                return held;
            }
            let (next, same) = self.next_call()?;
            (call, this, is_kept) = (next, Some(same), true);
        }
    }

    /// Waits for the next exchange for as long as a client is kept.
    fn next_call(&self) -> Option<(Call, PooledClient)> {
        match self.calls.recv_timeout(KEPT) {
            Ok(next) => Some(next),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                match self.pool.upgrade()?.take_back(thread::current().id()) {
                    Some(_) => None,
                    // A caller took it, and is about to hand over an exchange.
                    None => self.calls.recv().ok(),
                }
            }
        }
    }

    /// Runs one exchange. `None` if its caller is gone.
    fn exchange(
        &self,
        job: Job,
        deadline: Instant,
        reply: &Reply<Ended>,
        is_kept: bool,
    ) -> Option<Ended> {
        // Of a new client this was checked before it was made.
        if is_kept || !self.is_own {
            if let Err(error) = self.pool.upgrade()?.check_descriptors() {
                return Some(Ended::Answer(Err(error)));
            }
        }
        let is_past_start = Cell::new(false);
        // isahc panics if its agent thread is gone.
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let Job { request, begun, max_response_bytes, .. } = job;
            let exchange = perform(&self.client, request, &begun, max_response_bytes);
            self.drive(pin!(exchange), deadline, reply, &begun, &is_past_start)
        }));
        match ended {
            Ok(outcome) => outcome.map(Ended::Answer),
            Err(_) if is_kept && !is_past_start.get() => Some(Ended::NotSent),
            Err(_) if self.is_own && !is_past_start.get() => Some(Ended::Answer(Err(not_made()))),
            Err(_) => Some(Ended::Answer(Err(broken()))),
        }
    }

    /// Polls the exchange until it ends, its time is over, or nobody waits for it any more.
    ///
    /// The time is kept here and not only by curl: an agent that is dead or stuck keeps none.
    fn drive(
        &self,
        mut exchange: Pin<&mut impl Future<Output = Outcome>>,
        deadline: Instant,
        reply: &Reply<Ended>,
        begun: &Begun,
        is_past_start: &Cell<bool>,
    ) -> Option<Outcome> {
        let mut watch = Watch::new(begun, deadline.saturating_duration_since(Instant::now()));
        let mut context = Context::from_waker(&self.waker);
        loop {
            let polled = {
                let _silence = mute_logs::begin();
                exchange.as_mut().poll(&mut context)
            };
            is_past_start.set(true);
            if let Poll::Ready(outcome) = polled {
                return Some(outcome);
            }
            if !reply.is_wanted() {
                return None;
            }
            let now = Instant::now();
            let left = deadline.saturating_duration_since(now);
            if left.is_zero() {
                return Some(Err(own(TransportErrorKind::Timeout, "the time limit was reached")));
            }
            if watch.is_too_much(now) {
                let problem = "the response has no end, or comes in too many pieces";
                return Some(Err(own(TransportErrorKind::TooLarge, problem)));
            }
            thread::park_timeout(left.min(LOOK));
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

async fn perform(
    client: &HttpClient,
    request: Request<AsyncBody>,
    begun: &Begun,
    max_bytes: usize,
) -> Outcome {
    let method: Method = request.method().clone();
    let response = client.send_async(request).await.map_err(|error| {
        if begun.surely_not() { before_sending(&error) } else { from_isahc(&error) }
    })?;
    read_whole(response, &method, max_bytes).await
}

fn broken() -> TransportError {
    own(TransportErrorKind::Internal, "isahc's agent thread is gone")
}

#[cfg(test)]
mod tests;

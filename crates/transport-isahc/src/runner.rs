//! The thread of a client: runs one exchange after the other.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use easemob_token_transport::{ExchangePermit, TransportError, TransportErrorKind};
use http::uri::Scheme;
use http::{Method, Request};
use isahc::{AsyncBody, HttpClient};

use crate::body::Begun;
use crate::call::{Call, Ended, Job, Outcome};
use crate::failure::{Path, before_sending, from_isahc, own};
use crate::flood_watch::{FloodWatch, LOOK};
use crate::idle_clients::IdleClients;
use crate::mute_logs;
use crate::pooled_client::{PooledClient, make_client, not_made};
use crate::reply::Reply;
use crate::response::read_whole;
use crate::tls::IdentityFiles;

/// Resources that an exchange holds until its client is gone, or ready for the next one.
type Held = (Option<IdentityFiles>, ExchangePermit);

/// How long a client stays idle before it ends. Long enough for a caller that asks again and again;
/// a TLS connection that was closed may stay half open in curl's hands for as long.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// Starts a thread that makes a client, unless the job brings one, and runs the exchange.
pub(crate) fn start(idle: Weak<IdleClients>, call: Call) -> io::Result<Thread> {
    let handle = thread::Builder::new()
        .name("easemob-isahc".to_owned())
        .spawn(move || run_thread(idle, call))?;
    Ok(handle.thread().clone())
}

fn run_thread(idle: Weak<IdleClients>, mut call: Call) {
    let ready = call.job.client.take();
    let is_own = ready.is_none();
    let made = match (ready, idle.upgrade()) {
        (Some(client), _) => Ok((client, false)),
        (None, Some(idle)) => idle.make(make_client),
        (None, None) => return,
    };
    let (client, is_mute) = match made {
        Ok(made) => made,
        Err(error) => return call.reply.send(Ended::Done(Err(error))),
    };
    let (sender, calls) = mpsc::channel();
    let this = PooledClient::new(sender, thread::current(), is_mute);
    let runner = Runner::new(client, is_own, calls, idle);
    let held = runner.run(call, is_own.then_some(this));
    let _muted = mute_logs::begin();
    // isahc panics if its agent thread is gone, in a call as well as in a drop.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(runner)));
    // Not before: until here curl may have opened them.
    drop(held);
}

/// A client, and the channel that its thread waits on.
struct Runner {
    client: HttpClient,
    /// Whether the client was made here, and has no other exchanges.
    is_own: bool,
    calls: Receiver<(Call, PooledClient)>,
    idle: Weak<IdleClients>,
    waker: Waker,
}

impl Runner {
    /// A runner on the current thread.
    fn new(
        client: HttpClient,
        is_own: bool,
        calls: Receiver<(Call, PooledClient)>,
        idle: Weak<IdleClients>,
    ) -> Self {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        Self { client, is_own, calls, idle, waker }
    }

    /// Runs exchanges until one ends without a whole response, or no other comes. Returns what has to
    /// be held until the client is gone.
    fn run(&self, call: Call, this: Option<PooledClient>) -> Option<Held> {
        let (mut call, mut this) = (call, this);
        let mut is_reused = false;
        loop {
            let Call { mut job, deadline, reply, permit } = call;
            let held = (job.files.take(), permit);
            let ended = self.exchange(job, deadline, &reply, is_reused);
            let is_whole = matches!(ended, Some(Ended::Done(Ok(_))));
            let idle = if is_whole { self.idle.upgrade() } else { None };
            let is_given_back = match (idle, this) {
                (Some(idle), Some(this)) => idle.give_back(this).is_none(),
                _ => false,
            };
            // Before the reply, so that the caller's next exchange finds the client and a permit.
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
            (call, this, is_reused) = (next, Some(same), true);
        }
    }

    /// Waits for the next exchange for as long as a client may stay idle.
    fn next_call(&self) -> Option<(Call, PooledClient)> {
        match self.calls.recv_timeout(IDLE_TIMEOUT) {
            Ok(next) => Some(next),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                match self.idle.upgrade()?.take_back(thread::current().id()) {
                    Some(_) => None,
                    // A caller took it, and is about to send an exchange.
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
        is_reused: bool,
    ) -> Option<Ended> {
        // For a new client this was checked before it was made.
        if is_reused || !self.is_own {
            if let Err(error) = self.idle.upgrade()?.check_descriptors() {
                return Some(Ended::Done(Err(error)));
            }
        }
        let is_past_start = Cell::new(false);
        // isahc panics if its agent thread is gone.
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let Job { request, begun, max_response_bytes, is_proxied, .. } = job;
            let exchange = perform(&self.client, request, &begun, max_response_bytes, is_proxied);
            self.drive(pin!(exchange), deadline, reply, &begun, &is_past_start)
        }));
        match ended {
            Ok(outcome) => outcome.map(Ended::Done),
            Err(_) if is_reused && !is_past_start.get() => Some(Ended::NotSent),
            Err(_) if self.is_own && !is_past_start.get() => Some(Ended::Done(Err(not_made()))),
            Err(_) => Some(Ended::Done(Err(broken()))),
        }
    }

    /// Polls the exchange until it ends, its time is over, or its caller is gone.
    ///
    /// The time limit holds here and not only in curl: an agent that is dead or stuck keeps none.
    fn drive(
        &self,
        mut exchange: Pin<&mut impl Future<Output = Outcome>>,
        deadline: Instant,
        reply: &Reply<Ended>,
        begun: &Begun,
        is_past_start: &Cell<bool>,
    ) -> Option<Outcome> {
        let mut watch = FloodWatch::new(begun, deadline.saturating_duration_since(Instant::now()));
        let mut context = Context::from_waker(&self.waker);
        loop {
            let polled = {
                let _muted = mute_logs::begin();
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
    is_proxied: bool,
) -> Outcome {
    let method: Method = request.method().clone();
    let path = Path { is_tls: request.uri().scheme() == Some(&Scheme::HTTPS), is_proxied };
    let response = client.send_async(request).await.map_err(|error| {
        if begun.surely_not() { before_sending(&error, path) } else { from_isahc(&error, path) }
    })?;
    read_whole(response, &method, max_bytes, path).await
}

fn broken() -> TransportError {
    own(TransportErrorKind::Internal, "isahc's agent thread is gone")
}

#[cfg(test)]
mod tests;

//! One exchange on a thread of its own, which ends with it.
//!
//! isahc runs each client on an agent thread. It looks whether anybody still wants an exchange only
//! when bytes arrive, and dropping a client waits for its agent. So an exchange gets a client of
//! its own, and a thread that may wait: when the caller goes or the time is over, the thread drops
//! the client, which closes the connection at once, and nobody else notices if that takes a while.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use async_channel::{Receiver, Sender};
use bytes::Bytes;
use easemob_token_transport::{TransportError, TransportErrorKind};
use http::{Method, Request, Response};
use isahc::{AsyncBody, HttpClient};

use crate::body::Begun;
use crate::failure::{before_sending, from_isahc, own};
use crate::response::read_whole;
use crate::silence;
use crate::tls::IdentityFiles;

type Outcome = Result<Response<Bytes>, TransportError>;

/// All that the thread needs to know.
pub(crate) struct Job {
    pub(crate) request: Request<AsyncBody>,
    pub(crate) begun: Begun,
    pub(crate) max_response_bytes: usize,
    /// `None` for a time so long that the clock cannot count it.
    pub(crate) deadline: Option<Instant>,
    /// `None` for a client of its own.
    pub(crate) client: Option<HttpClient>,
    /// Held, not used: curl opens them by path.
    pub(crate) files: Option<IdentityFiles>,
}

/// An exchange under way; dropping it ends the exchange.
pub(crate) struct Pending {
    outcome: Receiver<Outcome>,
    worker: Thread,
}

/// Starts the exchange.
pub(crate) fn start(job: Job) -> Result<Pending, TransportError> {
    let (sender, outcome) = async_channel::bounded(1);
    let worker = thread::Builder::new()
        .name("easemob-isahc".to_owned())
        .spawn(move || run(job, &sender))
        .map_err(|error| TransportError::with_source(TransportErrorKind::Internal, error))?;
    Ok(Pending { outcome, worker: worker.thread().clone() })
}

impl Pending {
    /// Waits for the end of the exchange.
    pub(crate) async fn outcome(self) -> Outcome {
        self.outcome.recv().await.unwrap_or_else(|_| Err(broken()))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.outcome.close();
        self.worker.unpark();
    }
}

fn run(job: Job, outcome: &Sender<Outcome>) {
    let _silence = silence::begin();
    // isahc panics where its agent thread is gone, when asked as well as when dropped.
    let _ = catch_unwind(AssertUnwindSafe(|| exchange(job, outcome)));
}

fn exchange(job: Job, outcome: &Sender<Outcome>) {
    // Before the client, so that it is dropped after it: until then curl may open them.
    let _files = job.files;
    let client = match job.client.map_or_else(own_client, Ok) {
        Ok(client) => client,
        Err(error) => {
            let _ = outcome.try_send(Err(from_isahc(&error)));
            return;
        }
    };
    let mut under_way = pin!(perform(&client, job.request, &job.begun, job.max_response_bytes));
    let result = catch_unwind(AssertUnwindSafe(|| {
        wait(under_way.as_mut(), job.deadline, || outcome.is_closed())
    }));
    let result = match result {
        Ok(Waited::Done(result)) => result,
        Ok(Waited::Late) => Err(own(TransportErrorKind::Timeout, "the time limit was reached")),
        Ok(Waited::Unwanted) => return,
        Err(_) => Err(broken()),
    };
    // First the answer, then the client: dropping it may take until a name look-up ends.
    let _ = outcome.try_send(result);
}

/// A client that keeps no connection: on a reused one, curl sends a request again by itself, and
/// takes whatever was waiting there for the answer.
fn own_client() -> Result<HttpClient, isahc::Error> {
    HttpClient::builder().connection_cache_size(0).build()
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

enum Waited<T> {
    Done(T),
    Late,
    Unwanted,
}

/// Polls the future on this thread until it is done, too late, or of no interest any more.
///
/// The time is kept here and not only by curl: an agent that is dead or stuck keeps none.
fn wait<F: Future>(
    mut future: Pin<&mut F>,
    deadline: Option<Instant>,
    unwanted: impl Fn() -> bool,
) -> Waited<F::Output> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if unwanted() {
            return Waited::Unwanted;
        }
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Waited::Done(output);
        }
        match deadline {
            None => thread::park(),
            Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => thread::park_timeout(left),
                _ => return Waited::Late,
            },
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn broken() -> TransportError {
    own(TransportErrorKind::Internal, "isahc's agent thread is gone")
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn, ready};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_future_that_never_wakes_anybody_is_left_at_the_deadline() {
        let started = Instant::now();
        let limit = Duration::from_millis(50);
        let waited = wait(pin!(pending::<()>()), Some(started + limit), || false);
        assert!(matches!(waited, Waited::Late));
        assert!((limit..limit * 10).contains(&started.elapsed()));
    }

    #[test]
    fn a_result_at_the_last_moment_counts() {
        let waited = wait(pin!(ready(7)), Some(Instant::now()), || false);
        assert!(matches!(waited, Waited::Done(7)));
    }

    #[test]
    fn an_exchange_that_nobody_wants_is_not_polled_any_more() {
        let future = poll_fn(|_| -> Poll<()> { panic!("polled") });
        assert!(matches!(wait(pin!(future), None, || true), Waited::Unwanted));
    }

    #[test]
    fn a_worker_that_dies_without_a_word_is_an_error_and_no_hang() {
        let (sender, outcome) = async_channel::bounded(1);
        drop(sender);
        let pending = Pending { outcome, worker: thread::current() };
        let error = futures_lite::future::block_on(pending.outcome()).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Internal);
    }
}

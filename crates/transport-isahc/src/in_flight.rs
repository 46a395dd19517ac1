//! An exchange in flight: its caller drives it, and the watcher ends it if the caller does not.

use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use easemob_token_transport::{ExchangePermit, TransportError, TransportErrorKind};
use http::uri::Scheme;
use http::{Request, Response};
use isahc::{AsyncBody, HttpClient};

use crate::body::Begun;
use crate::client::{Client, Origin, not_made};
use crate::failure::{Path, before_sending, from_isahc, own};
use crate::flood_watch::FloodWatch;
use crate::mute_logs;
use crate::response::read_whole;
use crate::tls::IdentityFiles;

/// What an exchange comes to: its response or its error.
pub(crate) type Outcome = Result<Response<Bytes>, TransportError>;

/// An exchange, ready to be sent.
pub(crate) struct Job {
    pub(crate) request: Request<AsyncBody>,
    pub(crate) begun: Begun,
    pub(crate) max_response_bytes: usize,
    /// Whether it goes through a proxy, as far as the transport knows.
    pub(crate) is_proxied: bool,
    /// `None` for a client of the pool.
    pub(crate) client: Option<HttpClient>,
    /// Only held: curl opens them by path.
    pub(crate) files: Option<IdentityFiles>,
}

/// How an exchange ended.
pub(crate) enum Ended {
    Done(Outcome),
    /// The agent of the reused client had died before, so nothing was sent.
    NotSent,
}

/// The place of an exchange, which its caller and the watcher share.
pub(crate) struct InFlight {
    deadline: Instant,
    slot: Mutex<Slot>,
}

struct Slot {
    stage: Stage,
    /// The waker of the latest poll.
    waker: Option<Waker>,
}

enum Stage {
    /// It has no client yet.
    Waiting,
    Running(Running),
    /// Ended by something else than a poll of its caller, who has to learn of it.
    Ended(Ended),
    /// Its caller polls it at this moment, or is done with it.
    Taken,
}

/// The parts of an exchange that runs, in the order in which they may be dropped.
pub(crate) struct Running {
    exchange: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    client: Client,
    is_past_start: bool,
    watch: FloodWatch,
    /// Held until the client is gone, or ready for the next exchange.
    ///
    /// Until then curl may open the files, and the exchange has descriptors.
    held: Held,
}

type Held = (Option<IdentityFiles>, ExchangePermit);

impl InFlight {
    pub(crate) fn new(deadline: Instant) -> Self {
        Self { deadline, slot: Mutex::new(Slot { stage: Stage::Waiting, waker: None }) }
    }

    /// Locks the slot, under which no foreign code runs.
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the lock, as a thread does that a forked child lacks.
    #[cfg(test)]
    pub(crate) fn lock(&self) -> impl Drop + '_ {
        self.slot()
    }

    /// Begins the exchange, for a caller that is about to poll it.
    pub(crate) fn begin(&self, running: Running) {
        self.slot().stage = Stage::Running(running);
    }

    /// Begins the exchange on a thread that may wait, and sends the request without its caller.
    ///
    /// Returns the parts if it ended, also before.
    pub(crate) fn begin_here(&self, start: Result<Running, TransportError>) -> Option<Running> {
        let mut running = match start {
            Ok(running) => running,
            Err(error) => return self.settle(Stage::Ended(Ended::Done(Err(error)))),
        };
        let waker = self.slot().waker.take();
        let mut context = Context::from_waker(waker.as_ref().unwrap_or(Waker::noop()));
        let unwanted = match running.poll(&mut context) {
            Poll::Pending => self.settle(Stage::Running(running)),
            Poll::Ready(ended) => self.settle(Stage::Ended(ended)).or(Some(running)),
        };
        // The slot may have a later one, which was woken. A poll too many does no harm.
        wake(waker);
        unwanted
    }

    /// Ends the waiting for a client, unless it has ended.
    fn settle(&self, stage: Stage) -> Option<Running> {
        let mut slot = self.slot();
        if let Stage::Waiting = slot.stage {
            slot.stage = stage;
            let waker = slot.waker.take();
            drop(slot);
            wake(waker);
            return None;
        }
        drop(slot);
        match stage {
            Stage::Running(running) => Some(running),
            _ => None,
        }
    }

    /// Takes the exchange from its caller, who is gone.
    pub(crate) fn take(&self) -> Option<Running> {
        match mem::replace(&mut self.slot().stage, Stage::Taken) {
            Stage::Running(running) => Some(running),
            _ => None,
        }
    }

    /// Polls the exchange for its caller. Returns the parts at its end, unless somebody else has them.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<(Ended, Option<Running>)> {
        let waker = Some(context.waker().clone());
        let mut slot = self.slot();
        let before = mem::replace(&mut slot.waker, waker);
        let stage = match &slot.stage {
            Stage::Waiting => Stage::Waiting,
            _ => mem::replace(&mut slot.stage, Stage::Taken),
        };
        drop(slot);
        drop(before);
        let mut running = match stage {
            Stage::Running(running) => running,
            Stage::Waiting => return Poll::Pending,
            Stage::Ended(ended) => return Poll::Ready((ended, None)),
            Stage::Taken => return Poll::Ready((Ended::Done(Err(broken())), None)),
        };
        if let Poll::Ready(ended) = running.poll(context) {
            return Poll::Ready((ended, Some(running)));
        }
        if self.deadline <= Instant::now() {
            return Poll::Ready((Ended::Done(Err(too_late())), Some(running)));
        }
        self.begin(running);
        Poll::Pending
    }

    /// Ends the exchange if its time is over or its peer floods, and wakes its caller. For the watcher.
    ///
    /// Returns whether it ended, and its parts. The time limit holds here and not only in curl: an agent
    /// that is dead or stuck keeps none, and a caller may not poll any more.
    pub(crate) fn end_if_due(&self, now: Instant) -> (bool, Option<Running>) {
        let mut slot = self.slot();
        let is_late = self.deadline <= now;
        let error = match &mut slot.stage {
            Stage::Waiting | Stage::Running(_) if is_late => too_late(),
            Stage::Running(running) => {
                if !running.watch.is_too_much(now) {
                    return (false, None);
                }
                let problem = "the response has no end, or comes in too many pieces";
                own(TransportErrorKind::TooLarge, problem)
            }
            _ => return (false, None),
        };
        let stage = mem::replace(&mut slot.stage, Stage::Ended(Ended::Done(Err(error))));
        let waker = slot.waker.take();
        drop(slot);
        wake(waker);
        match stage {
            Stage::Running(running) => (true, Some(running)),
            _ => (true, None),
        }
    }
}

/// Wakes a caller. Its waker is foreign code, and may panic.
fn wake(waker: Option<Waker>) {
    let _ = catch_unwind(AssertUnwindSafe(|| waker.map(Waker::wake)));
}

impl Running {
    pub(crate) fn new(client: Client, job: Job, permit: ExchangePermit, deadline: Instant) -> Self {
        let Job { request, begun, max_response_bytes, is_proxied, files, .. } = job;
        let left = deadline.saturating_duration_since(Instant::now());
        let watch = FloodWatch::new(begun.clone(), left);
        let http = client.http.clone();
        let exchange = Box::pin(perform(http, request, begun, max_response_bytes, is_proxied));
        let held = (files, permit);
        Self { exchange, client, is_past_start: false, watch, held }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        // isahc panics if its agent thread is gone.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let _muted = mute_logs::begin();
            self.exchange.as_mut().poll(context)
        }));
        let is_first = !mem::replace(&mut self.is_past_start, true);
        let Ok(polled) = polled else {
            return Poll::Ready(match self.client.origin {
                Origin::Reused if is_first => Ended::NotSent,
                Origin::New if is_first => Ended::Done(Err(not_made())),
                _ => Ended::Done(Err(broken())),
            });
        };
        polled.map(Ended::Done)
    }

    /// Ends after a whole response. Returns the client, and what goes when it has its place.
    pub(crate) fn finish(self) -> (Client, Held) {
        (self.client, self.held)
    }
}

async fn perform(
    client: HttpClient,
    request: Request<AsyncBody>,
    begun: Begun,
    max_bytes: usize,
    is_proxied: bool,
) -> Outcome {
    let method = request.method().clone();
    let path = Path { is_tls: request.uri().scheme() == Some(&Scheme::HTTPS), is_proxied };
    let response = client.send_async(request).await.map_err(|error| {
        if begun.surely_not() { before_sending(&error, path) } else { from_isahc(&error, path) }
    })?;
    read_whole(response, &method, max_bytes, path).await
}

fn too_late() -> TransportError {
    own(TransportErrorKind::Timeout, "the time limit was reached")
}

fn broken() -> TransportError {
    own(TransportErrorKind::Internal, "isahc's agent thread is gone")
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::num::NonZeroUsize;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::time::Duration;

    use easemob_token_transport::{ExchangeLimit, sleep};
    use futures_lite::future::{block_on, or, yield_now};

    use super::*;
    use crate::test_jobs::{job, silent};

    #[derive(Default)]
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn in_flight(
        exchange: impl Future<Output = Outcome> + Send + 'static,
        deadline: Instant,
    ) -> InFlight {
        let limit = ExchangeLimit::new(NonZeroUsize::MIN);
        let permit = block_on(limit.acquire(deadline, |_| pending())).unwrap();
        let running = Running::new(Client::make().unwrap(), job(&silent()), permit, deadline);
        let in_flight = InFlight::new(deadline);
        in_flight.begin(Running { exchange: Box::pin(exchange), ..running });
        in_flight
    }

    fn poll(in_flight: &InFlight, waker: &Waker) -> Poll<Option<TransportErrorKind>> {
        in_flight.poll(&mut Context::from_waker(waker)).map(|(ended, _)| match ended {
            Ended::Done(outcome) => outcome.err().map(|error| error.kind()),
            Ended::NotSent => panic!("not sent"),
        })
    }

    #[test]
    fn a_caller_that_polls_after_the_deadline_gets_a_response_or_else_a_timeout() {
        let now = Instant::now();
        let response = in_flight(ready(Ok(Response::new(Bytes::new()))), now);
        assert_eq!(poll(&response, Waker::noop()), Poll::Ready(None));
        let late = in_flight(pending(), now);
        assert_eq!(poll(&late, Waker::noop()), Poll::Ready(Some(TransportErrorKind::Timeout)));
    }

    #[test]
    fn the_watcher_ends_at_the_deadline_and_has_the_latest_waker() {
        let end = Instant::now() + Duration::from_secs(60);
        let in_flight = in_flight(pending(), end);
        let (first, second) = (Arc::new(Count::default()), Arc::new(Count::default()));
        for waker in [&first, &second] {
            assert!(poll(&in_flight, &Waker::from(waker.clone())).is_pending());
        }
        assert!(!in_flight.end_if_due(end - Duration::from_millis(1)).0);
        assert!(matches!(in_flight.end_if_due(end), (true, Some(_))));
        assert_eq!((first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst)), (0, 1));
        assert_eq!(poll(&in_flight, Waker::noop()), Poll::Ready(Some(TransportErrorKind::Timeout)));
    }

    /// Begins the exchange on another thread while the caller waits for it.
    fn begun_elsewhere(exchange: impl Future<Output = Outcome> + Send + 'static) -> Outcome {
        let far = Instant::now() + Duration::from_secs(60);
        let running = in_flight(exchange, far).take().unwrap();
        let waiting = Arc::new(InFlight::new(far));
        let same = waiting.clone();
        let mut start = Some(move || drop(same.begin_here(Ok(running))));
        let ended = std::future::poll_fn(|context| {
            let polled = waiting.poll(context);
            if let Some(start) = start.take() {
                assert!(polled.is_pending());
                std::thread::spawn(start);
            }
            polled
        });
        let hung = async {
            sleep(Duration::from_secs(10)).await;
            panic!("nobody woke the caller")
        };
        match block_on(or(hung, ended)).0 {
            Ended::Done(outcome) => outcome,
            Ended::NotSent => panic!("not sent"),
        }
    }

    #[test]
    fn a_caller_that_waits_for_a_client_is_woken_whatever_the_first_poll_brings() {
        let response = || Ok(Response::new(Bytes::new()));
        assert!(begun_elsewhere(ready(response())).is_ok());
        assert!(begun_elsewhere(ready(Err(broken()))).is_err());
        let later = async move {
            yield_now().await;
            response()
        };
        assert!(begun_elsewhere(later).is_ok());
    }
}

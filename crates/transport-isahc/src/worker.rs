//! Clients that are kept for a moment, each with a thread that watches over it.
//!
//! isahc runs each client on an agent thread. It looks whether anybody still wants an exchange only
//! when bytes arrive, and dropping a client waits for its agent. So an exchange has a client to
//! itself: the caller's task polls it, and a keeper, a thread that may wait, drops the client when
//! the caller goes, when the time is over or when anything is odd, which closes the connection at
//! once. Only after a whole answer is the client kept, for the next exchange, and not for long.

use std::future::{Future, poll_fn};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use async_channel::Sender;
use bytes::Bytes;
use easemob_token_transport::{TransportError, TransportErrorKind};
use http::{Method, Request, Response};
use isahc::net::dns::DnsCache;
use isahc::{AsyncBody, HttpClient};

use crate::body::Begun;
use crate::failure::{before_sending, from_isahc, own};
use crate::response::read_whole;
use crate::silence;
use crate::tls::IdentityFiles;

type Outcome = Result<Response<Bytes>, TransportError>;

/// How long a client is kept that nobody uses. Long enough for a caller that asks again and again;
/// a TLS connection that was closed may stay half open in curl's hands for as long.
const KEPT: Duration = Duration::from_secs(1);
/// How many are kept that nobody uses: each has two threads and seven descriptors.
const MOST_KEPT: usize = 32;

/// One exchange, ready to be sent.
pub(crate) struct Job {
    pub(crate) request: Request<AsyncBody>,
    pub(crate) begun: Begun,
    pub(crate) max_response_bytes: usize,
    /// `None` for a time so long that the clock cannot count it.
    pub(crate) deadline: Option<Instant>,
    /// `None` for a client of the pool.
    pub(crate) client: Option<HttpClient>,
    /// Held, not used: curl opens them by path.
    pub(crate) files: Option<IdentityFiles>,
}

/// The clients of a transport that wait for an exchange, the last one used on top.
#[derive(Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Worker>>,
}

/// What came of a job.
enum Ended {
    Answer(Outcome),
    /// The kept client's agent had died before: nothing was sent.
    Refused,
}

impl Pool {
    /// Sends what `job` gives. It is asked again where a kept client turns out to be dead.
    pub(crate) async fn exchange(
        self: &Arc<Self>,
        job: impl Fn() -> Result<Job, TransportError>,
    ) -> Outcome {
        loop {
            match self.attempt(job()?).await {
                Ended::Answer(outcome) => return outcome,
                Ended::Refused => {}
            }
        }
    }

    async fn attempt(self: &Arc<Self>, mut job: Job) -> Ended {
        let mut files = job.files.take();
        let kept = if job.client.is_none() {
            self.take(silence::is_asked_of_agents(), job.deadline, &mut files)
        } else {
            None
        };
        let (is_kept, may_be_kept) = (kept.is_some(), job.client.is_none());
        let worker = match kept {
            Some(worker) => worker,
            None => match start(Arc::downgrade(self), job.client, job.deadline, files).await {
                Ok(worker) => worker,
                Err(error) => return Ended::Answer(Err(error)),
            },
        };
        // Whatever happens from here on, this goes first and the worker second.
        let ended = {
            let exchange = perform(&worker.client, job.request, &job.begun, job.max_response_bytes);
            let mut exchange = pin!(exchange);
            let mut is_first = is_kept;
            poll_fn(|context| {
                worker.poll(exchange.as_mut(), job.deadline, mem::take(&mut is_first), context)
            })
            .await
        };
        if may_be_kept && matches!(ended, Ended::Answer(Ok(_))) {
            self.give_back(worker);
        }
        ended
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Worker>> {
        locked(&self.idle)
    }

    /// A kept client that may be used now. It takes the files over.
    fn take(
        &self,
        only_mute: bool,
        deadline: Option<Instant>,
        files: &mut Option<IdentityFiles>,
    ) -> Option<Worker> {
        loop {
            let worker = self.idle().pop()?;
            if worker.is_mute || !only_mute {
                worker.end.0.begin(deadline, files.take());
                return Some(worker);
            }
        }
    }

    /// Keeps the client for the next exchange.
    fn give_back(&self, worker: Worker) {
        worker.end.0.rest();
        let mut idle = self.idle();
        if idle.len() < MOST_KEPT {
            idle.push(worker);
        }
    }

    /// The client of this keeper, unless somebody uses it.
    fn take_back(&self, watched: &Arc<Watched>) -> Option<Worker> {
        let mut idle = self.idle();
        let place = idle.iter().position(|worker| Arc::ptr_eq(&worker.end.0, watched))?;
        Some(idle.remove(place))
    }
}

/// A client, and the end of it: dropping this makes the keeper drop the client.
struct Worker {
    // Before `end`, so that the keeper's is the last one: whoever drops that has to wait.
    client: HttpClient,
    is_mute: bool,
    end: End,
}

impl Worker {
    /// Polls the exchange on whatever thread the caller has.
    ///
    /// The time is kept here and by the keeper, not only by curl: an agent that is dead or stuck
    /// keeps none.
    fn poll(
        &self,
        exchange: Pin<&mut impl Future<Output = Outcome>>,
        deadline: Option<Instant>,
        may_be_refused: bool,
        context: &mut Context<'_>,
    ) -> Poll<Ended> {
        let _silence = silence::begin();
        // isahc panics where its agent thread is gone.
        match catch_unwind(AssertUnwindSafe(|| exchange.poll(context))) {
            Ok(Poll::Ready(outcome)) => return Poll::Ready(Ended::Answer(outcome)),
            Ok(Poll::Pending) => {}
            Err(_) if may_be_refused => return Poll::Ready(Ended::Refused),
            Err(_) => return Poll::Ready(Ended::Answer(Err(broken()))),
        }
        let is_late = deadline.is_some_and(|deadline| deadline <= Instant::now())
            || !self.end.0.wake_when_late(context.waker());
        if is_late {
            let error = own(TransportErrorKind::Timeout, "the time limit was reached");
            return Poll::Ready(Ended::Answer(Err(error)));
        }
        Poll::Pending
    }
}

struct End(Arc<Watched>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What a keeper and those who use its client know of each other.
struct Watched {
    state: Mutex<State>,
    /// The process that made it: the keeper is in no other.
    process: u32,
}

struct State {
    phase: Phase,
    /// `None` until it started.
    keeper: Option<Thread>,
    /// When the keeper looks again by itself; `None` until it looked once.
    next_look: Option<Instant>,
    waker: Option<Waker>,
    /// Of the exchange under way: they must be there until the client is gone.
    files: Option<IdentityFiles>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// For the exchange that ends then.
    Busy(Option<Instant>),
    /// The exchange had its time, and its caller was woken.
    Late,
    /// Kept until then.
    Idle(Instant),
    /// The client is dropped.
    Over,
}

impl Watched {
    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    fn begin(&self, deadline: Option<Instant>, files: Option<IdentityFiles>) {
        let mut state = self.state();
        state.phase = Phase::Busy(deadline);
        state.files = files;
        if let Some(deadline) = deadline {
            state.look_by(deadline);
        }
    }

    fn rest(&self) {
        let mut state = self.state();
        let until = Instant::now() + KEPT;
        // A keeper that was late by a hair has woken nobody who still waits.
        state.phase = Phase::Idle(until);
        state.look_by(until);
        let over = (state.waker.take(), state.files.take());
        drop(state);
        drop(over);
    }

    fn end(&self) {
        // In a forked child, somebody who is not there may hold the lock. (The keeper's client is
        // there for ever, so that nobody else drops the last one.)
        if process::id() != self.process {
            return;
        }
        let mut state = self.state();
        state.phase = Phase::Over;
        state.wake_keeper();
        let waker = state.waker.take();
        drop(state);
        drop(waker);
    }

    /// Whether there is time left to wait for.
    fn wake_when_late(&self, waker: &Waker) -> bool {
        let mut state = self.state();
        match &mut state.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        matches!(state.phase, Phase::Busy(_))
    }
}

impl State {
    /// Makes sure that the keeper looks no later than then.
    fn look_by(&self, then: Instant) {
        if self.next_look.is_some_and(|look| look > then) {
            self.wake_keeper();
        }
    }

    fn wake_keeper(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.unpark();
        }
    }
}

/// Starts a keeper, which makes a client unless it is given a ready one.
async fn start(
    pool: Weak<Pool>,
    ready: Option<HttpClient>,
    deadline: Option<Instant>,
    files: Option<IdentityFiles>,
) -> Result<Worker, TransportError> {
    let state =
        State { phase: Phase::Busy(deadline), keeper: None, next_look: None, waker: None, files };
    let watched = Arc::new(Watched { state: Mutex::new(state), process: process::id() });
    let end = End(watched.clone());
    let (sender, made) = async_channel::bounded(1);
    thread::Builder::new()
        .name("easemob-isahc".to_owned())
        .spawn(move || keep(&pool, ready, &watched, sender))
        .map_err(|error| TransportError::with_source(TransportErrorKind::Internal, error))?;
    let (client, is_mute) = made.recv().await.unwrap_or_else(|_| Err(broken()))?;
    Ok(Worker { client, is_mute, end })
}

type Made = Result<(HttpClient, bool), TransportError>;

fn keep(
    pool: &Weak<Pool>,
    ready: Option<HttpClient>,
    watched: &Arc<Watched>,
    sender: Sender<Made>,
) {
    let made = {
        let _silence = silence::begin();
        catch_unwind(AssertUnwindSafe(|| match ready {
            Some(client) => Ok((client, false)),
            None => own_client().map(|client| (client, silence::is_latest_agent_mute())),
        }))
    };
    let (client, is_mute) = match made {
        Ok(Ok(made)) => made,
        Ok(Err(error)) => {
            let _ = sender.try_send(Err(from_isahc(&error)));
            return;
        }
        Err(_) => return,
    };
    watched.state().keeper = Some(thread::current());
    let _ = sender.try_send(Ok((client.clone(), is_mute)));
    drop(sender);

    watch(pool, watched);
    let _silence = silence::begin();
    // isahc panics where its agent thread is gone, when asked as well as when dropped.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(client)));
    // Not before: until here curl may have opened them.
    let files = watched.state().files.take();
    drop(files);
}

/// Looks now and then, until the client is to be dropped.
fn watch(pool: &Weak<Pool>, watched: &Arc<Watched>) {
    loop {
        let mut state = watched.state();
        let now = Instant::now();
        // Often enough that those who use the client hardly ever have to wake this thread.
        let soon = now + KEPT;
        let next = match state.phase {
            Phase::Over => return,
            Phase::Idle(until) if until <= now => {
                drop(state);
                match pool.upgrade().and_then(|pool| pool.take_back(watched)) {
                    // That is the end of it.
                    Some(worker) => drop(worker),
                    // Somebody was faster, and is about to say so.
                    None => thread::yield_now(),
                }
                continue;
            }
            Phase::Idle(until) => until,
            Phase::Busy(Some(deadline)) if deadline <= now => {
                state.phase = Phase::Late;
                let waker = state.waker.take();
                drop(state);
                waker.into_iter().for_each(Waker::wake);
                continue;
            }
            Phase::Busy(deadline) => deadline.map_or(soon, |deadline| deadline.min(soon)),
            Phase::Late => soon,
        };
        state.next_look = Some(next);
        drop(state);
        thread::park_timeout(next - now);
    }
}

/// A client that keeps no connection: on a reused one, curl sends a request again by itself, and
/// takes whatever was waiting there for the answer. Nor a name's addresses, which may change.
fn own_client() -> Result<HttpClient, isahc::Error> {
    HttpClient::builder().connection_cache_size(0).dns_cache(DnsCache::Disable).build()
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

/// Nobody panics under these locks, and what is below stays whole if somebody did.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::task::Wake;

    use futures_lite::future::block_on;

    use super::*;

    /// Answers `POST`, closes on `PUT` after a moment, and lets everybody else wait.
    fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    let mut head = [0; 4096];
                    let length = stream.read(&mut head).unwrap();
                    if head[..length].starts_with(b"POST") {
                        stream
                            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                            .unwrap();
                    } else if head[..length].starts_with(b"PUT") {
                        thread::sleep(Duration::from_millis(100));
                    } else {
                        let _ = stream.read(&mut head);
                    }
                });
            }
        });
        addr
    }

    fn job(method: Method, addr: SocketAddr) -> Job {
        let (body, begun) = crate::body::none();
        let request = Request::builder().method(method).uri(format!("http://{addr}/"));
        Job {
            request: request.body(body).unwrap(),
            begun,
            max_response_bytes: 100,
            deadline: Instant::now().checked_add(Duration::from_secs(10)),
            client: None,
            files: None,
        }
    }

    fn kept(pool: &Pool) -> Vec<Arc<Watched>> {
        pool.idle().iter().map(|worker| worker.end.0.clone()).collect()
    }

    fn answered(pool: &Arc<Pool>, addr: SocketAddr) -> Arc<Watched> {
        block_on(pool.exchange(|| Ok(job(Method::POST, addr)))).unwrap();
        kept(pool).pop().unwrap()
    }

    #[test]
    fn after_an_answer_the_next_exchange_has_the_same_client() {
        let (pool, addr) = (Arc::<Pool>::default(), server());
        let first = answered(&pool, addr);
        assert!(Arc::ptr_eq(&first, &answered(&pool, addr)));
        assert_eq!(kept(&pool).len(), 1);
    }

    #[test]
    fn after_a_failure_the_client_ends() {
        let (pool, addr) = (Arc::<Pool>::default(), server());
        let first = answered(&pool, addr);
        let too_large = || Ok(Job { max_response_bytes: 1, ..job(Method::POST, addr) });
        assert!(block_on(pool.exchange(too_large)).is_err());
        assert_eq!(first.state().phase, Phase::Over);
        assert!(kept(&pool).is_empty());
    }

    #[test]
    fn after_a_caller_that_left_the_client_ends() {
        let (pool, addr) = (Arc::<Pool>::default(), server());
        let first = answered(&pool, addr);
        let given_up = async {
            futures_lite::future::yield_now().await;
            Err(broken())
        };
        let exchange = pool.exchange(|| Ok(job(Method::GET, addr)));
        block_on(futures_lite::future::or(exchange, given_up)).unwrap_err();
        assert_eq!(first.state().phase, Phase::Over);
        assert!(kept(&pool).is_empty());
    }

    #[test]
    fn a_kept_client_whose_agent_died_is_replaced() {
        struct Dies;
        impl Wake for Dies {
            fn wake(self: Arc<Self>) {
                panic!("the agent dies of this, on purpose")
            }
        }

        let (pool, addr) = (Arc::<Pool>::default(), server());
        let first = answered(&pool, addr);
        let client = pool.idle()[0].client.clone();
        let mut deadly = client.put_async(format!("http://{addr}/"), ());
        let waker = Waker::from(Arc::new(Dies));
        let mut context = Context::from_waker(&waker);
        assert!(Pin::new(&mut deadly).poll(&mut context).is_pending());
        thread::sleep(Duration::from_millis(300));
        // What the panic went through is not whole any more.
        mem::forget(deadly);
        drop(client);
        assert!(!Arc::ptr_eq(&first, &answered(&pool, addr)));
        assert_eq!(first.state().phase, Phase::Over);
    }

    #[test]
    fn a_client_that_nobody_uses_ends_by_itself() {
        let (pool, addr) = (Arc::<Pool>::default(), server());
        let first = answered(&pool, addr);
        let started = Instant::now();
        while !kept(&pool).is_empty() {
            assert!(started.elapsed() < KEPT * 3);
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(first.state().phase, Phase::Over);
    }

    #[test]
    fn no_more_are_kept_than_the_bound() {
        let pool = Arc::<Pool>::default();
        for _ in 0..=MOST_KEPT {
            pool.give_back(idle_worker(Phase::Busy(None)));
        }
        assert_eq!(kept(&pool).len(), MOST_KEPT);
    }

    /// One without a keeper; its client has the agent of all others.
    fn idle_worker(phase: Phase) -> Worker {
        static CLIENT: Mutex<Option<HttpClient>> = Mutex::new(None);
        let client = locked(&CLIENT).get_or_insert_with(|| own_client().unwrap()).clone();
        let state = State { phase, keeper: None, next_look: None, waker: None, files: None };
        let watched = Watched { state: Mutex::new(state), process: process::id() };
        Worker { client, is_mute: false, end: End(Arc::new(watched)) }
    }

    #[test]
    fn an_exchange_that_never_wakes_anybody_is_left_at_the_deadline() {
        let limit = Duration::from_millis(50);
        let deadline = Some(Instant::now() + limit);
        let started = Instant::now();
        let ended = block_on(async {
            let worker = start(Weak::new(), None, deadline, None).await.unwrap();
            let mut stuck = pin!(pending());
            poll_fn(|context| worker.poll(stuck.as_mut(), deadline, false, context)).await
        });
        let Ended::Answer(Err(error)) = ended else { panic!("no error") };
        assert_eq!(error.kind(), TransportErrorKind::Timeout);
        assert!(started.elapsed() < limit * 10, "{:?}", started.elapsed());
    }

    #[test]
    fn an_answer_at_the_last_moment_counts() {
        let worker = idle_worker(Phase::Late);
        let mut answer = pin!(ready(Ok(Response::new(Bytes::new()))));
        let mut context = Context::from_waker(Waker::noop());
        let ended = worker.poll(answer.as_mut(), Some(Instant::now()), false, &mut context);
        assert!(matches!(ended, Poll::Ready(Ended::Answer(Ok(_)))));
    }

    #[test]
    fn one_that_is_not_mute_is_not_used_where_only_mute_ones_may_be() {
        let pool = Arc::<Pool>::default();
        pool.give_back(idle_worker(Phase::Busy(None)));
        let mut mute = idle_worker(Phase::Busy(None));
        mute.is_mute = true;
        pool.give_back(mute);
        pool.give_back(idle_worker(Phase::Busy(None)));
        assert!(pool.take(true, None, &mut None).unwrap().is_mute);
        assert!(pool.take(true, None, &mut None).is_none());
        assert!(kept(&pool).is_empty());
    }

    #[test]
    fn in_a_forked_child_nothing_waits_for_those_who_are_not_there() {
        let elsewhere = process::id().wrapping_add(1);
        let mut worker = idle_worker(Phase::Idle(Instant::now() + KEPT));
        Arc::get_mut(&mut worker.end.0).unwrap().process = elsewhere;
        let watched = worker.end.0.clone();
        let _held = watched.state();
        drop(Pool { idle: Mutex::new(vec![worker]) });
    }
}

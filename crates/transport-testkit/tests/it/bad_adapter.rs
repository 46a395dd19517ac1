//! An adapter over plain sockets that reuses the contract, or commits one fault.

mod exchange;
mod message;
mod stream;

use std::future::{Future, poll_fn};
use std::net::{Shutdown, TcpStream};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Instant;

use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::http::Response;
use easemob_token_transport::{
    Exchange, Proxy, ProxyRules, Transport, TransportError, TransportErrorKind, async_trait,
    check_scheme,
};
use easemob_token_transport_testkit::{Harness, Needs, Unable};
use rustls::ClientConfig;

use self::exchange::Job;
use self::stream::Stream;

/// The fault that the adapter commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    FollowsRedirects,
    RepeatsPost,
    Truncates,
    NeverTimesOut,
    Decompresses,
    HandsOverWhatCame,
    ReusesAlways,
    MarksAllAsFresh,
    LooksUpLoopback,
    BoundsNoFraming,
    TrustsAnyone,
    IgnoresTheCap,
    CountsBytesOnly,
    AsksForGzip,
    LivesOn,
    Panics,
    SendsInClear,
    ObeysTheEnvironment,
    ShowsTheReply,
    Logs,
    LeavesAThread,
}

/// The log of the adapter with the fault [`Fault::Logs`].
static LOG: Mutex<String> = Mutex::new(String::new());

pub(crate) struct BadHarness(pub(crate) Fault);

impl Harness for BadHarness {
    fn name(&self) -> &str {
        "bad adapter"
    }

    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable> {
        let Self(fault) = *self;
        let proxy = match (&needs.proxy, fault) {
            (Proxy::Off, Fault::ObeysTheEnvironment) => Proxy::Environment,
            (own, _) => own.clone(),
        };
        let proxy = proxy.resolve().map_err(|error| Unable::because(error.to_string()))?;
        Ok(Arc::new(BadAdapter {
            fault,
            needs: needs.clone(),
            tls: stream::config(fault, needs.roots_pem.as_deref()),
            proxy,
            idle: Arc::default(),
        }))
    }

    fn reports_connection_use(&self) -> bool {
        self.0 == Fault::MarksAllAsFresh
    }

    fn captured_logs(&self) -> Option<String> {
        (self.0 == Fault::Logs).then(|| std::mem::take(&mut *LOG.lock().unwrap()))
    }
}

#[derive(Debug)]
struct BadAdapter {
    fault: Fault,
    needs: Needs,
    tls: Arc<ClientConfig>,
    proxy: ProxyRules,
    idle: Arc<Mutex<Option<Stream>>>,
}

type Outcome = Result<Response<Bytes>, TransportError>;

#[async_trait]
impl Transport for BadAdapter {
    async fn send(&self, exchange: Exchange) -> Outcome {
        if self.fault != Fault::SendsInClear {
            check_scheme(&exchange)?;
        }
        let started = Instant::now();
        let unsupported = || TransportError::new(TransportErrorKind::Unsupported);
        let uri = exchange.uri().clone();
        if uri.host().is_none() {
            return Err(unsupported());
        }
        match self.fault {
            Fault::Logs => LOG.lock().unwrap().push_str(&format!("{:?}", exchange.request())),
            Fault::LeavesAThread => drop(thread::Builder::new().spawn(thread::park)),
            _ => {}
        }
        let job = Job {
            fault: self.fault,
            proxy: self.proxy.proxy_for(&uri)?.cloned(),
            tls: self.tls.clone(),
            idle: self.idle.clone(),
            connect_by: started.checked_add(self.needs.connect_timeout),
            finish_by: started
                .checked_add(exchange.timeout())
                .filter(|_| self.fault != Fault::NeverTimesOut),
            max_bytes: match self.fault {
                Fault::IgnoresTheCap => 1 << 22,
                _ => exchange.max_response_bytes(),
            },
            reuses: match self.fault {
                Fault::HandsOverWhatCame | Fault::MarksAllAsFresh => {
                    !exchange.needs_fresh_connection()
                }
                fault => fault == Fault::ReusesAlways,
            },
            wire: Arc::default(),
        };
        OnAThread::start(job, exchange).await
    }
}

/// An exchange on a thread of its own. Dropping it closes the socket, which ends the thread.
struct OnAThread {
    shared: Arc<Mutex<Shared>>,
    wire: Arc<Mutex<Option<TcpStream>>>,
    lives_on: bool,
}

#[derive(Default)]
struct Shared {
    outcome: Option<thread::Result<Outcome>>,
    waker: Option<Waker>,
}

impl OnAThread {
    fn start(job: Job, exchange: Exchange) -> impl Future<Output = Outcome> {
        let shared = Arc::<Mutex<Shared>>::default();
        let own = shared.clone();
        let mut call =
            Self { shared, wire: job.wire.clone(), lives_on: job.fault == Fault::LivesOn };
        thread::spawn(move || {
            let run = std::panic::AssertUnwindSafe(|| job.run(exchange));
            let outcome = std::panic::catch_unwind(run);
            let mut shared = own.lock().unwrap();
            shared.outcome = Some(outcome);
            if let Some(waker) = shared.waker.take() {
                waker.wake();
            }
        });
        poll_fn(move |cx| Pin::new(&mut call).poll(cx))
    }
}

impl Future for OnAThread {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut shared = self.shared.lock().unwrap();
        match shared.outcome.take() {
            Some(outcome) => Poll::Ready(outcome.expect("the thread is sound")),
            None => {
                shared.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for OnAThread {
    fn drop(&mut self) {
        let done = self.shared.lock().is_ok_and(|shared| shared.waker.is_none());
        if done || self.lives_on {
            return;
        }
        if let Some(wire) = self.wire.lock().unwrap().take() {
            let _ = wire.shutdown(Shutdown::Both);
        }
    }
}

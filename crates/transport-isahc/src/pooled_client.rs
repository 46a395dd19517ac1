//! A client of isahc's that waits on a thread of its own for an exchange.
//!
//! isahc runs each client on an agent thread. It looks whether anybody still wants an exchange only
//! when bytes arrive, and dropping a client waits for its agent. So an exchange has a client to
//! itself, and a thread that may wait. The thread runs the exchange, whether the caller polls or
//! not. If the caller goes, if the time is over or if anything is odd, it drops the client, which
//! closes the connection at once. Only after a whole answer is the client kept, and not for long.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Weak;
use std::sync::mpsc::{self, SendError, Sender};
use std::thread::{self, Thread, ThreadId};
use std::time::Instant;

use bytes::Bytes;
use easemob_token_transport::{ExchangePermit, TransportError, TransportErrorKind};
use http::{Request, Response};
use isahc::net::dns::DnsCache;
use isahc::{AsyncBody, HttpClient};

use crate::body::Begun;
use crate::failure::own;
use crate::mute_logs;
use crate::pool::Pool;
use crate::reply::Reply;
use crate::runner::Runner;
use crate::tls::IdentityFiles;

/// One exchange, ready to be sent.
pub(crate) struct Job {
    pub(crate) request: Request<AsyncBody>,
    pub(crate) begun: Begun,
    pub(crate) max_response_bytes: usize,
    /// `None` for a client of the pool.
    pub(crate) client: Option<HttpClient>,
    /// Held, not used: curl opens them by path.
    pub(crate) files: Option<IdentityFiles>,
}

/// An exchange on its way to a thread.
pub(crate) struct Call {
    pub(crate) job: Job,
    pub(crate) deadline: Instant,
    pub(crate) reply: Reply<Ended>,
    /// The place among the exchanges under way, held until the descriptors are free again.
    pub(crate) permit: ExchangePermit,
}

/// What came of an exchange.
pub(crate) enum Ended {
    Answer(Result<Response<Bytes>, TransportError>),
    /// The kept client's agent had died before: nothing was sent.
    NotSent,
}

/// A client on its thread. Dropping this ends both.
pub(crate) struct PooledClient {
    calls: Sender<(Call, Self)>,
    thread: Thread,
    is_mute: bool,
}

impl PooledClient {
    /// Whether isahc's agent says nothing to any subscriber or logger, now or later.
    pub(crate) fn is_mute(&self) -> bool {
        self.is_mute
    }

    pub(crate) fn thread(&self) -> ThreadId {
        self.thread.id()
    }

    /// Lets the thread run the exchange, and gives the thread; the exchange if the thread is gone.
    #[expect(clippy::result_large_err, reason = "it is moved once, and seldom comes back")]
    pub(crate) fn hand_over(self, call: Call) -> Result<Thread, Call> {
        let (calls, thread) = (self.calls.clone(), self.thread.clone());
        match calls.send((call, self)) {
            Ok(()) => Ok(thread),
            Err(SendError((call, _))) => Err(call),
        }
    }
}

/// Starts a thread that makes a client, unless the job brings one, and runs the exchange.
pub(crate) fn start(pool: Weak<Pool>, call: Call) -> io::Result<Thread> {
    let handle = thread::Builder::new()
        .name("easemob-isahc".to_owned())
        .spawn(move || run_thread(pool, call))?;
    Ok(handle.thread().clone())
}

fn run_thread(pool: Weak<Pool>, mut call: Call) {
    let ready = call.job.client.take();
    let is_own = ready.is_none();
    let made = match (ready, pool.upgrade()) {
        (Some(client), _) => Ok((client, false)),
        (None, Some(pool)) => pool.make(make_client),
        (None, None) => return,
    };
    let (client, is_mute) = match made {
        Ok(made) => made,
        Err(error) => return call.reply.send(Ended::Answer(Err(error))),
    };
    let (sender, calls) = mpsc::channel();
    let this = PooledClient { calls: sender, thread: thread::current(), is_mute };
    let runner = Runner::new(client, is_own, calls, pool);
    let held = runner.run(call, is_own.then_some(this));
    let _silence = mute_logs::begin();
    // isahc panics if its agent thread is gone, when asked as well as when dropped.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(runner)));
    // Not before: until here curl may have opened them.
    drop(held);
}

/// Makes a client, and tells whether its agent is mute.
fn make_client() -> Result<(HttpClient, bool), TransportError> {
    let _silence = mute_logs::begin();
    match catch_unwind(own_client) {
        Ok(Ok(client)) => Ok((client, mute_logs::is_latest_agent_mute())),
        Ok(Err(_)) | Err(_) => Err(not_made()),
    }
}

/// A client that keeps no connection: on a reused one, curl sends a request again by itself, and
/// takes whatever was waiting there for the answer. Nor a name's addresses, which may change.
pub(crate) fn own_client() -> Result<HttpClient, isahc::Error> {
    HttpClient::builder().connection_cache_size(0).dns_cache(DnsCache::Disable).build()
}

/// Nothing was sent, and what is short now may be there a moment later.
pub(crate) fn not_made() -> TransportError {
    own(TransportErrorKind::Connect, "isahc could not start: descriptors or threads may be short")
}

/// One whose thread does this with the first exchange instead of running it.
#[cfg(test)]
pub(crate) fn fake(is_mute: bool, run: impl FnOnce(Call) + Send + 'static) -> PooledClient {
    let (calls, receiver) = mpsc::channel::<(Call, PooledClient)>();
    let thread = thread::spawn(move || {
        if let Ok((call, _)) = receiver.recv() {
            run(call);
        }
    });
    PooledClient { calls, thread: thread.thread().clone(), is_mute }
}

/// One without a thread, and what a thread would wait for.
#[cfg(test)]
pub(crate) fn without_thread() -> (PooledClient, mpsc::Receiver<(Call, PooledClient)>) {
    let (calls, receiver) = mpsc::channel();
    (PooledClient { calls, thread: thread::current(), is_mute: false }, receiver)
}

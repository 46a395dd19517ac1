//! A client of isahc's on a thread of its own, and the handle that gives it an exchange.
//!
//! isahc runs each client on an agent thread. That thread notices an abandoned exchange only when
//! bytes arrive, and dropping a client waits for its agent. So an exchange has a client
//! to itself, and a thread that may wait. The thread runs the exchange whether the caller polls or
//! not. If the caller goes, if the time is over or if anything is odd, it drops the client, which
//! closes the connection at once. Only after a whole response does the client stay in the pool, and
//! not for long.

use std::panic::catch_unwind;
use std::sync::mpsc::{SendError, Sender};
use std::thread::{Thread, ThreadId};

use easemob_token_transport::{TransportError, TransportErrorKind};
use isahc::HttpClient;
use isahc::net::dns::DnsCache;

use crate::call::Call;
use crate::failure::own;
use crate::mute_logs;

/// A client on its thread. Dropping this ends both.
pub(crate) struct PooledClient {
    calls: Sender<(Call, Self)>,
    thread: Thread,
    is_mute: bool,
}

impl PooledClient {
    /// The client of this thread, which receives what is sent to `calls`.
    pub(crate) fn new(calls: Sender<(Call, Self)>, thread: Thread, is_mute: bool) -> Self {
        Self { calls, thread, is_mute }
    }

    /// Whether isahc's agent logs nothing to any subscriber or logger, now or later.
    pub(crate) fn is_mute(&self) -> bool {
        self.is_mute
    }

    pub(crate) fn thread(&self) -> ThreadId {
        self.thread.id()
    }

    /// Lets the thread run the exchange, and returns the thread, or the exchange if the thread is gone.
    #[expect(clippy::result_large_err, reason = "it is moved once, and seldom comes back")]
    pub(crate) fn hand_over(self, call: Call) -> Result<Thread, Call> {
        let (calls, thread) = (self.calls.clone(), self.thread.clone());
        match calls.send((call, self)) {
            Ok(()) => Ok(thread),
            Err(SendError((call, _))) => Err(call),
        }
    }
}

/// Makes a client, and returns whether its agent is mute.
pub(crate) fn make_client() -> Result<(HttpClient, bool), TransportError> {
    let _muted = mute_logs::begin();
    match catch_unwind(own_client) {
        Ok(Ok(client)) => Ok((client, mute_logs::is_latest_agent_mute())),
        Ok(Err(_)) | Err(_) => Err(not_made()),
    }
}

/// A client that reuses neither connections nor the addresses of a name.
///
/// On a reused connection curl sends a request again by itself, and takes whatever was waiting there
/// for the response. The addresses may change.
pub(crate) fn own_client() -> Result<HttpClient, isahc::Error> {
    HttpClient::builder().connection_cache_size(0).dns_cache(DnsCache::Disable).build()
}

/// The error for a client that could not start: nothing was sent, and a later attempt may succeed.
pub(crate) fn not_made() -> TransportError {
    own(TransportErrorKind::Connect, "isahc could not start: descriptors or threads may be short")
}

/// A client whose thread does this with the first exchange instead of running it.
#[cfg(test)]
pub(crate) fn fake(is_mute: bool, run: impl FnOnce(Call) + Send + 'static) -> PooledClient {
    let (calls, receiver) = std::sync::mpsc::channel::<(Call, PooledClient)>();
    let thread = std::thread::spawn(move || {
        if let Ok((call, _)) = receiver.recv() {
            run(call);
        }
    });
    PooledClient { calls, thread: thread.thread().clone(), is_mute }
}

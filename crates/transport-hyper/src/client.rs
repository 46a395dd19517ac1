//! The hyper client of a transport: our own with a pool for each runtime, or a ready one.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use easemob_token_transport::loopback_addresses;
use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderValue, Request, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::TokioTimer;
use tokio::runtime::Id;

use crate::connector::Connector;
use crate::turn::TurnCounter;

/// How long a connection stays idle before it is closed. Short, since the longer it is idle, the
/// likelier the server closes it just when it is used again.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// How many connections may be idle for one host.
const MAX_IDLE: usize = 64;
/// What hyper may buffer of a head before it gives up. Twice the port's bound, since the status
/// line and white space between fields are not counted there.
pub(crate) const MAX_HEAD_BUFFER: usize = 64 * 1024;

type OwnClient = Client<Connector, Full<Bytes>>;

/// Which connection a request may have.
#[derive(Clone, Copy)]
pub(crate) enum Route {
    /// An idle one of this runtime, in which the caller is, or a new one.
    Pooled(Id),
    /// One that is opened for this request and closed afterwards.
    Fresh,
}

/// Sends a request over some connection. Called inside a tokio runtime.
pub(crate) trait SendRequest: Send + Sync + 'static {
    fn send_request(&self, request: Request<Full<Bytes>>, route: Route) -> ResponseFuture;
}

/// A ready client, which alone decides which connection a request gets.
pub(crate) struct ForeignClient<C>(pub(crate) Client<C, Full<Bytes>>);

impl<C> SendRequest for ForeignClient<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    fn send_request(&self, mut request: Request<Full<Bytes>>, _: Route) -> ResponseFuture {
        pin_loopback_name(&mut request);
        self.0.request(request)
    }
}

/// Replaces a loopback name in an `http` target by 127.0.0.1, since the client would look it up.
///
/// Over `https` the name is needed to check the certificate, which keeps other servers out as well.
fn pin_loopback_name(request: &mut Request<Full<Bytes>>) {
    let uri = request.uri();
    let Some(authority) = uri.authority().filter(|_| uri.scheme() == Some(&Scheme::HTTP)) else {
        return;
    };
    let Some([address, _]) = loopback_addresses(authority.host()) else { return };
    let pinned = match authority.port() {
        Some(port) => format!("{address}:{port}"),
        None => address.to_string(),
    };
    let host = HeaderValue::from_str(authority.as_str());
    let mut parts = uri.clone().into_parts();
    parts.authority = pinned.parse().ok();
    // Neither can fail: both are made of a URI that was parsed.
    let (Ok(uri), Ok(host)) = (Uri::from_parts(parts), host) else { return };
    *request.uri_mut() = uri;
    request.headers_mut().entry(HOST).or_insert(host);
}

/// Our own client, with the pool of the runtime that used it last.
///
/// A connection is driven by a task of the runtime that opened it. A call on another runtime would
/// make no progress on it while the first runtime stands still, and a runtime that only turns inside
/// `block_on` mostly stands still.
pub(crate) struct PooledClient {
    connector: Connector,
    reuse: bool,
    current: RwLock<Option<(Id, OwnClient)>>,
    /// Reuses no connection, so it belongs to no runtime.
    fresh: OwnClient,
}

impl PooledClient {
    pub(crate) fn new(connector: Connector, reuse: bool) -> Self {
        let fresh = build(connector.clone(), false);
        Self { connector, reuse, current: RwLock::new(None), fresh }
    }
}

impl SendRequest for PooledClient {
    fn send_request(&self, request: Request<Full<Bytes>>, route: Route) -> ResponseFuture {
        let runtime = match route {
            Route::Pooled(runtime) if self.reuse => runtime,
            _ => return self.fresh.request(request),
        };
        match &*self.current.read().unwrap_or_else(PoisonError::into_inner) {
            Some((id, client)) if *id == runtime => return client.request(request),
            _ => {}
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let client = match current.take() {
            // Another caller was faster.
            Some((id, client)) if id == runtime => client,
            _ => build(self.connector.clone(), true),
        };
        let response = client.request(request);
        *current = Some((runtime, client));
        response
    }
}

fn build(connector: Connector, reuse: bool) -> OwnClient {
    Client::builder(TurnCounter)
        // At most one request is sent all the same: hyper repeats only a request that it took from
        // its queue before a byte of it was written, because the reused connection turned out to be
        // closed or to hold unsolicited bytes. It never repeats a request that was begun. Without
        // this setting, each such connection would fail an exchange that sent nothing.
        .retry_canceled_requests(true)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(if reuse { MAX_IDLE } else { 0 })
        .pool_timer(TokioTimer::new())
        // A request is small: head and body in one piece are cheaper to write than the two of them.
        .http1_writev(false)
        // Its bound of the number of fields is the port's; to name it would cost an allocation for
        // each head.
        .http1_max_buf_size(MAX_HEAD_BUFFER)
        // Deprecated, and still sent by old gateways (RFC 9112, section 5.2).
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .build(connector)
}

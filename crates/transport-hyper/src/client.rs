//! The hyper client of a transport: our own with a pool for each runtime, or a ready one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

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
    wall_clock: fn() -> SystemTime,
    /// The second of the wall clock in which the last call with a pooled connection began.
    last_call: AtomicU64,
    current: RwLock<Option<(Id, OwnClient)>>,
    /// Reuses no connection, so it belongs to no runtime.
    fresh: OwnClient,
}

impl PooledClient {
    pub(crate) fn new(connector: Connector, reuse: bool) -> Self {
        Self::with_clock(connector, reuse, SystemTime::now)
    }

    fn with_clock(connector: Connector, reuse: bool, wall_clock: fn() -> SystemTime) -> Self {
        let fresh = build(connector.clone(), false);
        let (last_call, current) = (AtomicU64::new(0), RwLock::new(None));
        Self { connector, reuse, wall_clock, last_call, current, fresh }
    }

    /// Whether no connection can have been idle for less than its limit.
    ///
    /// The pool's clock stands still while the machine is suspended, and the wall clock does not. By
    /// then a firewall has forgotten the connections, and would swallow the request.
    fn was_suspended(&self) -> bool {
        let now = (self.wall_clock)().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        let last_call = self.last_call.swap(now, Ordering::Relaxed);
        now.abs_diff(last_call) > IDLE_TIMEOUT.as_secs()
    }
}

impl SendRequest for PooledClient {
    fn send_request(&self, request: Request<Full<Bytes>>, route: Route) -> ResponseFuture {
        let runtime = match route {
            Route::Pooled(runtime) if self.reuse => runtime,
            _ => return self.fresh.request(request),
        };
        let was_suspended = self.was_suspended();
        match &*self.current.read().unwrap_or_else(PoisonError::into_inner) {
            Some((id, client)) if *id == runtime && !was_suspended => {
                return client.request(request);
            }
            _ => {}
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let client = match current.take() {
            // Another caller was faster.
            Some((id, client)) if id == runtime && !was_suspended => client,
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use easemob_token_transport::{ConnectionUse, Exchange, ProxyRules, Transport};
    use easemob_token_transport_testkit::{LOOPBACK, Script, ScriptedServer};

    use super::*;
    use crate::HyperTransport;
    use crate::builder::default_limit;
    use crate::resolver::Resolver;
    use crate::roots::Trust;
    use crate::tls::Tls;

    static CLOCK: AtomicU64 = AtomicU64::new(1_000_000);

    #[tokio::test]
    async fn a_connection_from_before_the_machine_was_suspended_is_not_reused() {
        let server = ScriptedServer::start(Script::new().serve());
        let tls =
            Tls::new(Arc::new(rustls::crypto::ring::default_provider()), Trust::system(), None)
                .unwrap();
        let connector =
            Connector::new(Resolver::new(), Duration::from_secs(3), tls, ProxyRules::default());
        let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(CLOCK.load(Ordering::Relaxed));
        let client = PooledClient::with_clock(connector, true, clock);
        let transport = HyperTransport::over(client, default_limit());
        for (asleep, mark) in [
            (0, ConnectionUse::Fresh),
            (1, ConnectionUse::Reused),
            (600, ConnectionUse::Fresh),
            (1, ConnectionUse::Reused),
        ] {
            CLOCK.fetch_add(asleep, Ordering::Relaxed);
            let request = Request::post(server.url("http", LOOPBACK)).body("").unwrap();
            let response = transport.send(Exchange::new(request)).await.unwrap();
            assert_eq!(response.extensions().get(), Some(&mark), "{asleep}");
            // The connection gets back into the pool.
            for _ in 0..16 {
                tokio::task::yield_now().await;
            }
        }
    }
}

//! The hyper client of a transport: our own, which reuses connections, or a ready one.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use easemob_token_transport::{TransportError, TransportErrorKind, loopback_addresses};
use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::client::legacy::{Client, ResponseFuture};
use tokio::runtime::Id;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::classify::{classify_head, classify_opening};
use crate::connection_state::ConnectionState;
use crate::connector::{Connector, state_of};
use crate::pool::{Connection, IDLE_TIMEOUT, Place, Pool, Target};

/// What hyper may buffer of a head before it gives up. Twice the port's bound, since the status
/// line and white space between fields are not counted there.
pub(crate) const MAX_HEAD_BUFFER: usize = 64 * 1024;
/// How long a connection that is given up may take to say goodbye. hyper writes the rest of a request
/// first, and TLS its last message; a peer that reads nothing would keep it open for good.
const CLOSING: Duration = Duration::from_millis(500);

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
    fn send_request(&self, request: Request<Full<Bytes>>) -> ResponseFuture;
}

/// A ready client, which alone decides which connection a request gets.
pub(crate) struct ForeignClient<C>(pub(crate) Client<C, Full<Bytes>>);

impl<C> SendRequest for ForeignClient<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    fn send_request(&self, mut request: Request<Full<Bytes>>) -> ResponseFuture {
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

/// The client of a transport.
#[expect(clippy::large_enum_variant, reason = "each transport has one, on the heap")]
pub(crate) enum HttpClient {
    Pooled(PooledClient),
    Ready(Box<dyn SendRequest>),
}

/// A connection of ours that carries an exchange. It is closed when dropped.
pub(crate) struct Lease {
    connection: Box<Connection>,
    /// `None` if the connection is for one exchange only.
    place: Option<Place>,
}

impl Lease {
    pub(crate) fn state(&self) -> &ConnectionState {
        &self.connection.state
    }

    /// Ends the exchange, whose response was read.
    pub(crate) fn end(self) {
        if let Some(place) = self.place {
            place.bring_back(self.connection);
        }
    }
}

/// Our own client, with the idle connections of the runtime that used it last.
///
/// A connection is driven by a task of the runtime that opened it. A call on another runtime would
/// make no progress on it while the first runtime stands still, and a runtime that only turns inside
/// `block_on` mostly stands still.
///
/// It has no part in common with hyper-util's client, whose pool costs a quarter of the instructions of
/// a whole exchange: it hashes the target several times, and prepares to connect for each request.
pub(crate) struct PooledClient {
    connector: Connector,
    reuse: bool,
    pool: Arc<Pool>,
}

impl PooledClient {
    pub(crate) fn new(connector: Connector, reuse: bool) -> Self {
        Self { connector, reuse, pool: Pool::new(IDLE_TIMEOUT, SystemTime::now) }
    }

    /// Sends a request over an idle connection or a new one, and waits for the head of its response.
    ///
    /// A request is sent again only if not a byte of it was written, because the reused connection
    /// turned out to be closed or to hold unsolicited bytes. hyper hands such a request back. It comes by
    /// reference, since it is too large to be moved from future to future.
    pub(crate) async fn send(
        &self,
        request: &mut Request<Full<Bytes>>,
        route: Route,
    ) -> Result<(Response<Incoming>, Lease), TransportError> {
        let target = take_target(request)?;
        loop {
            let mut lease = self.lease(&target, route).await?;
            let Connection { sender, state, host, .. } = &mut *lease.connection;
            let is_reused = state.was_used();
            request.headers_mut().entry(HOST).or_insert_with(|| host.clone());
            let mut error = match sender.try_send_request(std::mem::take(request)).await {
                Ok(response) => return Ok((response, lease)),
                Err(error) => error,
            };
            match error.take_message() {
                Some(unsent) if is_reused => *request = unsent,
                _ => return Err(classify_head(error.into_error())),
            }
        }
    }

    /// An idle connection, if the request may have one, or a new one.
    async fn lease(&self, target: &Target, route: Route) -> Result<Lease, TransportError> {
        let mut place = None;
        if let (Route::Pooled(runtime), true) = (route, self.reuse) {
            let (idle, its_place) = self.pool.take(target, runtime);
            place = Some(its_place);
            if let Some(connection) = idle {
                return Ok(Lease { connection, place });
            }
        }
        // On the heap, so that the future of an exchange on an idle connection stays small.
        let connection = Box::pin(self.open(target.clone())).await?;
        Ok(Lease { connection: Box::new(connection), place })
    }

    /// Opens a connection and starts the task that drives it.
    async fn open(&self, target: Target) -> Result<Connection, TransportError> {
        let host = host_of(&target)?;
        let uri = Uri::builder()
            .scheme(target.scheme.clone())
            .authority(target.authority.clone())
            .path_and_query("/")
            .build()
            .map_err(|error| classify_opening(error.into()))?;
        let stream = self.connector.connect(uri).await.map_err(classify_opening)?;
        let state = state_of(&stream).unwrap_or_else(ConnectionState::new);

        let (mut sender, mut driver) = http1::Builder::new()
            // A request is small: head and body in one piece are cheaper to write than the two.
            .writev(false)
            // Its bound of the number of fields is the port's; to name it would cost an allocation
            // for each head.
            .max_buf_size(MAX_HEAD_BUFFER)
            // Deprecated, and still sent by old gateways (RFC 9112, section 5.2).
            .allow_obsolete_multiline_headers_in_responses(true)
            .handshake(stream)
            .await
            .map_err(classify_head)?;
        let (mut failed, failure) = oneshot::channel();
        let turns = state.clone();
        tokio::spawn(async move {
            let mut closing = None;
            let driving = poll_fn(|cx| {
                turns.begin_turn();
                if let Poll::Ready(result) = Pin::new(&mut driver).poll(cx) {
                    return Poll::Ready(result);
                }
                ready!(failed.poll_closed(cx));
                let limit = closing.get_or_insert_with(|| Box::pin(sleep(CLOSING)));
                limit.as_mut().poll(cx).map(Ok)
            });
            if let Err(error) = driving.await {
                let _ = failed.send(error);
            }
        });
        // The peer may have refused the connection by now, by an alert for instance.
        if let Err(error) = sender.ready().await {
            return Err(classify_head(failure.await.unwrap_or(error)));
        }
        Ok(Connection { sender, state, target, host, _in_use: failure })
    }
}

/// Takes scheme and authority out of the request, which keeps its path and query.
fn take_target(request: &mut Request<Full<Bytes>>) -> Result<Target, TransportError> {
    let uri = std::mem::take(request.uri_mut()).into_parts();
    if let Some(path) = uri.path_and_query {
        *request.uri_mut() = path.into();
    }
    match (uri.scheme, uri.authority) {
        (Some(scheme), Some(authority)) => Ok(Target { scheme, authority }),
        _ => Err(TransportError::with_source(
            TransportErrorKind::Unsupported,
            "the URL must have a scheme and a host",
        )),
    }
}

/// The value of `Host`: the port is named only if it is not the scheme's.
fn host_of(target: &Target) -> Result<HeaderValue, TransportError> {
    let default = if target.scheme == Scheme::HTTPS { 443 } else { 80 };
    let host = target.authority.host();
    let text = match target.authority.port_u16() {
        Some(port) if port != default => format!("{host}:{port}"),
        _ => host.to_owned(),
    };
    HeaderValue::try_from(text).map_err(|error| classify_opening(error.into()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;
    use std::time::Duration;

    use easemob_token_transport::{ConnectionUse, Exchange, ProxyRules, Transport};
    use easemob_token_transport_testkit::{LOOPBACK, Script, ScriptedServer, reply};

    use super::*;
    use crate::HyperTransport;
    use crate::builder::default_limit;
    use crate::resolver::Resolver;
    use crate::roots::Trust;
    use crate::tls::Tls;

    fn pooled() -> PooledClient {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = Tls::new(provider, Trust::system(), None).unwrap();
        let limit = Duration::from_secs(3);
        PooledClient::new(Connector::new(Resolver::new(), limit, tls, ProxyRules::default()), true)
    }

    /// Sends an exchange, lets the connection get back into the pool, and returns its mark.
    async fn send(transport: &HyperTransport, server: &ScriptedServer) -> Option<ConnectionUse> {
        let request = Request::post(server.url("http", LOOPBACK)).body("").unwrap();
        let response = transport.send(Exchange::new(request)).await.unwrap();
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        response.extensions().get().copied()
    }

    #[tokio::test]
    async fn a_connection_from_before_the_machine_was_suspended_is_not_reused() {
        static CLOCK: AtomicU64 = AtomicU64::new(1_000_000);
        // How long the machine is suspended while a response is under way.
        static UNDER_WAY: AtomicU64 = AtomicU64::new(0);
        let server = ScriptedServer::start(Script::new().respond(|_, _| {
            CLOCK.fetch_add(UNDER_WAY.load(Ordering::Relaxed), Ordering::Relaxed);
            reply::ok(b"")
        }));
        let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(CLOCK.load(Ordering::Relaxed));
        let client = PooledClient { pool: Pool::new(IDLE_TIMEOUT, clock), ..pooled() };
        let transport = HyperTransport::over(HttpClient::Pooled(client), default_limit());
        for (idle, under_way, mark) in [
            (0, 0, ConnectionUse::Fresh),
            (19, 0, ConnectionUse::Reused),
            (600, 0, ConnectionUse::Fresh),
            (1, 600, ConnectionUse::Reused),
            (1, 0, ConnectionUse::Fresh),
            // Somebody set the clock back; nobody knows how long it was.
            (-600, 0, ConnectionUse::Fresh),
        ] {
            CLOCK.store(
                CLOCK.load(Ordering::Relaxed).saturating_add_signed(idle),
                Ordering::Relaxed,
            );
            UNDER_WAY.store(under_way, Ordering::Relaxed);
            assert_eq!(send(&transport, &server).await, Some(mark), "{idle}, {under_way}");
        }
    }

    /// The servers close no connection. Two become idle one shortly after the other; the third one's
    /// runtime has stopped turning.
    #[tokio::test]
    async fn an_idle_connection_is_closed_after_a_while_also_if_nothing_is_sent() {
        let limit = Duration::from_millis(400);
        let servers = [(); 2].map(|()| ScriptedServer::start(Script::new().serve()));
        let third = ScriptedServer::start(Script::new().serve());
        let client = PooledClient { pool: Pool::new(limit, SystemTime::now), ..pooled() };
        let transport = HyperTransport::over(HttpClient::Pooled(client), default_limit());
        let stopped = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        thread::scope(|it| it.spawn(|| stopped.block_on(send(&transport, &third))).join().unwrap());
        for round in 0..2 {
            for server in &servers {
                let mark = send(&transport, server).await;
                assert_eq!(mark, Some(ConnectionUse::Fresh), "{round}");
                assert!(!server.connections()[round].is_over());
                sleep(limit / 20).await;
            }
            let begun = std::time::Instant::now();
            let closed = async {
                while !servers.iter().all(|own| own.connections()[round].is_over()) {
                    sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(limit * 25, closed).await.unwrap();
            assert!(begun.elapsed() < limit * 3 / 2, "{:?}", begun.elapsed());
        }
        stopped.shutdown_background();
    }

    #[tokio::test]
    async fn at_most_64_connections_stay_idle() {
        let server = ScriptedServer::start(Script::new().serve());
        let transport = HyperTransport::over(HttpClient::Pooled(pooled()), default_limit());
        let exchanges = (0..65).map(|_| {
            let request = Request::post(server.url("http", LOOPBACK)).body("").unwrap();
            let transport = transport.clone();
            tokio::spawn(async move { transport.send(Exchange::new(request)).await.map(drop) })
        });
        for exchange in exchanges.collect::<Vec<_>>() {
            exchange.await.unwrap().unwrap();
        }
        let over = async {
            while server.connections().iter().filter(|one| one.is_over()).count() != 1 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), over).await.unwrap();
        assert_eq!(server.connections().len(), 65);
    }
}

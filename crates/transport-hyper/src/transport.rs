//! Sends one exchange over a hyper client, by the rules of the port.

use std::fmt;
use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use easemob_token_transport::{
    Exchange, ExchangeLimit, ForkGuard, Runtime, Transport, TransportError, TransportErrorKind,
    check_scheme, head_within_limits, tokio_support,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use crate::HyperTransportBuilder;
use crate::body;
use crate::builder::default_limit;
use crate::classify::classify_client_error;
use crate::client::{ForeignClient, HttpClient, Lease, Route};

/// Sends exchanges over hyper and rustls, on tokio.
///
/// A clone shares the connections. See the [crate's page](crate) for what it needs and how it
/// behaves.
#[derive(Clone)]
pub struct HyperTransport {
    client: Arc<HttpClient>,
    first_use: Arc<ForkGuard>,
    limit: ExchangeLimit,
}

impl HyperTransport {
    /// A transport with the default settings; see [`builder`](Self::builder) for others.
    ///
    /// Nothing is loaded and nothing is connected before the first exchange.
    #[must_use]
    pub fn new() -> Self {
        HyperTransportBuilder::build_default()
    }

    /// The settings of a transport, to be changed.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::new()
    }

    /// A transport over a ready client of `hyper-util`, with whatever connector it has.
    ///
    /// These rules of the port hold all the same: redirects, the bounds of the response as returned,
    /// the exchange's time limit, plain `http://`, an error instead of a panic, and refusal after a
    /// fork. A loopback name in an `http://` target is replaced by 127.0.0.1, so that it is not looked
    /// up; in an `https://` target the client looks it up. The client is responsible for the rest:
    ///
    /// - a limit of its own for connecting (rule 4), in the connector;
    /// - a bound for the memory of a head while it is read (rule 3): `http1_max_headers(100)` and
    ///   `http1_max_buf_size`;
    /// - no process-wide state (rule 7): the connector's crypto provider and proxy;
    /// - only the response to this request on a reused connection (rule 2): hyper can take a response
    ///   that arrived before the request was written for its own, so use
    ///   `pool_max_idle_per_host(0)` or a connector that prevents it;
    /// - a fresh connection for an exchange that requires one, and the mark of a reused connection
    ///   (rule 2): such a client offers neither, so its responses carry no mark. With
    ///   `pool_max_idle_per_host(0)` every connection is fresh;
    /// - no use of one client by several runtimes (rule 8): a connection makes no progress while the
    ///   runtime that opened it stands still.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use easemob_token_transport_hyper::HyperTransport;
    /// use http_body_util::Full;
    /// use hyper_util::client::legacy::Client;
    /// use hyper_util::rt::TokioExecutor;
    ///
    /// let client = Client::builder(TokioExecutor::new())
    ///     .pool_max_idle_per_host(0)
    ///     .build_http::<Full<Bytes>>();
    /// let transport = HyperTransport::from_client(client);
    /// ```
    #[must_use]
    pub fn from_client<C>(client: Client<C, Full<Bytes>>) -> Self
    where
        C: Connect + Clone + Send + Sync + 'static,
    {
        Self::over(HttpClient::Ready(Box::new(ForeignClient(client))), default_limit())
    }

    pub(crate) fn over(client: HttpClient, limit: ExchangeLimit) -> Self {
        Self { client: Arc::new(client), first_use: Arc::default(), limit }
    }
}

/// Refuses what is no exchange that the port permits.
fn check(exchange: &Exchange) -> Result<(), TransportError> {
    check_scheme(exchange)?;
    if exchange.request().method() == Method::CONNECT {
        return Err(TransportError::with_source(
            TransportErrorKind::Unsupported,
            "CONNECT opens a tunnel, it is not an exchange",
        ));
    }
    Ok(())
}

/// Sends the request and reads the whole response.
async fn run(
    client: &HttpClient,
    request: &mut Request<Full<Bytes>>,
    route: Route,
    max_bytes: usize,
) -> Result<Response<Bytes>, TransportError> {
    let (mut response, lease) = match client {
        HttpClient::Pooled(client) => {
            let (response, lease) = client.send(request, route).await?;
            (response, Some(lease))
        }
        HttpClient::Ready(client) => {
            let response = client.send_request(std::mem::take(request)).await;
            (response.map_err(classify_client_error)?, None)
        }
    };
    let connection = lease.as_ref().map(Lease::state);
    if let Some(connection) = connection {
        response.extensions_mut().insert(connection.note_use());
        connection.begin_body(max_bytes);
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(TransportError::with_source(
            TransportErrorKind::Interrupted,
            "the server switched to another protocol unasked",
        ));
    }
    if !head_within_limits(response.headers()) {
        return Err(TransportError::with_source(
            TransportErrorKind::TooLarge,
            "the head of the response is larger than the limit",
        ));
    }
    let (head, body) = response.into_parts();
    let body = body::read(&head, body, max_bytes, connection).await?;
    if let Some(lease) = lease {
        lease.state().end_body();
        lease.end();
    }
    Ok(Response::from_parts(head, body))
}

/// What an exchange is besides its request.
struct Terms {
    limit: Duration,
    deadline: Instant,
    max_bytes: usize,
    needs_fresh_connection: bool,
}

impl HyperTransport {
    /// Sends the request within the time limit.
    async fn send_within(
        &self,
        request: &mut Request<Full<Bytes>>,
        terms: Terms,
    ) -> Result<Response<Bytes>, TransportError> {
        self.first_use.check()?;
        tokio_support::check()?;
        let route = if terms.needs_fresh_connection {
            Route::Fresh
        } else {
            Route::Pooled(Handle::current().id())
        };
        // A timer takes at least a millisecond, in which a quick server might respond.
        if terms.limit.is_zero() {
            return Err(TransportError::with_source(
                TransportErrorKind::Timeout,
                "the time limit is zero",
            ));
        }
        // Pinned where it is made, since it is too large to be moved for nothing.
        let running = pin!(run(&self.client, request, route, terms.max_bytes));
        let permitted = pin!(async {
            let _permit = self.limit.acquire(terms.deadline, sleep).await?;
            running.await
        });
        // A runtime without timers panics in `timeout`.
        let whole = pin!(async { timeout(terms.limit, permitted).await });
        match tokio_support::catch_panic(whole).await? {
            Ok(result) => result,
            Err(elapsed) => Err(TransportError::with_source(TransportErrorKind::Timeout, elapsed)),
        }
    }
}

impl Transport for HyperTransport {
    // As `async_trait` would write it, but the future does not keep the exchange beside the request.
    fn send<'life0, 'async_trait>(
        &'life0 self,
        exchange: Exchange,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        if let Err(error) = check(&exchange) {
            return Box::pin(ready(Err(error)));
        }
        let terms = Terms {
            limit: exchange.timeout(),
            deadline: exchange.deadline(),
            max_bytes: exchange.max_response_bytes(),
            needs_fresh_connection: exchange.needs_fresh_connection(),
        };
        let mut request = exchange.into_unframed_request().map(Full::new);
        Box::pin(async move { self.send_within(&mut request, terms).await })
    }

    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        Some(tokio_support::exchange_runtime())
    }

    fn own_runtime(&self) -> Result<Option<Arc<dyn Runtime>>, TransportError> {
        tokio_support::own_runtime("easemob-token-hyper").map(Some)
    }
}

impl Default for HyperTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport").field("limit", &self.limit).finish_non_exhaustive()
    }
}

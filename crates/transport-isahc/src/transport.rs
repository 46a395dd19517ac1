//! The transport: refuses an exchange at once, or passes it to a pooled client.

use std::fmt;
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use easemob_token_transport::{
    ConnectionUse, DEFAULT_CONNECT_TIMEOUT, Exchange, ExchangeLimit, ForkGuard, ProxyRules,
    ProxyUrl, Runtime, Transport, TransportError, TransportErrorKind, async_trait, check_scheme,
    sleep,
};
use futures_lite::future::or;
use http::Response;
use isahc::HttpClient;
use isahc::tls::TrustStore;

use crate::builder::{IsahcTransportBuilder, default_limit};
use crate::failure::own;
use crate::in_flight::Job;
use crate::pool::Pool;
use crate::request::{self, Network, Settings};
use crate::runtime::ThreadRuntime;
use crate::tls::Tls;

/// Sends exchanges with isahc, from any executor.
///
/// Each exchange has a connection of its own, and a client of isahc's to itself with one thread,
/// isahc's agent. The caller drives the exchange, and one thread of the transport ends what no caller
/// ends. After a whole response a client stays idle for the next exchange for at most a second, and at
/// most 64 clients do; they end with the transport. How many exchanges run at once is bounded
/// ([`max_concurrent_exchanges`](IsahcTransportBuilder::max_concurrent_exchanges)). See the
/// [crate's page](crate) for what isahc cannot fulfil of the contract.
///
/// ```
/// use easemob_token_transport::{Exchange, Transport};
/// use easemob_token_transport_isahc::IsahcTransport;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let transport = IsahcTransport::new();
/// let request = http::Request::post("https://a1.easemob.com/org/app/token")
///     .header("content-type", "application/json")
///     .body("{}")?;
/// let response = transport.send(Exchange::new(request)).await?;
/// # Ok(())
/// # }
/// ```
pub struct IsahcTransport {
    connect_timeout: Duration,
    route: Route,
    pool: Pool,
}

/// The client that sends: one of the pool with these settings, or a ready one.
pub(crate) enum Route {
    Own { proxy: ProxyRules, tls: Box<Tls> },
    Ready(ReadyClient),
}

impl IsahcTransport {
    /// A transport with the default settings; see [`builder`](Self::builder) for others.
    ///
    /// Nothing is loaded and no thread is started before the first exchange.
    #[must_use]
    pub fn new() -> Self {
        IsahcTransportBuilder::build_default()
    }

    /// The version of the libcurl that is compiled in, such as `8.22.0`.
    #[must_use]
    pub fn libcurl_version() -> String {
        curl::Version::get().version().to_owned()
    }

    /// The TLS library of that libcurl, with its version.
    #[must_use]
    pub fn tls_version() -> String {
        curl::Version::get().ssl_version().unwrap_or("no TLS").to_owned()
    }

    /// The settings of a transport, to be changed.
    pub fn builder() -> IsahcTransportBuilder {
        IsahcTransportBuilder::new()
    }

    /// A transport over a ready client, for what the builder does not offer.
    ///
    /// These rules of the port hold all the same: no redirects, no decompression, HTTP/1.1, the
    /// bounds, the time limits (to connect: [`DEFAULT_CONNECT_TIMEOUT`]), and that a request with a
    /// body is sent at most once. The client is responsible for:
    ///
    /// - the rest of rule 2: without `connection_cache_size(0)` curl takes an unsolicited response
    ///   on an idle connection for the response to the next request, and sends a request without a
    ///   body again;
    /// - rule 5: a client is shared, so an abandoned exchange holds its connection until the next
    ///   byte from the server or the time limit;
    /// - rule 6: if a crate of the build turns on `tracing/log`, the client's agent thread logs
    ///   headers and bodies at TRACE to the process's subscriber, and if isahc's own feature `log`
    ///   is on, to the logger;
    /// - fresh connections (rules 10 and 11): with `connection_cache_size(0)` every connection is one,
    ///   without it an exchange that requires one may not get it. Which it was cannot be known, so
    ///   its responses carry no [`ConnectionUse`];
    /// - rule 7: without an explicit `proxy(…)` isahc reads the environment;
    /// - trust, cookies, default headers and interceptors.
    #[must_use]
    pub fn from_client(client: HttpClient) -> Self {
        let route = Route::Ready(ReadyClient(Some(client), this_process()));
        Self::with_route(DEFAULT_CONNECT_TIMEOUT, route, default_limit())
    }

    pub(crate) fn with_route(
        connect_timeout: Duration,
        route: Route,
        limit: ExchangeLimit,
    ) -> Self {
        // The threads of a ready client are in this process; own ones are started when they are needed.
        let process = match route {
            Route::Own { .. } => ForkGuard::default(),
            Route::Ready(_) => this_process(),
        };
        Self { connect_timeout, route, pool: Pool::new(limit, process) }
    }

    /// Returns the trust store if the exchange needs one. Loading the system's roots is no part of
    /// connecting, and goes on if the exchange's time is over before.
    async fn trust(&self, exchange: &Exchange) -> Result<Option<TrustStore>, TransportError> {
        let Route::Own { tls, .. } = &self.route else { return Ok(None) };
        if exchange.uri().scheme_str() != Some("https") {
            return Ok(None);
        }
        let left = exchange.deadline().saturating_duration_since(Instant::now());
        let too_late = async {
            sleep(left).await;
            Err(own(TransportErrorKind::Timeout, "the system's root certificates load too slowly"))
        };
        or(tls.trust(), too_late).await.map(Some)
    }

    fn job(&self, exchange: &Exchange, trust: Option<&TrustStore>) -> Result<Job, TransportError> {
        let max_response_bytes = exchange.max_response_bytes();
        let (network, client, files) = match &self.route {
            Route::Own { proxy, tls } => {
                let proxy = proxy.proxy_for(exchange.uri())?;
                if proxy.is_some_and(ProxyUrl::is_https) {
                    return Err(own(
                        TransportErrorKind::Unsupported,
                        "this transport cannot check the certificate of an https:// proxy",
                    ));
                }
                // It worked when the transport was built, so memory or descriptors are short now, and
                // nothing was sent.
                let tls = tls.for_exchange(trust).map_err(|error| {
                    TransportError::with_source(TransportErrorKind::Connect, error)
                })?;
                (Some(Network { proxy, tls: tls.config }), None, tls.files)
            }
            Route::Ready(ready) => (None, ready.0.clone(), None),
        };
        let is_proxied = network.as_ref().is_some_and(|network| network.proxy.is_some());
        let settings = Settings { connect_timeout: self.connect_timeout, network };
        let (request, begun) = request::build(exchange, settings)?;
        Ok(Job { request, begun, max_response_bytes, is_proxied, client, files })
    }
}

#[async_trait]
impl Transport for IsahcTransport {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let deadline = exchange.deadline();
        self.pool.check_process()?;
        check_scheme(&exchange)?;
        if exchange.timeout().is_zero() {
            return Err(own(TransportErrorKind::Timeout, "the time limit is zero"));
        }
        let trust = self.trust(&exchange).await?;
        let job = || self.job(&exchange, trust.as_ref());
        let mut response = self.pool.exchange(deadline, job).await?;
        if let Route::Own { .. } = self.route {
            response.extensions_mut().insert(ConnectionUse::Fresh);
        }
        Ok(response)
    }

    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        Some(Arc::new(ThreadRuntime))
    }
}

impl Default for IsahcTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for IsahcTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("IsahcTransport");
        debug.field("connect_timeout", &self.connect_timeout);
        match &self.route {
            Route::Own { proxy, .. } => debug.field("proxy", proxy),
            Route::Ready(_) => debug.field("client", &"ready"),
        };
        debug.field("limit", self.pool.limit()).finish_non_exhaustive()
    }
}

fn this_process() -> ForkGuard {
    ForkGuard::first_used_by(process::id())
}

/// A ready client, and the process that it came in.
pub(crate) struct ReadyClient(Option<HttpClient>, ForkGuard);

impl Drop for ReadyClient {
    fn drop(&mut self) {
        // Dropping the last one waits for its agent thread, which a forked child does not have.
        if self.1.check().is_err() {
            std::mem::forget(self.0.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use easemob_token_transport::LoadOnce;
    use easemob_token_transport_testkit::{Authority, LOOPBACK, Script, ScriptedServer};

    use super::*;
    use crate::roots::Trust;

    fn exchange() -> Exchange {
        Exchange::new(http::Request::post("http://127.0.0.1:1/").body("").unwrap())
    }

    #[test]
    fn after_a_fork_send_is_an_error_at_once_and_drop_does_not_wait() {
        let parent = || ForkGuard::first_used_by(process::id().wrapping_add(1));
        let client = HttpClient::new().unwrap();
        let transport = IsahcTransport {
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            route: Route::Ready(ReadyClient(Some(client.clone()), parent())),
            pool: Pool::new(default_limit(), parent()),
        };
        let error = futures_lite::future::block_on(transport.send(exchange())).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Internal);
        drop(transport);
        // The forgotten clone keeps the agent alive; otherwise this would wait for its thread.
        drop(client);
    }

    /// Sends an exchange whose roots take longer to load than a connection may take.
    fn send_while_roots_load(authority: &Authority) -> Result<(), TransportError> {
        let store = TrustStore::builder().certificate_from_pem(authority.pem()).build();
        let (sender, loaded) = mpsc::channel::<()>();
        let loaded = Mutex::new(loaded);
        let trust = Trust::System(LoadOnce::new(move || {
            loaded.lock().unwrap().recv().unwrap();
            Ok(store.clone())
        }));
        let tls = Box::new(Tls::new(trust, None).unwrap());
        let route = Route::Own { proxy: ProxyRules::default(), tls };
        let transport =
            IsahcTransport::with_route(Duration::from_millis(600), route, default_limit());
        let server = ScriptedServer::start(Script::new().tls(authority.issue(LOOPBACK)).serve());
        let send = |limit| {
            let request = http::Request::post(server.url("https", LOOPBACK)).body("").unwrap();
            let exchange = Exchange::new(request).with_timeout(Duration::from_millis(limit));
            futures_lite::future::block_on(transport.send(exchange))
        };
        assert_eq!(send(50).unwrap_err().kind(), TransportErrorKind::Timeout);
        // The loading of the first exchange goes on.
        let late = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(700));
            sender.send(()).unwrap();
        });
        let outcome = send(10_000);
        late.join().unwrap();
        outcome.map(drop)
    }

    #[test]
    fn roots_that_load_longer_than_the_connect_limit_are_used_all_the_same() {
        let authority = Authority::new();
        // On a busy machine the handshake alone may take longer than the limit, but not each time.
        let outcome = || send_while_roots_load(&authority);
        let last = outcome().or_else(|_| outcome()).or_else(|_| outcome());
        assert!(last.is_ok(), "{last:?}");
    }

    #[test]
    fn a_transport_can_be_shared_and_debugged() {
        fn shared<T: Send + Sync + 'static>(_: &T) {}
        let transport = IsahcTransport::new();
        shared(&transport);
        assert!(format!("{transport:?}").starts_with("IsahcTransport { connect_timeout: 3s"));
    }
}

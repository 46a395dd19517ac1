//! Sends one exchange over a reqwest client, by the rules of the port.

use std::error::Error;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use easemob_token_transport::{
    ConnectionUse, Exchange, ExchangeLimit, ForkGuard, ProxyRules, Runtime, Transport,
    TransportError, TransportErrorKind, async_trait, check_scheme, classify_connect,
    classify_exchange, find_in_chain, head_within_limits, is_beyond_bounds_of_hyper,
    is_oddly_framed, tokio_support,
};
use http::{Method, Response, StatusCode};
use reqwest::{Client, ClientBuilder, Request};
use tokio::time::{sleep, timeout};

use crate::ReqwestTransportBuilder;
use crate::builder::default_limit;

/// Sends exchanges over reqwest, on tokio. A clone shares the connections.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: Client,
    proxies: ProxyRules,
    limit: ExchangeLimit,
    first_use: Arc<ForkGuard>,
    /// Whether each exchange has a connection of its own.
    always_fresh: bool,
}

impl ReqwestTransport {
    /// The settings of a transport over this client builder, some of which it changes.
    ///
    /// See the [crate's page](crate).
    pub fn builder(client: ClientBuilder) -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::new(client)
    }

    /// A transport over a ready client, **whose settings are used as they are**.
    ///
    /// A client cannot be asked for its settings, so these rules of the port are not guaranteed:
    ///
    /// - a client that follows redirects, as by default, **sends the secrets on** to the address that
    ///   the service, or somebody in its place, names;
    /// - one that retries can send a request twice;
    /// - one that decompresses can be made to fill the memory by a short response;
    /// - one that reads proxy variables of the environment, as by default, uses that proxy;
    /// - one that reuses connections can take an unsolicited response for that of the next request;
    /// - `localhost` and names below it are looked up; connecting has no time limit of its own; a head
    ///   has only the bounds of hyper while it is read.
    ///
    /// Use [`builder`](Self::builder) unless you have nothing but a ready client.
    #[must_use]
    pub fn from_client_without_guarantees(client: Client) -> Self {
        Self::over(client, ProxyRules::default(), default_limit(), false)
    }

    pub(crate) fn over(
        client: Client,
        proxies: ProxyRules,
        limit: ExchangeLimit,
        always_fresh: bool,
    ) -> Self {
        Self { client, proxies, limit, first_use: Arc::default(), always_fresh }
    }

    async fn receive(
        &self,
        request: Request,
        max_bytes: usize,
    ) -> Result<Response<Bytes>, TransportError> {
        let mut response = self.client.execute(request).await.map_err(classify)?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(interrupted("the server switched to another protocol unasked"));
        }
        if !head_within_limits(response.headers()) {
            return Err(too_large("the head of the response is larger than the limit"));
        }
        if is_oddly_framed(response.status(), response.headers()) {
            return Err(interrupted("the head is ambiguous about where the body ends"));
        }
        let announced = response.content_length().unwrap_or_default();
        if usize::try_from(announced).map_or(true, |bytes| bytes > max_bytes) {
            return Err(too_large("the announced length of the response is larger than the limit"));
        }
        let mut whole = Response::new(Bytes::new());
        *whole.status_mut() = response.status();
        *whole.version_mut() = response.version();
        if self.always_fresh {
            whole.extensions_mut().insert(ConnectionUse::Fresh);
        }
        let mut body = BytesMut::new();
        while let Some(part) = response.chunk().await.map_err(classify)? {
            if part.len() > max_bytes - body.len() {
                return Err(too_large("the body of the response is larger than the limit"));
            }
            body.extend_from_slice(&part);
        }
        *whole.headers_mut() = std::mem::take(response.headers_mut());
        *whole.body_mut() = body.freeze();
        Ok(whole)
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        check_scheme(&exchange)?;
        if exchange.request().method() == Method::CONNECT {
            return Err(unsupported("CONNECT opens a tunnel, it is not an exchange"));
        }
        self.proxies.proxy_for(exchange.uri())?;
        self.first_use.check()?;
        tokio_support::check()?;
        let limit = exchange.timeout();
        // A timer takes at least a millisecond, in which a quick server might respond.
        if limit.is_zero() {
            return Err(TransportError::with_source(
                TransportErrorKind::Timeout,
                "the time limit is zero",
            ));
        }
        let (deadline, max_bytes) = (exchange.deadline(), exchange.max_response_bytes());
        // The cause is dropped, since it quotes the URL.
        let request = Request::try_from(exchange.into_unframed_request())
            .map_err(|_| unsupported("reqwest cannot send a request to this URL"))?;
        let whole = pin!(timeout(limit, async {
            let _permit = self.limit.acquire(deadline, sleep).await?;
            self.receive(request, max_bytes).await
        }));
        match tokio_support::catch_panic(whole).await? {
            Ok(result) => result,
            Err(elapsed) => Err(TransportError::with_source(TransportErrorKind::Timeout, elapsed)),
        }
    }

    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        Some(tokio_support::exchange_runtime())
    }

    fn own_runtime(&self) -> Result<Option<Arc<dyn Runtime>>, TransportError> {
        tokio_support::own_runtime("easemob-token-reqwest").map(Some)
    }
}

fn classify(error: reqwest::Error) -> TransportError {
    // A URL may hold a secret.
    let error = error.without_url();
    let kind = if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_connect() {
        connect_kind(&error)
    } else {
        exchange_kind(&error)
    };
    TransportError::with_source(kind, error)
}

fn connect_kind(error: &(dyn Error + 'static)) -> TransportErrorKind {
    // rustls says so in words only: its types are no part of reqwest's API.
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("invalid peer certificate") {
            return TransportErrorKind::Tls;
        }
        cause = error.source();
    }
    classify_connect(error)
}

fn exchange_kind(error: &(dyn Error + 'static)) -> TransportErrorKind {
    match find_in_chain::<hyper::Error>(error) {
        Some(hyper) if hyper.is_parse_too_large() => TransportErrorKind::TooLarge,
        _ if is_beyond_bounds_of_hyper(error) => TransportErrorKind::TooLarge,
        _ => classify_exchange(error),
    }
}

fn interrupted(reason: &'static str) -> TransportError {
    TransportError::with_source(TransportErrorKind::Interrupted, reason)
}

fn too_large(reason: &'static str) -> TransportError {
    TransportError::with_source(TransportErrorKind::TooLarge, reason)
}

fn unsupported(reason: &'static str) -> TransportError {
    TransportError::with_source(TransportErrorKind::Unsupported, reason)
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: its default headers may hold a secret.
        f.debug_struct("ReqwestTransport").field("limit", &self.limit).finish_non_exhaustive()
    }
}

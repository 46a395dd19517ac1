//! Opens a connection to a target: TCP, a proxy's tunnel and TLS within one time limit.

use std::error::Error;
use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use easemob_token_transport::{ProxyRules, ProxyUrl};
use http::{Extensions, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::time::timeout;
use tower_service::Service;

use crate::connection_state::ConnectionState;
use crate::resolver::Resolver;
use crate::tls::Tls;
use crate::tunnel;
use crate::wire::Wire;

type BoxError = Box<dyn Error + Send + Sync>;
/// A stream to the first peer, the proxy or the target; over TLS if the proxy is `https://`.
type Hop = MaybeHttpsStream<TokioIo<Wire>>;
/// A stream to the target, over TLS if that is `https://`.
pub(crate) type Stream = MaybeHttpsStream<Hop>;

/// Opens connections.
pub(crate) struct Connector {
    limit: Duration,
    tcp: HttpConnector<Resolver>,
    tls: Tls,
    proxy: ProxyRules,
}

impl Connector {
    pub(crate) fn new(resolver: Resolver, limit: Duration, tls: Tls, proxy: ProxyRules) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        // A request is one small write and waits for nothing.
        tcp.set_nodelay(true);
        Self { limit, tcp, tls, proxy }
    }

    /// Connects within the limit. The TLS configuration is loaded before: the limit is for the
    /// network, and loading the system's roots may take longer.
    pub(crate) async fn connect(&self, target: Uri) -> Result<Stream, BoxError> {
        let proxy = self.proxy.proxy_for(&target)?;
        let is_https = target.scheme_str() == Some("https");
        let tls = if is_https || proxy.is_some_and(ProxyUrl::is_https) {
            Some(self.tls.config().await?)
        } else {
            None
        };
        match timeout(self.limit, self.connect_with(proxy, target, tls)).await {
            Ok(result) => result,
            Err(elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, elapsed).into()),
        }
    }

    async fn connect_with(
        &self,
        proxy: Option<&ProxyUrl>,
        target: Uri,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Stream, BoxError> {
        let hop = match proxy {
            None => Hop::Http(self.open(target.clone()).await?),
            Some(proxy) => self.tunnel(proxy, &target, tls.clone()).await?,
        };
        secure(hop, target, tls).await
    }

    async fn open(&self, peer: Uri) -> Result<TokioIo<Wire>, BoxError> {
        let tcp = self.tcp.clone().call(peer).await?;
        Ok(TokioIo::new(Wire::new(tcp.into_inner())))
    }

    async fn tunnel(
        &self,
        proxy: &ProxyUrl,
        target: &Uri,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Hop, BoxError> {
        let wire = self.open(proxy.uri()).await?;
        let hop = secure(wire, proxy.uri(), tls).await?;
        tunnel::open(hop, target, proxy.authorization()).await
    }
}

/// Returns the same stream for `http`, and for `https` a TLS session with the host of `peer` over it.
async fn secure<S>(
    stream: S,
    peer: Uri,
    tls: Option<Arc<ClientConfig>>,
) -> Result<MaybeHttpsStream<S>, BoxError>
where
    S: Connection + hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    match tls {
        Some(config) if peer.scheme_str() == Some("https") => {
            if let Some(state) = state_of(&stream) {
                state.begin_tls();
            }
            HttpsConnector::from((Opened(Some(stream)), config)).call(peer).await
        }
        _ => Ok(MaybeHttpsStream::Http(stream)),
    }
}

/// The state of a connection; each stream of the connector has one.
pub(crate) fn state_of(stream: &impl Connection) -> Option<ConnectionState> {
    let mut extras = Extensions::new();
    stream.connected().get_extras(&mut extras);
    extras.remove()
}

/// A connector that returns a stream which is open already, for the layers that call one.
struct Opened<S>(Option<S>);

impl<S> Service<Uri> for Opened<S> {
    type Response = S;
    type Error = io::Error;
    type Future = Ready<Result<S, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

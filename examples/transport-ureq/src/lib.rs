//! An adapter over ureq, a blocking library: the example that `docs/writing-a-transport.md` explains.
//!
//! `tests/conformance.rs` lists the rules of the contract that ureq breaks. ureq also logs the values
//! of ordinary header fields at DEBUG, and all bytes that it sends and receives, secrets included, at
//! TRACE. This adapter cannot prevent that: set the filter `ureq=info,ureq_proto=info`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use easemob_token_transport::TransportErrorKind::{self as Kind, Internal, Tls, TooLarge};
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::http::{Request, Response, Uri};
use easemob_token_transport::{self as port, Exchange, Transport, TransportError};
use rustls::crypto::ring;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, NextTimeout};
use ureq::{Agent, config::Config};

/// The transport port over ureq. Each exchange has a thread and an agent of its own.
#[derive(Debug)]
pub struct UreqTransport {
    /// The root certificates to trust.
    pub roots: RootCerts,
    /// The time for the name look-up, and again for connection and TLS handshake.
    pub connect_timeout: Duration,
    /// The proxy rules, resolved.
    pub proxy: port::ProxyRules,
}

impl UreqTransport {
    /// Turns off what ureq does by itself, and limits what the port limits.
    fn config(&self, exchange: &Exchange) -> Result<Config, TransportError> {
        let proxy = self.proxy.proxy_for(exchange.uri())?.map(|own| {
            let scheme = if own.is_https() { "https" } else { "http" };
            let mut proxy = ureq::Proxy::builder(scheme.try_into()?).host(own.host());
            if let Some(name) = own.username() {
                proxy = proxy.username(name).password(own.password().unwrap_or_default());
            }
            proxy.port(own.port()).build()
        });
        let tls = TlsConfig::builder()
            .root_certs(self.roots.clone())
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
        // ureq adds limits to the clock's time, which may overflow.
        let limited = |limit: Duration| Some(limit.min(Duration::from_secs(86_400)));
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy.transpose().map_err(|error| failure(error, false))?)
            .tls_config(tls.build())
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .timeout_global(limited(exchange.timeout()))
            .timeout_resolve(limited(self.connect_timeout))
            .timeout_connect(limited(self.connect_timeout));
        Ok(config.build())
    }
}

#[port::async_trait]
impl Transport for UreqTransport {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        port::check_scheme(&exchange)?;
        let connected = Connected(exchange.uri().clone(), Arc::default());
        let chain = DefaultConnector::default().chain(connected.clone());
        let agent = Agent::with_parts(self.config(&exchange)?, chain, Pinned::default());
        let _hang_up = HangUp(agent.clone());
        let (sender, receiver) = async_channel::bounded(1);
        let work = move || drop(sender.send_blocking(run(&agent, exchange, &connected)));
        let failed = |error| TransportError::with_source(Internal, error);
        thread::Builder::new().spawn(work).map_err(failed)?;
        receiver
            .recv()
            .await
            .map_err(|_| TransportError::with_source(Internal, "the thread died"))?
    }
}

/// Ends the exchange when the future is dropped.
struct HangUp(Agent);

impl Drop for HangUp {
    fn drop(&mut self) {
        self.0.clone().shutdown();
    }
}

/// Looks names up as ureq does, except for loopback names, whose addresses are fixed.
#[derive(Debug, Default)]
struct Pinned(DefaultResolver);

impl Resolver for Pinned {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let Some(addresses) = uri.host().and_then(port::loopback_addresses) else {
            return self.0.resolve(uri, config, timeout);
        };
        let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let mut resolved = self.empty();
        for address in addresses {
            resolved.push(SocketAddr::new(address, uri.port_u16().unwrap_or(default)));
        }
        Ok(resolved)
    }
}

/// The last connector in ureq's chain, which notes that the target is connected.
///
/// From then on a request may be on its way.
#[derive(Clone, Debug)]
struct Connected(Uri, Arc<AtomicBool>);

impl<T: ureq::unversioned::transport::Transport> Connector<T> for Connected {
    type Out = T;

    fn connect(
        &self,
        to: &ConnectionDetails<'_>,
        way: Option<T>,
    ) -> Result<Option<T>, ureq::Error> {
        // Connections to a proxy come through here as well.
        self.1.fetch_or(to.uri.authority() == self.0.authority(), Ordering::SeqCst);
        Ok(way)
    }
}

fn run(agent: &Agent, own: Exchange, on: &Connected) -> Result<Response<Bytes>, TransportError> {
    let most = own.max_response_bytes() as u64;
    let failed = |error| failure(error, on.1.load(Ordering::SeqCst));
    let (head, body) = own.into_unframed_request().into_parts();
    let response = match &body[..] {
        [] => agent.run(Request::from_parts(head, ())),
        body => agent.run(Request::from_parts(head, body)),
    };
    let (mut head, mut body) = response.map_err(failed)?.into_parts();
    if !port::head_within_limits(&head.headers) || body.content_length() > Some(most) {
        return Err(TooLarge.into());
    } else if head.status == 101 {
        return Err(TransportError::with_source(Kind::Interrupted, "another protocol"));
    }
    let bytes = body.with_config().limit(most).read_to_vec().map_err(failed)?;
    head.extensions.clear();
    Ok(Response::from_parts(head, bytes.into()))
}

/// Converts an error. The cause is attached only if it is known to quote nothing that was sent or
/// received.
fn failure(error: ureq::Error, connected: bool) -> TransportError {
    use ureq::Error::{BodyExceedsLimit, ConnectProxyFailed, Io, LargeResponseHeader, Timeout};
    let classify = if connected { port::classify_exchange } else { port::classify_connect };
    match error {
        Timeout(_) => Kind::Timeout.into(),
        BodyExceedsLimit(_) | LargeResponseHeader(..) => TooLarge.into(),
        Io(error) => {
            let tls = port::find_in_chain(&error);
            let distrusted = matches!(tls, Some(rustls::Error::InvalidCertificate(_)));
            let kind = if distrusted { Tls } else { classify(&error) };
            TransportError::with_source(kind, error)
        }
        // It quotes the status of the proxy, and nothing else.
        ConnectProxyFailed(reason) => TransportError::with_source(Kind::Connect, reason),
        other => classify(&other).into(),
    }
}

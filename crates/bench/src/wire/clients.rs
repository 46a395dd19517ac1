//! The clients: ours, and each bare HTTP library with the same work.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use easemob_token::Client;
use easemob_token::transport::Transport;
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_isahc::IsahcTransport;
use futures_lite::AsyncReadExt as _;
use http::Uri;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use isahc::HttpClient;
use isahc::config::{Configurable as _, RedirectPolicy, VersionNegotiation};
use isahc::tls::{TlsConfig, TrustStore};
use oauth2::{HttpRequest, HttpResponse, ResourceOwnerPassword, ResourceOwnerUsername};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

use super::careful::CarefulConnector;
use crate::grant::floor::{Owned, password_request};
use crate::grant::{OwnToken, oauth2_client};
use crate::sample::{self, good};

pub(crate) const OURS_HYPER: &str = "easemob-token over hyper";
pub(crate) const BARE_HYPER: &str = "hyper-util alone";
/// A bare client with the duties of any careful one.
///
/// It looks at an idle connection before it uses it again, checks for a fork, and has a time limit.
pub(crate) const CAREFUL_HYPER: &str = "hyper-util with the same duties";
pub(crate) const REQWEST: &str = "reqwest 0.13";
pub(crate) const REQWEST_AS_IT_COMES: &str = "reqwest 0.13, as it comes (aws-lc-rs)";
pub(crate) const OAUTH2: &str = "oauth2 5 over reqwest";
pub(crate) const UREQ: &str = "ureq 3";
pub(crate) const OURS_ISAHC: &str = "easemob-token over isahc";
pub(crate) const BARE_ISAHC: &str = "isahc alone";
/// A bare client that can end an exchange at once.
///
/// Each exchange has a client of isahc's to itself: only the end of that closes a connection whose peer
/// is silent.
pub(crate) const CAREFUL_ISAHC: &str = "isahc with the same duties";

/// Sends one request for a user token and returns the length of the token.
pub(crate) type SendRequest = Arc<dyn Fn() -> TokenLength + Send + Sync>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;
type TokenLength = Pin<Box<dyn Future<Output = usize> + Send>>;

/// The timeout of each client.
const LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
const MAX_BODY: usize = 64 * 1024;

/// The client with this name. It trusts `roots` in PEM, or the roots of the system.
pub(crate) fn client(name: &str, url: &str, roots: Option<&[u8]>) -> SendRequest {
    match name {
        OURS_HYPER => {
            let transport = HyperTransport::builder();
            let transport = match roots {
                Some(pem) => transport.roots_pem(pem),
                None => transport,
            };
            ours(good(transport.build()), url)
        }
        OURS_ISAHC => {
            let transport = IsahcTransport::builder();
            let transport = match roots {
                Some(pem) => transport.roots_pem(pem),
                None => transport,
            };
            ours(good(transport.build()), url)
        }
        BARE_HYPER => bare_hyper(plain_tcp(), url, roots, || true),
        CAREFUL_HYPER => {
            let process = std::process::id();
            bare_hyper(CarefulConnector(plain_tcp()), url, roots, move || {
                std::process::id() == process
            })
        }
        BARE_ISAHC => bare_isahc(url, roots, false),
        CAREFUL_ISAHC => bare_isahc(url, roots, true),
        REQWEST => reqwest(reqwest_client(roots), url),
        REQWEST_AS_IT_COMES => reqwest(good(reqwest::Client::builder().no_proxy().build()), url),
        OAUTH2 => oauth2(url, roots),
        UREQ => ureq(url, roots),
        _ => panic!("unknown client `{name}`"),
    }
}

fn ours(transport: impl Transport, url: &str) -> SendRequest {
    let client = Client::builder(url, sample::APP_KEY).transport(transport);
    // Without this, the limit of the service would be measured.
    let client = good(client.requests_per_second(1_000_000).build());
    Arc::new(move || {
        let client = client.clone();
        Box::pin(async move {
            let request = client.user_token_by_password(sample::USERNAME, sample::PASSWORD);
            let token = good(request.ttl(Duration::from_secs(sample::TTL)).await);
            token.access_token().expose().len()
        })
    })
}

fn uri(url: &str) -> Uri {
    good(format!("{url}/easemob-demo/testapp/token").parse())
}

/// The TLS settings of our own transport: ring, versions 1.2 and 1.3, HTTP/1.1.
fn tls(roots: Option<&[u8]>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        good(ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions());
    match roots {
        None => good(builder.with_native_roots()).with_no_client_auth(),
        Some(pem) => {
            let mut store = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                good(store.add(good(certificate)));
            }
            builder.with_root_certificates(store).with_no_client_auth()
        }
    }
}

fn plain_tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_LIMIT));
    tcp
}

fn bare_hyper<C>(
    tcp: C,
    url: &str,
    roots: Option<&[u8]>,
    may_send: impl Fn() -> bool + Send + Sync + 'static,
) -> SendRequest
where
    C: Service<Uri, Error: Into<BoxError>, Future: Send> + Clone + Send + Sync + 'static,
    C::Response: Connection + hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls(roots));
    let connector = connector.https_or_http().enable_http1().wrap_connector(tcp);
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
    let client = client.build::<HttpsConnector<C>, Full<Bytes>>(connector);
    let uri = uri(url);
    Arc::new(move || {
        assert!(may_send());
        let (client, request) = (client.clone(), password_request(&uri).map(Full::new));
        Box::pin(async move {
            let exchange = async {
                let response = good(client.request(request).await);
                assert!(response.status().is_success());
                good(Limited::new(response.into_body(), MAX_BODY).collect().await).to_bytes()
            };
            let body = good(tokio::time::timeout(LIMIT, exchange).await);
            good(serde_json::from_slice::<Owned>(&body)).access_token.len()
        })
    })
}

fn reqwest_client(roots: Option<&[u8]>) -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().timeout(LIMIT);
    let builder = builder.connect_timeout(CONNECT_LIMIT);
    let builder = builder.redirect(reqwest::redirect::Policy::none());
    good(builder.tls_backend_preconfigured(tls(roots)).build())
}

fn reqwest(client: reqwest::Client, url: &str) -> SendRequest {
    let uri = uri(url);
    Arc::new(move || {
        let client = client.clone();
        let request = good(reqwest::Request::try_from(password_request(&uri)));
        Box::pin(async move {
            let response = good(client.execute(request).await);
            assert!(response.status().is_success());
            let body = good(response.bytes().await);
            good(serde_json::from_slice::<Owned>(&body)).access_token.len()
        })
    })
}

fn oauth2(url: &str, roots: Option<&[u8]>) -> SendRequest {
    use oauth2::TokenResponse as _;

    let http = reqwest_client(roots);
    let client = Arc::new(oauth2_client::<OwnToken>(&uri(url).to_string()));
    Arc::new(move || {
        let (client, http) = (client.clone(), http.clone());
        Box::pin(async move {
            let username = ResourceOwnerUsername::new(sample::USERNAME.to_owned());
            let password = ResourceOwnerPassword::new(sample::PASSWORD.to_owned());
            let send = |request: HttpRequest| {
                let http = http.clone();
                async move { through(&http, request).await }
            };
            let request = client.exchange_password(&username, &password);
            let request = request.add_extra_param("ttl", sample::TTL.to_string());
            good(request.request_async(&send).await).access_token().secret().len()
        })
    })
}

async fn through(
    client: &reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, reqwest::Error> {
    let response = client.execute(reqwest::Request::try_from(request)?).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut converted = HttpResponse::new(response.bytes().await?.to_vec());
    *converted.status_mut() = status;
    *converted.headers_mut() = headers;
    Ok(converted)
}

/// A blocking client: each caller needs its own thread.
fn ureq(url: &str, roots: Option<&[u8]>) -> SendRequest {
    let tls = ureq::tls::TlsConfig::builder();
    let tls = match roots {
        Some(pem) => {
            let certificate = good(ureq::tls::Certificate::from_pem(pem));
            tls.root_certs(ureq::tls::RootCerts::new_with_certs(&[certificate]))
        }
        None => tls,
    };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .proxy(None)
        .timeout_global(Some(LIMIT))
        .timeout_connect(Some(CONNECT_LIMIT))
        .max_redirects(0)
        .max_idle_connections(64)
        .max_idle_connections_per_host(64)
        .build()
        .into();
    let uri = uri(url);
    Arc::new(move || {
        let (parts, body) = password_request(&uri).into_parts();
        let request = http::Request::from_parts(parts, body.to_vec());
        let mut response = good(agent.run(request));
        let body = response.body_mut().with_config().limit(MAX_BODY as u64).read_to_vec();
        let length = good(serde_json::from_slice::<Owned>(&good(body))).access_token.len();
        Box::pin(std::future::ready(length))
    })
}

/// isahc with the settings of our transport: one client, or an idle one for each exchange.
fn bare_isahc(url: &str, roots: Option<&[u8]>, each: bool) -> SendRequest {
    let make = || good(HttpClient::builder().connection_cache_size(0).build());
    let clients = Arc::new(Mutex::new(vec![make()]));
    let trust = match roots {
        Some(pem) => TrustStore::builder().certificate_from_pem(pem).build(),
        None => TrustStore::native(),
    };
    let tls = TlsConfig::builder().trust_store(trust).build();
    let uri = uri(url);
    Arc::new(move || {
        let (parts, body) = password_request(&uri).into_parts();
        let mut request = http::Request::builder()
            .timeout(LIMIT)
            .connect_timeout(CONNECT_LIMIT)
            .version_negotiation(VersionNegotiation::http11())
            .redirect_policy(RedirectPolicy::None)
            .automatic_decompression(false)
            .expect_continue(false)
            .tls_config(tls.clone())
            .proxy(None)
            .proxy_blacklist(Vec::<String>::new())
            .method(parts.method)
            .uri(parts.uri);
        if let Some(headers) = request.headers_mut() {
            *headers = parts.headers;
        }
        let request = good(request.body(body.to_vec()));
        let clients = clients.clone();
        Box::pin(async move {
            let own = if each {
                good(clients.lock()).pop()
            } else {
                good(clients.lock()).first().cloned()
            };
            let client = own.unwrap_or_else(make);
            let response = good(client.send_async(request).await);
            assert!(response.status().is_success());
            let mut body = Vec::new();
            good(response.into_body().take(MAX_BODY as u64).read_to_end(&mut body).await);
            if each {
                good(clients.lock()).push(client);
            }
            good(serde_json::from_slice::<Owned>(&body)).access_token.len()
        })
    })
}

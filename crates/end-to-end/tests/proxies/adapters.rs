//! The two adapters with a proxy setting, and one call over each.

use std::sync::Arc;
use std::time::Duration;

use easemob_token::hyper::HyperTransport;
use easemob_token::isahc::IsahcTransport;
use easemob_token::transport::bytes::Bytes;
use easemob_token::transport::http::{Request, Response};
use easemob_token::transport::{Exchange, Proxy, Transport, TransportError};
use tokio::runtime::Builder;

/// What every call carries and no proxy may see.
pub(crate) const SECRET: &str = "Bearer YWMt-the-token";

/// More than loopback takes, less than a name look-up that was not to be.
const LIMIT: Duration = Duration::from_secs(10);

#[derive(Clone, Copy)]
pub(crate) struct Adapter {
    pub(crate) name: &'static str,
    make: fn(&str, Proxy) -> Arc<dyn Transport>,
}

pub(crate) const ADAPTERS: [Adapter; 2] = [
    Adapter {
        name: "hyper",
        make: |roots, proxy| {
            Arc::new(HyperTransport::builder().roots_pem(roots).proxy(proxy).build().unwrap())
        },
    },
    Adapter {
        name: "isahc",
        make: |roots, proxy| {
            Arc::new(IsahcTransport::builder().roots_pem(roots).proxy(proxy).build().unwrap())
        },
    },
];

impl Adapter {
    /// A new one that trusts this authority.
    pub(crate) fn trusting(&self, roots_pem: &str, proxy: Proxy) -> Arc<dyn Transport> {
        (self.make)(roots_pem, proxy)
    }
}

/// Sends one request with a secret in it, on a runtime and hence a connection of its own.
pub(crate) fn call(
    transport: &dyn Transport,
    url: &str,
) -> Result<Response<Bytes>, TransportError> {
    let request = Request::post(url)
        .header("authorization", SECRET)
        .header("content-type", "application/json")
        .body(Bytes::from_static(b"{\"grant_type\":\"inherit\"}"))
        .unwrap();
    let exchange = Exchange::new(request).with_timeout(LIMIT).allow_plain_http();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(transport.send(exchange))
}

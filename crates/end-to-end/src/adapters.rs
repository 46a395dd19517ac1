//! The two adapters, with default settings except for roots and proxy.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use easemob_token::hyper::HyperTransport;
use easemob_token::isahc::IsahcTransport;
use easemob_token::transport::{Proxy, Transport};

/// An adapter of the transport port.
#[derive(Clone, Copy, Debug)]
pub struct Adapter {
    /// Its name in messages.
    pub name: &'static str,
    /// Whether one connection carries several calls.
    pub reuses: bool,
    build: fn(&str, Proxy) -> Arc<dyn Transport>,
}

/// The adapter over hyper.
pub const HYPER: Adapter = Adapter {
    name: "hyper",
    reuses: true,
    build: |roots, proxy| {
        let transport = HyperTransport::builder().roots_pem(roots).proxy(proxy).build();
        Arc::new(transport.expect("the settings are valid"))
    },
};

/// The adapter over isahc.
pub const ISAHC: Adapter = Adapter {
    name: "isahc",
    reuses: false,
    build: |roots, proxy| {
        let transport = IsahcTransport::builder().roots_pem(roots).proxy(proxy).build();
        Arc::new(transport.expect("the settings are valid"))
    },
};

/// Both adapters.
pub const ADAPTERS: [Adapter; 2] = [HYPER, ISAHC];

impl Adapter {
    /// Builds a transport that trusts this authority and uses no proxy.
    #[must_use]
    pub fn trusting(&self, roots_pem: &str) -> Arc<dyn Transport> {
        self.through(Proxy::Off, roots_pem)
    }

    /// Builds a transport that trusts this authority and uses this proxy setting.
    #[must_use]
    pub fn through(&self, proxy: Proxy, roots_pem: &str) -> Arc<dyn Transport> {
        (self.build)(roots_pem, proxy)
    }
}

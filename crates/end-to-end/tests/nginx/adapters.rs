//! The two adapters, as users get them but for whom they trust.

use std::sync::Arc;

use easemob_token::hyper::HyperTransport;
use easemob_token::isahc::IsahcTransport;
use easemob_token::transport::Transport;

pub(crate) struct Adapter {
    pub(crate) name: &'static str,
    /// Whether one connection carries one call after another.
    pub(crate) reuses: bool,
    make: fn(&str) -> Arc<dyn Transport>,
}

pub(crate) const HYPER: Adapter = Adapter {
    name: "hyper",
    reuses: true,
    make: |roots| Arc::new(HyperTransport::builder().roots_pem(roots).build().unwrap()),
};

pub(crate) const ISAHC: Adapter = Adapter {
    name: "isahc",
    reuses: false,
    make: |roots| Arc::new(IsahcTransport::builder().roots_pem(roots).build().unwrap()),
};

impl Adapter {
    /// A new one that trusts this authority.
    pub(crate) fn trusting(&self, roots_pem: &str) -> Arc<dyn Transport> {
        (self.make)(roots_pem)
    }
}

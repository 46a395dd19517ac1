//! The setup of a case: the script of the server, the settings of the adapter.

use std::time::Duration;

use easemob_token_transport::Proxy;

use crate::harness::Needs;
use crate::server::certificates::{Authority, LOOPBACK};
use crate::server::script::{Plan, Script};

/// The setup of a case.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) plan: Plan,
    pub(crate) needs: Needs,
    /// The number of whole requests that the server must receive; `None` if any number will do.
    pub(crate) sent: Option<usize>,
}

impl Setup {
    pub(crate) fn new(plan: impl Into<Plan>) -> Self {
        Self { plan: plan.into(), needs: Needs::default(), sent: Some(1) }
    }

    pub(crate) fn sent(mut self, requests: usize) -> Self {
        self.sent = Some(requests);
        self
    }

    pub(crate) fn any_number_sent(mut self) -> Self {
        self.sent = None;
        self
    }

    pub(crate) fn roots(mut self, pem: &str) -> Self {
        self.needs.roots_pem = Some(pem.to_owned());
        self
    }

    pub(crate) fn connect_within(mut self, limit: Duration) -> Self {
        self.needs.connect_timeout = limit;
        self
    }

    pub(crate) fn proxy(mut self, proxy: Proxy) -> Self {
        self.needs.proxy = proxy;
        self
    }
}

/// A script that begins with a TLS handshake, and the root for clients that trust its certificate.
pub(crate) fn trusted_tls() -> (Script, String) {
    let authority = Authority::new();
    let script = Script::new().tls(authority.issue(LOOPBACK));
    (script, authority.pem())
}

//! The setup of a case: the script of the server, the settings of the adapter.

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

    pub(crate) fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }
}

/// A script that begins with a TLS handshake, and the settings of a client that trusts its certificate.
pub(crate) fn trusted_tls() -> (Script, Needs) {
    let authority = Authority::new();
    let script = Script::new().tls(authority.issue(LOOPBACK));
    (script, Needs::default().roots(&authority.pem()))
}

//! What a case needs: a script, settings of the adapter, a number of requests.

use crate::harness::Needs;
use crate::server::script::Plan;

/// What a case needs besides what it does.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) plan: Plan,
    pub(crate) needs: Needs,
    /// How many whole requests the server has to see in all; `None` where that is not the point.
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

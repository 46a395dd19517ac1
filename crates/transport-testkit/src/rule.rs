//! A rule of the conformance suite, as data.

/// A row of the fault table or a rule of the contract.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) spread: Spread,
}

/// Whether adapters have to agree on the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Each case has one outcome, on every adapter.
    Agree,
    /// Each adapter may have one of a set.
    Differ,
}

impl Rule {
    /// The number of the row, or of the contract's rule with a `c` before it.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The name of the function and of the test.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the other side does, or what is promised.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Whether adapters may differ in the outcome, within what is allowed.
    #[must_use]
    pub fn may_differ(&self) -> bool {
        self.spread == Spread::Differ
    }
}

//! A rule of the conformance suite, as data.

/// A row of the fault table or a rule of the contract.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) spread: Spread,
}

/// Whether all adapters must have the same outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Each case has one outcome, on every adapter.
    Agree,
    /// Adapters may differ, within a set of outcomes.
    Differ,
}

impl Rule {
    /// The number of the row, or `c` and the number of a rule of the contract.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The name of the function and of the test.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The behaviour of the other side, or the promise of the contract.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Whether the outcome may differ between adapters, within a set.
    #[must_use]
    pub fn may_differ(&self) -> bool {
        self.spread == Spread::Differ
    }
}

//! Trials of every adapter of the transport port.
//!
//! Not published. Three programs: `conformance` prints the table of the suite, `differential` plays
//! random bytes to both adapters, `leak-guard` counts who logs what.

pub mod differential;
pub mod leaks;

// The harnesses of the adapters' own tests, so that there is one list of exceptions.
#[path = "../../transport-hyper/tests/conformance/harness.rs"]
mod hyper;
#[path = "../../transport-isahc/tests/conformance/harness.rs"]
mod isahc;

use easemob_token_transport_testkit::Harness;

/// The harness of each adapter.
pub const ADAPTERS: [&dyn Harness; 2] = [&hyper::Hyper, &isahc::Isahc];

/// The harness of `transport-hyper`.
#[must_use]
pub fn hyper() -> impl Harness {
    hyper::Hyper
}

/// The harness of `transport-isahc`.
#[must_use]
pub fn isahc() -> impl Harness {
    isahc::Isahc
}

//! Listens to everything that the adapters, the libraries below them and the emulator say, and finds
//! secrets in it.
//!
//! Not published. Each test is a program of its own, since subscribers and loggers are for a whole
//! process; `cargo run -p easemob-token-leak-guard` prints who says what, for `docs/security.md`.

pub mod capture;
pub mod controls;
mod listening;
pub mod scene;
pub mod secrets;

// The very harnesses of the adapters' own tests, so that there is one list of exceptions.
#[path = "../../transport-hyper/tests/conformance/harness.rs"]
mod hyper;
#[path = "../../transport-isahc/tests/conformance/harness.rs"]
mod isahc;

use easemob_token_transport_testkit::Harness;

pub use listening::{Heard, Listening};

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

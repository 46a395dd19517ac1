//! Plays random bytes to both adapters of the transport port and compares their outcomes.
//!
//! `cargo xtask fuzz` runs many seeds, the tests a few hundred. A seed gives one or two responses,
//! most of them malformed ([`scripts`]). Each adapter gets them from its own server over a real socket
//! ([`Pair`]). A difference that is not in [`ALLOWED`] is a finding.

mod allowed;
mod generate;
mod mutate;
mod outcome;
mod pair;
mod reading;
mod run;
mod script;
mod shrink;

pub use allowed::{ALLOWED, Allowance, explain};
pub use generate::scripts;
pub use outcome::{Ending, Outcome};
pub use pair::{MAX_BODY, Outcomes, Pair};
pub use run::{Finding, Report, run};
pub use script::{Ending as ConnectionEnding, Script};

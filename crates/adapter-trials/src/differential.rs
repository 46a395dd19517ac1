//! Plays random bytes to both adapters of the transport port, and compares how they take them.
//!
//! `cargo xtask fuzz` runs it long, its own tests run it short. A seed stands for one
//! or two responses, mostly broken ones ([`scripts`]). Both adapters get them from a server of their
//! own over a real socket ([`Pair`]). What differs and is not in [`ALLOWED`] is a finding.

mod allowed;
mod generate;
mod mutate;
mod outcome;
mod pair;
mod reading;
mod run;
mod script;
mod server;
mod shrink;

pub use allowed::{ALLOWED, Allowance, explain};
pub use generate::scripts;
pub use outcome::{Ending, Outcome};
pub use pair::{MAX_BODY, Outcomes, Pair};
pub use run::{Finding, Report, run};
pub use script::{Ending as ConnectionEnding, Script};

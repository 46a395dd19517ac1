//! What each row of the fault table and each rule of the contract does and expects.
//!
//! Every function here that is named `row_…` or `rule_…` has to be in the
//! [`table`](crate::table), or it is dead code.

pub(crate) mod bounds;
pub(crate) mod closing;
pub(crate) mod connecting;
pub(crate) mod contents;
pub(crate) mod environment;
pub(crate) mod floods;
pub(crate) mod handshake;
pub(crate) mod heads;
pub(crate) mod outgoing;
pub(crate) mod plain_http;
pub(crate) mod redirects;
pub(crate) mod response;
pub(crate) mod reuse;
pub(crate) mod runtimes;
pub(crate) mod side_effects;
pub(crate) mod time;
pub(crate) mod torn;
pub(crate) mod tunnel;

use std::time::Duration;

/// The time limit where a case waits for it: short for whoever waits, long enough to be measured.
const LIMIT: Duration = Duration::from_millis(300);

/// A host that no resolver has to ask for: its first label has 64 letters.
const UNKNOWN_HOST: &str =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid";

/// A name of this machine that no resolver knows, for the same reason.
const LOOPBACK_NAME: &str =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.localhost";

/// A host that is not loopback and that nobody looks up but a proxy, which knows better.
const PROXIED_HOST: &str = "im.easemob.invalid";

//! One function for each row of the fault table and each rule of the contract.
//!
//! The [`table`](crate::table) must list every function that is named `row_…` or `rule_…`.

pub(crate) mod bounds;
pub(crate) mod close_notify;
pub(crate) mod closing;
pub(crate) mod connecting;
pub(crate) mod contents;
pub(crate) mod descriptors;
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

/// The time limit in cases that use it up: short, and long enough to be measured.
const LIMIT: Duration = Duration::from_millis(300);

/// A time limit that a correct adapter does not use up, even on a busy machine.
const UNUSED_LIMIT: Duration = Duration::from_secs(2);

/// A host name that resolvers refuse without a look-up: its first label has 64 letters.
const UNKNOWN_HOST: &str =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid";

/// A loopback name that resolvers refuse, for the same reason.
const LOOPBACK_NAME: &str =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.localhost";

/// A host that is not loopback. Only a proxy connects to it.
const PROXIED_HOST: &str = "im.easemob.invalid";

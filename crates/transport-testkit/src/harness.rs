//! What the author of an adapter gives to the suite.

pub(crate) mod executor;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_transport::{DEFAULT_CONNECT_TIMEOUT, Proxy, Transport};

use self::executor::{Executor, Parking};

/// An adapter to be certified: how to make one, how to run its futures, what it cannot do.
///
/// The [crate's page](crate) has an example.
pub trait Harness: Sync {
    /// The adapter's name, for the table.
    fn name(&self) -> &str;

    /// Makes a transport that has these settings, and is otherwise as users get it.
    ///
    /// # Errors
    ///
    /// [`Unable`], with the reason, where the adapter has no such setting. The report shows it.
    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable>;

    /// Starts whatever runs the adapter's futures; it is dropped at the end of each case, and must
    /// then leave no thread and no descriptor behind.
    ///
    /// Unless given, futures are polled on the calling thread with no runtime around them.
    fn executor(&self) -> Box<dyn Executor> {
        Box::new(Parking)
    }

    /// Where the adapter is known to break the contract, and why. None unless given.
    ///
    /// The report shows each with its reason, and an exception that is not needed (any more) is a
    /// failure of its own.
    fn exceptions(&self) -> &[Exception] {
        &[]
    }

    /// Whether the adapter marks each response with the use of its connection
    /// ([`ConnectionUse`](easemob_token_transport::ConnectionUse)). A mark has to be true either way.
    ///
    /// It does not unless given.
    fn reports_connection_use(&self) -> bool {
        false
    }

    /// Everything that was logged in this process since it was asked last, if anybody listens.
    ///
    /// The suite looks in it for what its requests and replies hold. A `tracing` layer and a `log`
    /// logger at TRACE that write into a buffer make a good answer.
    fn overheard(&self) -> Option<String> {
        None
    }
}

/// The settings that a case needs; everything else is the adapter's default.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Needs {
    /// The limit for name look-up, connection and TLS handshake together;
    /// [`DEFAULT_CONNECT_TIMEOUT`] unless the case is about it.
    pub connect_timeout: Duration,
    /// The roots to trust instead of the system's, in PEM.
    pub roots_pem: Option<String>,
    /// The way through a proxy.
    pub proxy: Proxy,
}

impl Default for Needs {
    fn default() -> Self {
        Self { connect_timeout: DEFAULT_CONNECT_TIMEOUT, roots_pem: None, proxy: Proxy::Off }
    }
}

impl Needs {
    pub(crate) fn roots(mut self, pem: &str) -> Self {
        self.roots_pem = Some(pem.to_owned());
        self
    }

    pub(crate) fn connect_within(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    pub(crate) fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }
}

/// Why an adapter cannot be made as a case needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unable(Cow<'static, str>);

impl Unable {
    /// The reason, for the report.
    pub fn because(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Unable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place where an adapter is known to break the contract.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    pub(crate) rule: &'static str,
    pub(crate) case: Option<&'static str>,
    pub(crate) reason: &'static str,
}

impl Exception {
    /// The adapter breaks this rule, named like its function, in every case.
    #[must_use]
    pub const fn rule(rule: &'static str, reason: &'static str) -> Self {
        Self { rule, case: None, reason }
    }

    /// The adapter breaks this rule in this case only.
    #[must_use]
    pub const fn case(rule: &'static str, case: &'static str, reason: &'static str) -> Self {
        Self { rule, case: Some(case), reason }
    }

    pub(crate) fn reason(&self) -> &'static str {
        self.reason
    }

    pub(crate) fn covers(&self, rule: &str, case: &str) -> bool {
        self.rule == rule && self.case.is_none_or(|own| own == case)
    }
}

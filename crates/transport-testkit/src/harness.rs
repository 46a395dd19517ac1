//! The trait that the author of an adapter implements for the suite.

pub(crate) mod executor;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_transport::{DEFAULT_CONNECT_TIMEOUT, Proxy, Transport};

use self::executor::{Executor, Parking};

/// An adapter to be certified: how to build it, how to run its futures, which rules it breaks.
///
/// The [crate's page](crate) has an example.
pub trait Harness: Sync {
    /// The adapter's name, for the table.
    fn name(&self) -> &str;

    /// Builds a transport with these settings, and defaults otherwise.
    ///
    /// # Errors
    ///
    /// [`Unable`], with the reason, if the adapter has no such setting. The report shows it.
    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable>;

    /// Starts the executor for the adapter's futures, once for each case.
    ///
    /// It is dropped at the end of the case and must leave no thread and no descriptor behind. By
    /// default, futures are polled on the calling thread without a runtime.
    fn executor(&self) -> Box<dyn Executor> {
        Box::new(Parking)
    }

    /// The places where the adapter is known to break the contract. None by default.
    ///
    /// The report shows each with its reason. An exception that is not needed is a failure.
    fn exceptions(&self) -> &[Exception] {
        &[]
    }

    /// Whether the adapter marks each response with
    /// [`ConnectionUse`](easemob_token_transport::ConnectionUse). `false` by default.
    ///
    /// A mark must be true in either case.
    fn reports_connection_use(&self) -> bool {
        false
    }

    /// Takes everything that was logged in this process since the last call. `None` by default.
    ///
    /// The suite searches it for the secrets in its requests and responses. Use a `tracing` layer and a
    /// `log` logger at TRACE that write into a buffer.
    fn captured_logs(&self) -> Option<String> {
        None
    }
}

/// The settings that a case needs. All other settings are the adapter's defaults.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Needs {
    /// The time limit for name look-up, connection and TLS handshake together;
    /// [`DEFAULT_CONNECT_TIMEOUT`] unless the case is about it.
    pub connect_timeout: Duration,
    /// The root certificates to trust instead of the system's, in PEM.
    pub roots_pem: Option<String>,
    /// The proxy setting.
    pub proxy: Proxy,
}

impl Default for Needs {
    fn default() -> Self {
        Self { connect_timeout: DEFAULT_CONNECT_TIMEOUT, roots_pem: None, proxy: Proxy::Off }
    }
}

/// The reason why an adapter cannot be built with the settings of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unable(Cow<'static, str>);

impl Unable {
    /// Gives the reason, for the report.
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
    /// The adapter breaks this rule in every case.
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

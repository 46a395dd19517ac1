//! Plays scripts to both adapters, each with its own server, and returns both outcomes.
#![expect(
    clippy::expect_used,
    reason = "without a runtime or an adapter there is nothing to compare"
)]

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use easemob_token_transport::{Exchange, Transport};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_testkit::ScriptedServer;
use tokio::runtime::{Builder, Runtime};

use super::allowed::explain;
use super::outcome::{Ending, Outcome};
use super::script::Script;

/// The largest body: small, so that scripts on both sides of the bound stay short.
pub const MAX_BODY: usize = 2 * 1024;

/// The timeout of an exchange.
const LIMIT: Duration = Duration::from_millis(400);
/// The timeout of an exchange in a second attempt. On a busy machine, what looks like a difference is
/// often one of speed.
const LONG_LIMIT: Duration = Duration::from_secs(3);
/// A call hangs if it has not ended this long after its timeout.
const GRACE: Duration = Duration::from_secs(2);
/// How long the server may take to write its bytes, and a client to close its connections.
const SERVER_LIMIT: Duration = Duration::from_secs(6);

/// Both adapters on one runtime, which play one list of scripts at a time.
pub struct Pair(Runtime);

/// How both adapters took the same scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// How `transport-hyper` took it.
    pub hyper: Outcome,
    /// How `transport-isahc` took it.
    pub isahc: Outcome,
}

impl Outcomes {
    /// Whether the two are equal.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.hyper == self.isahc
    }
}

impl Pair {
    /// Starts a runtime.
    #[must_use]
    pub fn new() -> Self {
        Self(Builder::new_current_thread().enable_all().build().expect("a runtime"))
    }

    /// Makes one call per script, one after another, on one transport. If the adapters differ and
    /// nothing explains it, they are tried once more with more time.
    #[must_use]
    pub fn try_out(&self, scripts: &[Script]) -> Outcomes {
        let outcomes = self.outcomes(scripts, LIMIT);
        if outcomes.agree() || explain(scripts, &outcomes).is_some() {
            outcomes
        } else {
            self.outcomes(scripts, LONG_LIMIT)
        }
    }

    fn outcomes(&self, scripts: &[Script], limit: Duration) -> Outcomes {
        let hyper = HyperTransport::builder().build().expect("the default settings");
        let isahc = IsahcTransport::builder().build().expect("the default settings");
        Outcomes {
            hyper: self.outcome(hyper, scripts, limit),
            isahc: self.outcome(isahc, scripts, limit),
        }
    }

    fn outcome(&self, transport: impl Transport, scripts: &[Script], limit: Duration) -> Outcome {
        let server = ScriptedServer::start(Script::plan(scripts));
        let url = server.url("http", "127.0.0.1");
        let mut endings = vec![self.call(&transport, &url, limit)];
        for _ in 1..scripts.len() {
            // Bytes after the first response are on the connection before the second call: whether
            // they arrive in time must not depend on chance.
            server.wait_until(SERVER_LIMIT, |connections| {
                connections.first().is_some_and(|connection| scripts[0].is_played(connection))
            });
            endings.push(self.call(&transport, &url, limit));
        }
        drop(transport);
        // Connections are closed by tasks of the runtime, which runs only here.
        self.0.block_on(async {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        });
        let closed = server.wait_until_closed(SERVER_LIMIT);
        Outcome { endings, requests: closed.then(|| server.requests().len()) }
    }

    fn call(&self, transport: &dyn Transport, url: &str, limit: Duration) -> Ending {
        let request = http::Request::post(url)
            .header("content-type", "application/json")
            .body("{}")
            .expect("a request");
        let exchange = Exchange::new(request).with_timeout(limit).with_max_response_bytes(MAX_BODY);
        let called = catch_unwind(AssertUnwindSafe(|| {
            self.0.block_on(async {
                tokio::time::timeout(limit + GRACE, transport.send(exchange)).await
            })
        }));
        match called {
            Ok(Ok(result)) => result.into(),
            Ok(Err(_)) => Ending::Hung,
            Err(_) => Ending::Panicked,
        }
    }
}

impl Default for Pair {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}

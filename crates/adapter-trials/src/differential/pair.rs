//! Both adapters before servers of their own: one script in, two outcomes out.
#![expect(
    clippy::expect_used,
    reason = "where a runtime or an adapter cannot be made there is nothing to compare"
)]

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use easemob_token_transport::{Exchange, Transport};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_isahc::IsahcTransport;
use tokio::runtime::{Builder, Runtime};

use super::allowed::explain;
use super::outcome::{Ending, Outcome};
use super::script::Script;
use super::server::Server;

/// The bound of the answer's body: small, so that scripts on both sides of it stay short.
pub const MAX_BODY: usize = 2 * 1024;

/// The time for one exchange at first.
const LIMIT: Duration = Duration::from_millis(400);
/// The time for one exchange where the adapters differed: on a machine that is busy, what looks like
/// a difference is often one of speed.
const LONG_LIMIT: Duration = Duration::from_secs(3);
/// After that much more, a call that has not ended hangs.
const GRACE: Duration = Duration::from_secs(2);

/// Two adapters and two servers. One script at a time.
pub struct Pair {
    runtime: Runtime,
    hyper: Server,
    isahc: Server,
}

/// How the two adapters took the same script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// How `transport-hyper` took it.
    pub hyper: Outcome,
    /// How `transport-isahc` took it.
    pub isahc: Outcome,
}

impl Outcomes {
    /// Whether nobody could tell the two apart.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.hyper == self.isahc
    }
}

impl Pair {
    /// Starts the servers.
    #[must_use]
    pub fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { runtime, hyper: Server::start(), isahc: Server::start() }
    }

    /// One call a script, one after another, on one transport: how the adapters took it. Where they
    /// differ and nothing explains it, it is tried once more with more time.
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
            hyper: self.outcome(hyper, &self.hyper, scripts, limit),
            isahc: self.outcome(isahc, &self.isahc, scripts, limit),
        }
    }

    fn outcome(
        &self,
        transport: impl Transport,
        server: &Server,
        scripts: &[Script],
        limit: Duration,
    ) -> Outcome {
        server.play(scripts);
        let mut endings = Vec::new();
        for number in 1..=scripts.len() {
            endings.push(self.call(&transport, server, limit));
            // What is written after the answer is on the connection before the next call: whether
            // it is there in time must not depend on chance.
            if number < scripts.len() {
                server.wait_until_played(number);
            }
        }
        drop(transport);
        // Connections are closed by tasks of the runtime, which turns only here.
        self.runtime.block_on(async {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        });
        Outcome { endings, requests: server.requests() }
    }

    fn call(&self, transport: &dyn Transport, server: &Server, limit: Duration) -> Ending {
        let request = http::Request::post(format!("http://{}/org/app/token", server.address()))
            .header("content-type", "application/json")
            .body("{}")
            .expect("a request");
        let exchange = Exchange::new(request).with_timeout(limit).with_max_response_bytes(MAX_BODY);
        let called = catch_unwind(AssertUnwindSafe(|| {
            self.runtime.block_on(async {
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

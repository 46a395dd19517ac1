//! The client's events as metrics, in the text format of Prometheus.

use easemob_token::{Event, Observer};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The metrics of one client. Handles are shared with the registry.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    counters: Counters,
}

#[derive(Clone, Debug)]
struct Counters {
    requests: Family<Grant, Counter>,
    failures: Family<Failure, Counter>,
    waits: Histogram,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Grant {
    grant: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Failure {
    grant: &'static str,
    kind: &'static str,
}

impl Metrics {
    /// Metrics that start at zero.
    #[must_use]
    pub fn new() -> Self {
        let counters = Counters {
            requests: Family::default(),
            failures: Family::default(),
            waits: Histogram::new([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]),
        };
        let mut registry = Registry::with_prefix("easemob_token");
        let Counters { requests, failures, waits } = counters.clone();
        registry.register("requests", "Requests to the token endpoint", requests);
        registry.register("failures", "Acquisitions that failed", failures);
        registry.register("wait_seconds", "How long callers waited for a token", waits);
        Self { registry, counters }
    }

    /// An observer for the builder of the client.
    #[must_use]
    pub fn observer(&self) -> impl Observer + use<> {
        let counters = self.counters.clone();
        move |event: &Event<'_>| match event {
            Event::Sent { grant, .. } => {
                counters.requests.get_or_create(&Grant { grant: grant.as_str() }).inc();
            }
            Event::Failed { grant, error, .. } => {
                let labels = Failure { grant: grant.as_str(), kind: error.kind().as_str() };
                counters.failures.get_or_create(&labels).inc();
            }
            Event::Waited { time, .. } => counters.waits.observe(time.as_secs_f64()),
            _ => {}
        }
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

//! Adapters that leak secrets, each in another way, which all must be found.

use std::sync::Arc;

use easemob_token_adapter_trials::hyper;
use easemob_token_adapter_trials::leaks::{CapturingHarness, capture};
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::{
    Exchange, Transport, TransportError, TransportErrorKind, async_trait,
};
use easemob_token_transport_testkit::{Executor, Harness, Needs, Unable};
use http::Response;

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Logs the headers of the request to `tracing`.
    Traces,
    /// Logs the body of the response to `log`.
    Logs,
    /// Puts the query into an error.
    Quotes,
    /// Panics with the body, and is caught.
    Panics,
}

#[derive(Debug)]
struct BadAdapter(Fault, Arc<dyn Transport>);

#[async_trait]
impl Transport for BadAdapter {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let request = exchange.request().clone();
        let result = self.1.send(exchange).await;
        match (self.0, &result) {
            (Fault::Traces, _) => tracing::trace!(headers = ?request.headers(), "sending"),
            (Fault::Logs, Ok(response)) => log::debug!("received {:?}", &response.body()[..]),
            (Fault::Panics, _) => {
                let body = String::from_utf8_lossy(request.body()).into_owned();
                let _ = std::thread::spawn(move || std::panic::panic_any(body)).join();
            }
            (Fault::Quotes, Err(_)) => {
                let quote = format!("no response from {}", request.uri());
                return Err(TransportError::with_source(TransportErrorKind::Interrupted, quote));
            }
            _ => {}
        }
        result
    }
}

struct BadHarness(Fault);

impl Harness for BadHarness {
    fn name(&self) -> &str {
        "bad-adapter"
    }

    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable> {
        Ok(Arc::new(BadAdapter(self.0, hyper().transport(needs)?)))
    }

    fn executor(&self) -> Box<dyn Executor> {
        hyper().executor()
    }
}

#[test]
fn every_leak_is_found() {
    capture::capture_log().unwrap();
    capture::capture_tracing().unwrap();
    capture::capture_panics();
    let permit = |name: &str| ["row_12", "row_15", "rule_01"].iter().any(|own| name.contains(own));
    let leaks = CapturingHarness::new(hyper()).leaks(|rule| permit(rule.name()));
    assert_eq!(leaks.found, Vec::<String>::new());
    for fault in [Fault::Traces, Fault::Logs, Fault::Quotes, Fault::Panics] {
        let leaks = CapturingHarness::new(BadHarness(fault)).leaks(|rule| permit(rule.name()));
        assert!(!leaks.found.is_empty(), "{fault:?} is not found");
    }
}

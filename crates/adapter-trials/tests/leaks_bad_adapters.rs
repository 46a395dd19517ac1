//! Adapters that do say secrets, to see that the guard finds each way of saying them.

use std::sync::Arc;

use easemob_token_adapter_trials::hyper;
use easemob_token_adapter_trials::leaks::{Listening, capture};
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::{
    Exchange, Transport, TransportError, TransportErrorKind, async_trait,
};
use easemob_token_transport_testkit::{Executor, Harness, Needs, Unable};
use http::Response;

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Tells `tracing` the headers of the request.
    Traces,
    /// Tells `log` the body of the answer.
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
            (Fault::Logs, Ok(answer)) => log::debug!("received {:?}", &answer.body()[..]),
            (Fault::Panics, _) => {
                let body = String::from_utf8_lossy(request.body()).into_owned();
                let _ = std::thread::spawn(move || std::panic::panic_any(body)).join();
            }
            (Fault::Quotes, Err(_)) => {
                let quote = format!("no answer from {}", request.uri());
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
        "sinner"
    }

    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable> {
        Ok(Arc::new(BadAdapter(self.0, hyper().transport(needs)?)))
    }

    fn executor(&self) -> Box<dyn Executor> {
        hyper().executor()
    }
}

#[test]
fn each_way_of_saying_a_secret_is_found() {
    capture::listen_to_log().unwrap();
    capture::listen_to_tracing().unwrap();
    capture::listen_to_panics();
    let permit = |name: &str| ["row_12", "row_15", "rule_01"].iter().any(|own| name.contains(own));
    let innocent = Listening::new(hyper()).leaks(|rule| permit(rule.name()));
    assert_eq!(innocent.leaks, Vec::<String>::new());
    for fault in [Fault::Traces, Fault::Logs, Fault::Quotes, Fault::Panics] {
        let heard = Listening::new(BadHarness(fault)).leaks(|rule| permit(rule.name()));
        assert!(!heard.leaks.is_empty(), "{fault:?} is not found");
    }
}

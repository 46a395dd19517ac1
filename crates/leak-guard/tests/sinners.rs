//! Adapters that do say secrets, to see that the guard finds each way of saying them.

use std::sync::Arc;

use easemob_token_leak_guard::{Listening, ear, hyper};
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::{
    Exchange, Transport, TransportError, TransportErrorKind, async_trait,
};
use easemob_token_transport_testkit::{Executor, Harness, Needs, Unable};
use http::Response;

#[derive(Clone, Copy, Debug)]
enum Sin {
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
struct Sinner(Sin, Arc<dyn Transport>);

#[async_trait]
impl Transport for Sinner {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let request = exchange.request().clone();
        let result = self.1.send(exchange).await;
        match (self.0, &result) {
            (Sin::Traces, _) => tracing::trace!(headers = ?request.headers(), "sending"),
            (Sin::Logs, Ok(answer)) => log::debug!("received {:?}", &answer.body()[..]),
            (Sin::Panics, _) => {
                let body = String::from_utf8_lossy(request.body()).into_owned();
                let _ = std::thread::spawn(move || std::panic::panic_any(body)).join();
            }
            (Sin::Quotes, Err(_)) => {
                let quote = format!("no answer from {}", request.uri());
                return Err(TransportError::with_source(TransportErrorKind::Exchange, quote));
            }
            _ => {}
        }
        result
    }
}

struct SinnersHarness(Sin);

impl Harness for SinnersHarness {
    fn name(&self) -> &str {
        "sinner"
    }

    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable> {
        Ok(Arc::new(Sinner(self.0, hyper().transport(needs)?)))
    }

    fn executor(&self) -> Box<dyn Executor> {
        hyper().executor()
    }
}

#[test]
fn each_way_of_saying_a_secret_is_found() {
    ear::listen_to_log().unwrap();
    ear::listen_to_tracing().unwrap();
    ear::listen_to_panics();
    let permit = |name: &str| ["row_12", "row_15", "rule_01"].iter().any(|own| name.contains(own));
    let innocent = Listening::new(hyper()).leaks(|rule| permit(rule.name()));
    assert_eq!(innocent.leaks, Vec::<String>::new());
    for sin in [Sin::Traces, Sin::Logs, Sin::Quotes, Sin::Panics] {
        let heard = Listening::new(SinnersHarness(sin)).leaks(|rule| permit(rule.name()));
        assert!(!heard.leaks.is_empty(), "{sin:?} is not found");
    }
}

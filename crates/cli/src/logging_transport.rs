//! A transport that wraps another, counts requests and logs them with `--verbose`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use easemob_token::transport::bytes::Bytes;
use easemob_token::transport::http::Response;
use easemob_token::transport::{Exchange, Runtime, Transport, TransportError, async_trait};

use crate::output;

/// A transport that counts and logs requests. Clones share the count.
#[derive(Clone, Debug)]
pub(crate) struct LoggingTransport {
    inner: Arc<dyn Transport>,
    name: &'static str,
    verbose: bool,
    sent: Arc<AtomicU32>,
}

impl LoggingTransport {
    pub(crate) fn new(inner: Arc<dyn Transport>, name: &'static str, verbose: bool) -> Self {
        Self { inner, name, verbose, sent: Arc::default() }
    }

    /// Number of requests sent.
    pub(crate) fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Transport for LoggingTransport {
    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        self.inner.runtime()
    }

    fn own_runtime(&self) -> Result<Option<Arc<dyn Runtime>>, TransportError> {
        self.inner.own_runtime()
    }

    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        if !self.verbose {
            return self.inner.send(exchange).await;
        }
        // Only method, URI and sizes: header values and bodies hold secrets.
        let size = exchange.request().body().len();
        output::note(format_args!(
            "> {} {} ({size} bytes, over {})",
            exchange.request().method(),
            exchange.uri(),
            self.name
        ));
        let start = Instant::now();
        let outcome = self.inner.send(exchange).await;
        let took = start.elapsed().as_millis();
        match &outcome {
            Ok(response) => {
                let size = response.body().len();
                output::note(format_args!("< {} ({size} bytes, {took} ms)", response.status()));
            }
            Err(error) => output::note(format_args!("< no response: {error} ({took} ms)")),
        }
        outcome
    }
}

//! A transport that wraps another, counts requests and logs them with `--verbose`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use easemob_token::transport::bytes::Bytes;
use easemob_token::transport::http::{HeaderMap, Response};
use easemob_token::transport::{Exchange, Runtime, Transport, TransportError, async_trait};
use serde_json::{Map, Value, json};

use crate::args::Format;
use crate::masked::Masks;
use crate::options::Options;
use crate::output;

/// A transport that counts and logs requests. Clones share the count.
#[derive(Clone, Debug)]
pub(crate) struct LoggingTransport {
    inner: Arc<dyn Transport>,
    name: &'static str,
    /// 1: what is sent; 2: with heads and bodies.
    verbose: u8,
    is_json: bool,
    sent: Arc<AtomicU32>,
}

impl LoggingTransport {
    pub(crate) fn new(inner: Arc<dyn Transport>, options: &Options) -> Self {
        Self {
            inner,
            name: options.transport.as_str(),
            verbose: options.verbose,
            is_json: options.format == Format::Json,
            sent: Arc::default(),
        }
    }

    /// Number of requests sent.
    pub(crate) fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Writes one line, or one with each header field and the body below it.
    fn log(&self, line: Line, masks: Option<&Masks>, head: &HeaderMap, body: &[u8]) {
        let details = masks.map(|masks| (masks.fields(head), masks.body(body)));
        if self.is_json {
            let mut members = line.members;
            if let Some((fields, body)) = details {
                let fields = fields.into_iter().map(|(name, value)| (name, value.into()));
                members.insert("headers".to_owned(), Value::Object(fields.collect()));
                members.insert("body".to_owned(), body.into());
            }
            output::note(json!({ line.what: members }));
            return;
        }
        let sign = if line.what == "request" { '>' } else { '<' };
        let mut text = format!("{sign} {}", line.text);
        for (name, value) in details.iter().flat_map(|(fields, _)| fields) {
            text.push_str(&format!("\n{sign}   {name}: {value}"));
        }
        if let Some((_, body)) = details.filter(|_| !body.is_empty()) {
            text.push_str(&format!("\n{sign}   {body}"));
        }
        output::note(text);
    }
}

/// A request or a response, in both forms.
struct Line {
    what: &'static str,
    text: String,
    members: Map<String, Value>,
}

impl Line {
    fn new<const N: usize>(what: &'static str, text: String, members: [(&str, Value); N]) -> Self {
        let members = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { what, text, members }
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
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        if self.verbose == 0 {
            return self.inner.send(exchange).await;
        }
        let (head, body) = (exchange.request().headers(), exchange.request().body());
        let masks = (self.verbose > 1).then(|| Masks::of_request(head, body));
        let (method, uri) = (exchange.request().method(), exchange.uri());
        let (name, size) = (self.name, body.len());
        let line = Line::new(
            "request",
            format!("{method} {uri} ({size} bytes, over {name})"),
            [
                ("number", number.into()),
                ("method", method.as_str().into()),
                ("url", uri.to_string().into()),
                ("bytes", size.into()),
                ("transport", name.into()),
            ],
        );
        self.log(line, masks.as_ref(), head, body);
        let start = Instant::now();
        let outcome = self.inner.send(exchange).await;
        let took = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            Ok(response) => {
                let (status, size) = (response.status(), response.body().len());
                let line = Line::new(
                    "response",
                    format!("{status} ({size} bytes, {took} ms)"),
                    [
                        ("number", number.into()),
                        ("status", status.as_u16().into()),
                        ("bytes", size.into()),
                        ("took_ms", took.into()),
                    ],
                );
                self.log(line, masks.as_ref(), response.headers(), response.body());
            }
            Err(error) => {
                let line = Line::new(
                    "response",
                    format!("no response: {error} ({took} ms)"),
                    [
                        ("number", number.into()),
                        ("failure", error.to_string().into()),
                        ("took_ms", took.into()),
                    ],
                );
                self.log(line, None, &HeaderMap::new(), &[]);
            }
        }
        outcome
    }
}

//! What the libraries below tell `tracing`: no header value, no query, no body.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use easemob_token_transport::{Exchange, Transport};
use easemob_token_transport_hyper::HyperTransport;
use http::Request;
use tokio::runtime::Builder;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::server::{Peer, Server};

/// Keeps every event and span, at every level, as text.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = writeln!(self.0, "{field}={value:?}");
    }
}

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Text(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Text(&mut self.0.lock().unwrap()));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Text(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn no_trace_shows_what_is_sent_or_received() {
    let everything = Everything::default();
    tracing::subscriber::with_default(everything.clone(), || {
        let server = Server::start(|mut peer: Peer| {
            while peer.request().is_some() {
                let head = "HTTP/1.1 200 MARK\r\nx-token: MARK\r\ncontent-length: 4\r\n\r\n";
                peer.write(format!("{head}MARK"));
            }
        });
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let transport = HyperTransport::new();
        for _ in 0..2 {
            let request = Request::post(server.url("http", "127.0.0.1") + "?q=MARK")
                .header("authorization", "Bearer MARK")
                .body("MARK")
                .unwrap();
            let response = runtime.block_on(transport.send(Exchange::new(request)));
            assert_eq!(response.unwrap().body(), "MARK");
        }
    });
    let text = everything.0.lock().unwrap();
    // The search works: what hyper-util does tell is there.
    assert!(text.contains("127.0.0.1"), "{text}");
    assert!(!text.contains("MARK"), "{text}");
}

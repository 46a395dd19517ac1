//! Transports in memory: one with scripted responses, one that numbers its tokens.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use easemob_token::transport::{Exchange, Runtime, Task, Transport, TransportError, async_trait};
use easemob_token::{Client, ClientBuilder};

/// The result of one exchange.
pub(crate) type Outcome = Result<http::Response<Bytes>, TransportError>;

/// A transport with a list of outcomes, which records the exchanges. Clones share both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    outcomes: Arc<Mutex<VecDeque<Outcome>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

/// One recorded exchange.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) uri: String,
    pub(crate) body: String,
    pub(crate) authorization: Option<String>,
    pub(crate) plain_http_allowed: bool,
    pub(crate) timeout: Duration,
    pub(crate) max_response_bytes: usize,
}

impl Memory {
    pub(crate) fn responding(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let memory = Self::default();
        memory.outcomes.lock().unwrap().extend(outcomes);
        memory
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

/// A response with this status and JSON body.
pub(crate) fn response(status: u16, json: &str) -> Outcome {
    Ok(http::Response::builder().status(status).body(Bytes::from(json.to_owned())).unwrap())
}

/// A client of the app `org#app` with credentials.
pub(crate) fn builder(transport: impl Transport) -> ClientBuilder {
    Client::builder("https://a1.easemob.com", "org#app")
        .client_credentials("id", "MARK-secret")
        .transport(transport)
}

/// The runtime of these tests.
#[derive(Debug)]
pub(crate) struct Tokio;

#[async_trait]
impl Runtime for Tokio {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        drop(tokio::spawn(task));
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[async_trait]
impl Transport for Memory {
    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        Some(Arc::new(Tokio))
    }

    async fn send(&self, exchange: Exchange) -> Outcome {
        let authorization = exchange.request().headers().get("authorization");
        self.sent.lock().unwrap().push(Sent {
            uri: exchange.uri().to_string(),
            body: String::from_utf8(exchange.request().body().to_vec()).unwrap(),
            authorization: authorization.map(|value| value.to_str().unwrap().to_owned()),
            plain_http_allowed: exchange.is_plain_http_allowed(),
            timeout: exchange.timeout(),
            max_response_bytes: exchange.max_response_bytes(),
        });
        self.outcomes.lock().unwrap().pop_front().expect("more exchanges than outcomes")
    }
}

/// A service in memory that numbers its tokens, which live for an hour, and responds at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbering(Arc<Mutex<Vec<Received>>>);

/// One recorded request.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) time: Instant,
    /// `None` for the app token.
    pub(crate) user: Option<String>,
}

impl Numbering {
    pub(crate) fn received(&self) -> Vec<Received> {
        self.0.lock().unwrap().clone()
    }

    /// Number of requests for this user's token.
    pub(crate) fn requests_for(&self, user: &str) -> usize {
        self.received().iter().filter(|received| received.user.as_deref() == Some(user)).count()
    }
}

#[async_trait]
impl Transport for Numbering {
    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        Some(Arc::new(Tokio))
    }

    async fn send(&self, exchange: Exchange) -> Outcome {
        let body = std::str::from_utf8(exchange.request().body()).unwrap();
        let user = body.split_once(r#""username":""#).and_then(|(_, rest)| rest.split_once('"'));
        let user = user.map(|(user, _)| user.to_owned());
        let mut received = self.0.lock().unwrap();
        received.push(Received { time: Instant::now(), user });
        let number = received.len();
        response(200, &format!(r#"{{"access_token":"{number}","expires_in":3600}}"#))
    }
}

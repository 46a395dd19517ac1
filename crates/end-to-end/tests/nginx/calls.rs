//! Numbered calls of a transport, to compare the requests that arrived with those sent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use easemob_token::transport::http::Request;
use easemob_token::transport::{Exchange, Transport, TransportErrorKind};
use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};
use easemob_token_end_to_end::Adapter;
use serde_json::{Value, json};

use crate::nginx::{Logged, Nginx};

/// Long for loopback, and short enough for a test.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The calls of a transport through one nginx. Each requests the token of another user and has its
/// number in `X-Call`.
pub(crate) struct Calls {
    transport: Arc<dyn Transport>,
    url: String,
    app_token: String,
    begun: AtomicUsize,
}

/// How one call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With the token of its own user, from a worker of this generation.
    Succeeded { generation: u32 },
    /// With another status.
    Refused { status: u16, content_type: String },
    /// Without a response.
    Lost(TransportErrorKind),
}

impl Ended {
    /// Whether the call failed because its connection was closed.
    ///
    /// `Timeout` counts too: if a connection closes while hyper hands a request to it, about one in ten
    /// thousand of these futures never wakes (hyperium/hyper#4122). The request was not sent.
    pub(crate) fn is_lost_with_its_connection(&self) -> bool {
        use TransportErrorKind::{Interrupted, Timeout};
        matches!(self, Self::Lost(Interrupted | Timeout))
    }
}

impl Calls {
    /// Gets an app token from the emulator directly, for calls through nginx.
    pub(crate) async fn through(nginx: &Nginx, emulator: &Emulator, adapter: &Adapter) -> Self {
        let transport = adapter.trusting(nginx.roots());
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": DEMO_CLIENT_ID,
            "client_secret": DEMO_CLIENT_SECRET,
        });
        let request = Request::post(emulator.token_url())
            .header("content-type", "application/json")
            .body(body.to_string())
            .unwrap();
        let response = transport.send(Exchange::new(request)).await.unwrap();
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        emulator.clear_requests();
        Self {
            transport,
            url: emulator.token_url().replace(&emulator.base_url(), &nginx.base_url()),
            app_token: body["access_token"].as_str().unwrap().to_owned(),
            begun: AtomicUsize::new(0),
        }
    }

    /// How many calls were started.
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    /// Makes the next call.
    pub(crate) async fn call(&self) -> (usize, Ended) {
        let number = self.begun.fetch_add(1, Ordering::SeqCst);
        let username = format!("u{number}");
        let body = json!({ "grant_type": "inherit", "username": username, "autoCreateUser": true });
        let request = Request::post(&self.url)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.app_token))
            .header("x-call", number)
            .body(body.to_string())
            .unwrap();
        let exchange = Exchange::new(request).with_timeout(TIMEOUT);
        let response = match self.transport.send(exchange).await {
            Ok(response) => response,
            Err(error) => return (number, Ended::Lost(error.kind())),
        };
        let field = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let status = response.status().as_u16();
        if status != 200 {
            return (number, Ended::Refused { status, content_type: field("content-type") });
        }
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["user"]["username"], username, "the token of another user");
        (number, Ended::Succeeded { generation: field("x-generation").parse().unwrap() })
    }

    /// Makes the next call, which must succeed.
    pub(crate) async fn call_successfully(&self) {
        let (number, ended) = self.call().await;
        assert!(matches!(ended, Ended::Succeeded { .. }), "call {number}: {ended:?}");
    }
}

/// Checks that no call arrived twice, at nginx or at the service, and that each successful call
/// arrived at both.
pub(crate) fn assert_sent_once(successful: &[usize], at_nginx: &[Logged], emulator: &Emulator) {
    let at_nginx = count(at_nginx.iter().map(|own| own.call.clone()));
    let requests = emulator.requests();
    let at_service = count(requests.iter().map(|own| own.header("x-call").unwrap().to_owned()));
    for (place, counted) in [("nginx", at_nginx), ("the service", at_service)] {
        for (call, times) in &counted {
            assert_eq!(*times, 1, "call {call} arrived {times} times at {place}");
        }
        for call in successful {
            let arrived = counted.contains_key(&call.to_string());
            assert!(arrived, "call {call} succeeded and did not arrive at {place}");
        }
    }
}

fn count(calls: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for call in calls {
        *counted.entry(call).or_default() += 1;
    }
    counted
}

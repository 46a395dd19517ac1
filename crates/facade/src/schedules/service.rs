//! A service for schedules, as a transport: it counts requests and fails at random.

use std::fmt;

use easemob_token_core::Uptime;
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::{
    Exchange, Transport, TransportError, TransportErrorKind, async_trait,
};
use http::Response;
use shuttle::future::yield_now;
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::sync::Mutex;

use crate::TestClock;

const UNAUTHORIZED: &str = r#"{"error":"unauthorized"}"#;

/// A service whose app tokens live for a thousand seconds, and which refuses revoked ones.
pub(super) struct Service {
    clock: TestClock,
    /// Percentage of requests that fail.
    failing: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    received: Vec<Uptime>,
    app_tokens: u32,
    revoked_up_to: u32,
}

impl Service {
    pub(super) fn new(clock: TestClock, failing: u32) -> Self {
        Self { clock, failing, state: Mutex::new(State::default()) }
    }

    /// Number of app tokens issued.
    pub(super) fn app_tokens(&self) -> u32 {
        self.state.lock().unwrap().app_tokens
    }

    /// Revokes all app tokens issued so far.
    pub(super) fn revoke(&self) {
        let mut state = self.state.lock().unwrap();
        state.revoked_up_to = state.app_tokens;
    }

    /// Times of the requests.
    pub(super) fn received(&self) -> Vec<Uptime> {
        self.state.lock().unwrap().received.clone()
    }

    fn respond(&self, app_token: Option<u32>) -> Response<Bytes> {
        let mut state = self.state.lock().unwrap();
        match app_token {
            None => {
                state.app_tokens += 1;
                let number = state.app_tokens;
                Response::new(format!(r#"{{"access_token":"{number}","expires_in":1000}}"#).into())
            }
            Some(number) if number <= state.revoked_up_to => {
                let body = Bytes::from_static(UNAUTHORIZED.as_bytes());
                Response::builder().status(401).body(body).unwrap()
            }
            Some(_) => {
                Response::new(Bytes::from_static(br#"{"access_token":"user","expires_in":1000}"#))
            }
        }
    }
}

async fn some_steps() {
    for _ in 0..thread_rng().gen_range(0..3) {
        yield_now().await;
    }
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        self.state.lock().unwrap().received.push(self.clock.uptime());
        let app_token = exchange.request().headers().get("authorization").map(|value| {
            let value = value.to_str().unwrap();
            value.strip_prefix("Bearer ").unwrap().parse().unwrap()
        });
        some_steps().await;
        if thread_rng().gen_range(0..100) < self.failing {
            return Err(TransportErrorKind::Connect.into());
        }
        let response = self.respond(app_token);
        some_steps().await;
        Ok(response)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

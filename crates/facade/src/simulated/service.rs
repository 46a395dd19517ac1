//! A service in simulated time, as a transport: it numbers its tokens and fails as scripted.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::{
    ConnectionUse, Exchange, Runtime, Transport, TransportError, TransportErrorKind, async_trait,
};
use http::Response;

use super::runtime::Simulation;

/// A response or a failure instead of a token.
pub(super) type Fault = dyn Fn() -> Result<Response<Bytes>, TransportError> + Send + Sync;

/// A request that the service received.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) at: Uptime,
    /// The app token that it carried; `None` in a request for an app token.
    pub(super) app_token: Option<String>,
    pub(super) on_fresh_connection: bool,
}

pub(super) struct Settings {
    /// Lifetime of each token in seconds; 0 is an unknown lifetime.
    pub(super) life: u64,
    /// How long each response takes.
    pub(super) latency: Duration,
    /// Never responds.
    pub(super) silent: bool,
    /// Behaves like a transport that ignores its time limit.
    pub(super) hangs: bool,
    pub(super) fault: Option<Arc<Fault>>,
    pub(super) user_fault: Option<Arc<Fault>>,
    /// App tokens that are refused.
    pub(super) revoked: HashSet<String>,
    /// The number of the request that gets the app token of its time revoked.
    pub(super) revoke_after: Option<usize>,
    /// Users whose requests are refused as if their app token were invalid.
    pub(super) refused_users: HashSet<String>,
    /// Issues the same app token again and again.
    pub(super) same_app_token: bool,
    /// Names no user, on a reused connection unless the request needs a fresh one.
    pub(super) nameless: bool,
}

/// The service of one client.
pub(super) struct Service {
    simulation: Simulation,
    pub(super) settings: Mutex<Settings>,
    pub(super) received: Mutex<Vec<Received>>,
}

impl Service {
    pub(super) fn new(simulation: Simulation, life: u64) -> Self {
        let settings = Settings {
            life,
            latency: Duration::ZERO,
            silent: false,
            hangs: false,
            fault: None,
            user_fault: None,
            revoked: HashSet::new(),
            revoke_after: None,
            refused_users: HashSet::new(),
            same_app_token: false,
            nameless: false,
        };
        Self { simulation, settings: Mutex::new(settings), received: Mutex::default() }
    }

    fn respond(
        &self,
        number: usize,
        received: &Received,
        user: Option<&str>,
    ) -> Result<Response<Bytes>, TransportError> {
        let settings = self.settings.lock().unwrap();
        let fault =
            if received.app_token.is_none() { &settings.fault } else { &settings.user_fault };
        if let Some(fault) = fault.clone() {
            drop(settings);
            return fault();
        }
        let is_refused =
            received.app_token.as_ref().is_some_and(|it| settings.revoked.contains(it))
                || user.is_some_and(|it| settings.refused_users.contains(it));
        if is_refused {
            return refusal(401, UNAUTHORIZED)();
        }
        let life = settings.life;
        let number =
            if received.app_token.is_none() && settings.same_app_token { 1 } else { number };
        let names = match user {
            Some(user) if !settings.nameless => format!(r#","user":{{"username":"{user}"}}"#),
            _ => String::new(),
        };
        let body = format!(r#"{{"access_token":"{number}","expires_in":{life}{names}}}"#);
        let mut response = Response::new(Bytes::from(body));
        let reused = settings.nameless && !received.on_fresh_connection;
        let connection = if reused { ConnectionUse::Reused } else { ConnectionUse::Fresh };
        response.extensions_mut().insert(connection);
        Ok(response)
    }
}

pub(super) const UNAUTHORIZED: &str =
    r#"{"error":"unauthorized","error_description":"Unable to authenticate (OAuth)"}"#;

#[async_trait]
impl Transport for Service {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let request = exchange.request();
        let app_token = request.headers().get("authorization").map(|value| {
            let value = value.to_str().unwrap();
            value.strip_prefix("Bearer ").unwrap().to_owned()
        });
        let body = std::str::from_utf8(request.body()).unwrap();
        let user = body.split_once(r#""username":""#).map(|(_, rest)| {
            let (user, _) = rest.split_once('"').unwrap();
            user.to_lowercase()
        });
        let received = Received {
            at: self.simulation.clock().uptime(),
            app_token,
            on_fresh_connection: exchange.needs_fresh_connection(),
        };
        let number = {
            let mut all = self.received.lock().unwrap();
            all.push(received.clone());
            all.len()
        };
        let (latency, silent, hangs) = {
            let mut settings = self.settings.lock().unwrap();
            if settings.revoke_after.take_if(|requests| *requests <= number).is_some() {
                settings.revoked.extend(received.app_token.clone());
            }
            (settings.latency, settings.silent, settings.hangs)
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        let timeout = exchange.timeout();
        if silent || latency >= timeout {
            self.simulation.sleep(timeout).await;
            return Err(TransportErrorKind::Timeout.into());
        }
        self.simulation.sleep(latency).await;
        self.respond(number, &received, user.as_deref())
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

pub(super) fn refusal(status: u16, body: &'static str) -> Arc<Fault> {
    let response =
        move || Response::builder().status(status).body(Bytes::from_static(body.as_bytes()));
    Arc::new(move || Ok(response().unwrap()))
}

pub(super) fn limited(retry_after: Option<&'static str>) -> Arc<Fault> {
    Arc::new(move || {
        let mut response = Response::new(Bytes::from_static(br#"{"error":"reach_limit"}"#));
        *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
        if let Some(pause) = retry_after {
            response.headers_mut().insert("retry-after", pause.parse().unwrap());
        }
        Ok(response)
    })
}

pub(super) fn failure(kind: TransportErrorKind) -> Arc<Fault> {
    Arc::new(move || Err(kind.into()))
}

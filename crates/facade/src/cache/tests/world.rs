//! The simulated world: a clock that is moved, a service with scripted trouble, a runtime on the spot.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use easemob_token_core::{ClientCredentials, FlowLimits, TokenEndpoint, Ttl, TtlUnits};
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::{
    Exchange, Runtime, Transport, TransportError, TransportErrorKind, async_trait,
};

use super::super::*;
use crate::app_token::{AppTokenCache, Credentials};
use crate::clock::Clock;
use crate::on_behalf::OnBehalf;
use crate::pacing::Pacing;
use crate::telemetry::Telemetry;
use crate::user_tokens::{UserTokens, Wish};

/// What the service does instead of giving a token.
pub(super) type Fault = dyn Fn() -> Result<http::Response<Bytes>, TransportError> + Send + Sync;

/// A service that numbers its tokens, each good for so many seconds, or that has some trouble.
#[derive(Default)]
pub(super) struct Service {
    /// When each request arrived, and whether it was for the app token.
    pub(super) asked: Mutex<Vec<(Duration, bool)>>,
    pub(super) life: AtomicU32,
    pub(super) clock: OnceLock<Clock>,
    /// Does not answer for so long, then does as it does.
    pub(super) silence: Mutex<Duration>,
    /// Never answers.
    pub(super) silent: AtomicBool,
    pub(super) trouble: Mutex<Option<Arc<Fault>>>,
    pub(super) user_trouble: Mutex<Option<Arc<Fault>>>,
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, exchange: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let is_app = !exchange.request().headers().contains_key("authorization");
        let clock = self.clock.get().unwrap();
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push((clock.uptime(), is_app));
            asked.len()
        };
        clock.advance(*self.silence.lock().unwrap());
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let trouble = if is_app { &self.trouble } else { &self.user_trouble };
        let trouble = trouble.lock().unwrap().clone();
        if let Some(trouble) = trouble {
            return trouble();
        }
        let life = self.life.load(Ordering::SeqCst);
        let body = format!(r#"{{"access_token":"{number}","expires_in":{life}}}"#);
        Ok(http::Response::new(body.into()))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

/// Runs a task on the spot, as far as it goes: to sleep is to move the clock. One that waits for
/// something else stays where it is for ever, and one that panics is dropped.
#[derive(Debug)]
struct OnTheSpot(Clock);

#[async_trait]
impl Runtime for OnTheSpot {
    fn spawn(&self, mut task: Task) -> Result<(), TransportError> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let step = AssertUnwindSafe(|| task.as_mut().poll(&mut context).is_pending());
        if catch_unwind(step).is_ok_and(|pending| pending) {
            std::mem::forget(task);
        }
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        self.0.advance(time);
    }
}

pub(super) struct World {
    pub(super) cache: Arc<AppTokenCache>,
    pub(super) users: UserTokens,
    pub(super) service: Arc<Service>,
    pub(super) clock: Clock,
    pub(super) events: Arc<Mutex<Vec<String>>>,
}

/// One line an event, with all that it says but the grant and the times.
fn line(event: &Event<'_>) -> String {
    match event {
        Event::Started { refresh, .. } => format!("started, refresh: {refresh}"),
        Event::Succeeded { generation, .. } => format!("succeeded: {generation}"),
        Event::Failed { error, usable, .. } => {
            format!("failed: {}, usable: {usable}", error.kind())
        }
        Event::Hit { .. } => "hit".to_owned(),
        Event::Sent { attempt, .. } => format!("sent: {attempt}"),
        other => format!("{other:?}"),
    }
}

pub(super) fn world(life: u32) -> World {
    let service = Arc::new(Service { life: life.into(), ..Service::default() });
    let clock = Clock::new();
    service.clock.set(clock.clone()).unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let observer = move |event: &Event<'_>| seen.lock().unwrap().push(line(event));
    let (base, app) = ("https://x".parse().unwrap(), "o#a".parse().unwrap());
    let acquirer = Arc::new(Acquirer {
        endpoint: TokenEndpoint::new(&base, &app, TtlUnits::STANDARD).unwrap(),
        transport: Arc::clone(&service) as Arc<dyn Transport>,
        runtime: Arc::new(OnTheSpot(clock.clone())),
        clock: clock.clone(),
        limits: FlowLimits::default(),
        pacing: Pacing::new(300.try_into().unwrap()),
        timeout: Duration::from_secs(10),
        max_response_bytes: 1024,
        plain_http_allowed: false,
        telemetry: Telemetry::new(Some(Arc::new(observer))),
    });
    let grant = ClientCredentials::new("id", "secret").unwrap();
    let cache = TokenCache::new(Credentials { acquirer: Arc::clone(&acquirer), grant });
    let behalf = OnBehalf { acquirer, app_token: Arc::clone(&cache) };
    let users = UserTokens::new(behalf, 10.try_into().unwrap());
    World { cache, users, service, clock, events }
}

pub(super) fn refusal(status: u16, body: &'static str) -> Arc<Fault> {
    let response =
        move || http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes()));
    Arc::new(move || Ok(response().unwrap()))
}

pub(super) fn limited(retry_after: Option<&'static str>) -> Arc<Fault> {
    Arc::new(move || {
        let mut response = http::Response::new(Bytes::from_static(br#"{"error":"reach_limit"}"#));
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

impl World {
    pub(super) async fn token(&self) -> Result<String, Error> {
        self.cache.get().await.map(|token| token.access_token().expose().to_owned())
    }

    pub(super) async fn user_token(&self, username: &str) -> Result<String, Error> {
        let wish = Wish {
            username: username.to_owned(),
            auto_create_user: false,
            ttl: Ttl::ServerDefault,
        };
        self.users.get(&wish).await.map(|token| token.access_token().expose().to_owned())
    }

    pub(super) fn asked(&self) -> usize {
        self.service.asked.lock().unwrap().len()
    }

    /// When app tokens were asked for.
    pub(super) fn app_tokens_asked(&self) -> Vec<Duration> {
        let asked = self.service.asked.lock().unwrap();
        asked.iter().filter(|(_, is_app)| *is_app).map(|(time, _)| *time).collect()
    }

    pub(super) fn trouble(&self, fault: Option<Arc<Fault>>) {
        *self.service.trouble.lock().unwrap() = fault;
    }

    pub(super) fn away(&self, away: bool) {
        self.trouble(away.then(|| failure(TransportErrorKind::Connect)));
    }

    /// What was told since the last time.
    pub(super) fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// The most times in any minute.
pub(super) fn busiest_minute(times: &[Duration]) -> usize {
    const MINUTE: Duration = Duration::from_secs(60);
    let within = |start: Duration| {
        times.iter().filter(|time| (start..start + MINUTE).contains(*time)).count()
    };
    times.iter().map(|&start| within(start)).max().unwrap_or_default()
}

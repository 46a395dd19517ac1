//! The life of a kept token in simulated time: rows 45 to 47 of the fault table, and what leads there.

mod faults;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use easemob_token_core::{AppToken, ClientCredentials, FlowLimits, TokenEndpoint, TtlUnits};
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::{
    Exchange, Runtime, Transport, TransportError, TransportErrorKind, async_trait,
};

use super::*;
use crate::app_token::{AppTokenCache, Credentials};
use crate::clock::Clock;
use crate::on_behalf::OnBehalf;
use crate::pacing::Pacing;
use crate::telemetry::Telemetry;
use crate::user_tokens::{UserTokens, Wish};

/// What the service does instead of giving a token.
type Fault = dyn Fn() -> Result<http::Response<Bytes>, TransportError> + Send + Sync;

/// A service that numbers its tokens, each good for so many seconds, or that has some trouble.
#[derive(Default)]
struct Service {
    /// When each request arrived, and whether it was for the app token.
    asked: Mutex<Vec<(Duration, bool)>>,
    life: AtomicU32,
    clock: OnceLock<Clock>,
    /// Does not answer for so long, then does as it does.
    silence: Mutex<Duration>,
    /// Never answers.
    silent: AtomicBool,
    trouble: Mutex<Option<Arc<Fault>>>,
    user_trouble: Mutex<Option<Arc<Fault>>>,
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

struct World {
    cache: Arc<AppTokenCache>,
    users: UserTokens,
    service: Arc<Service>,
    clock: Clock,
    events: Arc<Mutex<Vec<String>>>,
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

fn world(life: u32) -> World {
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

fn refusal(status: u16, body: &'static str) -> Arc<Fault> {
    let response =
        move || http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes()));
    Arc::new(move || Ok(response().unwrap()))
}

fn limited(retry_after: Option<&'static str>) -> Arc<Fault> {
    Arc::new(move || {
        let mut response = http::Response::new(Bytes::from_static(br#"{"error":"reach_limit"}"#));
        *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
        if let Some(pause) = retry_after {
            response.headers_mut().insert("retry-after", pause.parse().unwrap());
        }
        Ok(response)
    })
}

fn failure(kind: TransportErrorKind) -> Arc<Fault> {
    Arc::new(move || Err(kind.into()))
}

impl World {
    async fn token(&self) -> Result<String, Error> {
        self.cache.get().await.map(|token| token.access_token().expose().to_owned())
    }

    async fn user_token(&self, username: &str) -> Result<String, Error> {
        let wish = Wish {
            username: username.to_owned(),
            auto_create_user: false,
            ttl: easemob_token_core::Ttl::ServerDefault,
        };
        self.users.get(&wish).await.map(|token| token.access_token().expose().to_owned())
    }

    fn asked(&self) -> usize {
        self.service.asked.lock().unwrap().len()
    }

    /// When app tokens were asked for.
    fn app_tokens_asked(&self) -> Vec<Duration> {
        let asked = self.service.asked.lock().unwrap();
        asked.iter().filter(|(_, is_app)| *is_app).map(|(time, _)| *time).collect()
    }

    fn trouble(&self, fault: Option<Arc<Fault>>) {
        *self.service.trouble.lock().unwrap() = fault;
    }

    fn away(&self, away: bool) {
        self.trouble(away.then(|| failure(TransportErrorKind::Connect)));
    }

    /// What was told since the last time.
    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// The most times in any minute.
fn busiest_minute(times: &[Duration]) -> usize {
    const MINUTE: Duration = Duration::from_secs(60);
    let within = |start: Duration| {
        times.iter().filter(|time| (start..start + MINUTE).contains(*time)).count()
    };
    times.iter().map(|&start| within(start)).max().unwrap_or_default()
}

#[tokio::test]
async fn a_token_near_its_end_is_used_while_it_is_renewed() {
    let world = world(1_000);
    assert_eq!(world.token().await.unwrap(), "1");
    world.pass(740);
    assert_eq!(world.token().await.unwrap(), "1");
    assert_eq!(world.asked(), 1);
    world.pass(120);
    // The caller who starts the renewal takes the old one, the next one the new.
    assert_eq!(world.token().await.unwrap(), "1");
    assert_eq!(world.token().await.unwrap(), "2");
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_renewal_is_told_as_one_and_its_failure_as_one_that_nobody_saw() {
    let world = world(1_000);
    world.token().await.unwrap();
    world.told();
    world.pass(860);
    world.away(true);
    world.token().await.unwrap();
    let failed = ["started, refresh: true", "sent: 1", "failed: connect, usable: true", "hit"];
    assert_eq!(world.told(), failed);
    world.away(false);
    world.pass(10);
    world.token().await.unwrap();
    let succeeded = ["started, refresh: true", "sent: 1", "succeeded: 2", "hit"];
    assert_eq!(world.told(), succeeded);
    world.token().await.unwrap();
    assert_eq!(world.told(), ["hit"]);
}

#[tokio::test]
async fn a_token_at_its_end_is_waited_for() {
    let world = world(1_000);
    assert_eq!(world.token().await.unwrap(), "1");
    world.pass(941);
    assert_eq!(world.token().await.unwrap(), "2");
}

#[tokio::test]
async fn row_45_a_day_without_the_service_fails_no_call_while_a_token_is_usable() {
    let world = world(7 * 86_400);
    assert_eq!(world.token().await.unwrap(), "1");
    // Beyond 85 % of its life, and so due, and a day and more before its end.
    world.pass(515_000);
    world.away(true);
    for _ in 0..86_400 {
        assert_eq!(world.token().await.unwrap(), "1");
        world.pass(1);
    }
    let sent = world.asked() - 1;
    assert!((1_400..=1_450).contains(&sent), "{sent}");
    assert!(busiest_minute(&world.app_tokens_asked()) <= 10);
    world.away(false);
    world.pass(60);
    assert_eq!(world.token().await.unwrap(), "1");
    assert_ne!(world.token().await.unwrap(), "1");
}

#[tokio::test]
async fn row_46_an_outage_beyond_the_tokens_end_ends_within_ten_seconds_of_recovery() {
    use crate::ErrorKind::{Connect, MalformedResponse, ServerError, Timeout};
    for (fault, silence, kind) in [
        (failure(TransportErrorKind::Connect), 0, Connect),
        (failure(TransportErrorKind::Timeout), 10, Timeout),
        (refusal(503, ""), 2, ServerError),
        (refusal(200, "<html>"), 0, MalformedResponse),
    ] {
        for outage in [70, 100, 121, 300, 3_600] {
            let world = world(1_000);
            assert_eq!(world.token().await.unwrap(), "1");
            world.pass(935);
            world.trouble(Some(Arc::clone(&fault)));
            for _ in 0..5 {
                assert_eq!(world.token().await.unwrap(), "1");
                world.pass(1);
            }
            world.pass(20);
            *world.service.silence.lock().unwrap() = Duration::from_secs(silence);
            // A failing acquisition takes some of the simulated seconds by itself.
            let end = world.clock.uptime() + Duration::from_secs(outage);
            while world.clock.uptime() < end {
                assert_eq!(world.token().await.unwrap_err().kind(), kind);
                world.pass(1);
            }
            *world.service.silence.lock().unwrap() = Duration::ZERO;
            world.trouble(None);
            let recovered = world.clock.uptime();
            while world.token().await.is_err() {
                world.pass(1);
            }
            let time = world.clock.uptime() - recovered;
            assert!(time <= Duration::from_millis(10_500), "{kind}: {time:?} after {outage} s");
            let busiest = busiest_minute(&world.app_tokens_asked());
            assert!(busiest <= 10, "{kind}: {busiest}");
        }
    }
}

#[tokio::test]
async fn row_47_clocks_that_jump_cost_at_most_one_request_and_revive_no_dead_token() {
    let (year, life) = (Duration::from_secs(365 * 86_400), 60 * 86_400);

    let set_back = world(life);
    assert_eq!(set_back.token().await.unwrap(), "1");
    set_back.clock.set_back(year);
    assert_eq!(set_back.token().await.unwrap(), "1");
    // Its life goes on: on the monotonic clock it ends as if nothing had happened.
    set_back.pass(u64::from(life) - 59);
    assert_eq!(set_back.token().await.unwrap(), "2");
    assert_eq!(set_back.asked(), 2);

    let set_ahead = world(life);
    assert_eq!(set_ahead.token().await.unwrap(), "1");
    set_ahead.clock.suspend(year);
    assert_eq!(set_ahead.token().await.unwrap(), "2");
    assert_eq!(set_ahead.token().await.unwrap(), "2");
    // Set right again, nothing is asked for anew.
    set_ahead.clock.set_back(year);
    assert_eq!(set_ahead.token().await.unwrap(), "2");
    assert_eq!(set_ahead.asked(), 2);

    let suspended = world(life);
    assert_eq!(suspended.token().await.unwrap(), "1");
    suspended.clock.suspend(Duration::from_secs(61 * 86_400));
    assert_eq!(suspended.token().await.unwrap(), "2");
    assert_eq!(suspended.asked(), 2);
}

#[tokio::test]
async fn a_refresh_that_brings_no_lifetime_does_not_take_the_good_token_away() {
    let world = world(1_000);
    assert_eq!(world.token().await.unwrap(), "1");
    world.service.life.store(0, Ordering::SeqCst);
    world.pass(860);
    for _ in 0..70 {
        assert_eq!(world.token().await.unwrap(), "1");
        world.pass(1);
    }
    assert!(world.asked() <= 3, "{}", world.asked());
    // Reported as refused, it goes.
    let old = world.cache.get().await.unwrap();
    world.cache.invalidate(old.access_token());
    assert_ne!(world.token().await.unwrap(), "1");
}

#[tokio::test]
async fn a_shared_token_stays_what_it_is_and_a_clone_of_it_too() {
    let world = world(1_000);
    let first = world.cache.get().await.unwrap();
    let kept: Vec<Shared<AppToken>> = (0..100).map(|_| world.cache.fresh().unwrap()).collect();
    world.cache.invalidate(first.access_token());
    let second = world.cache.get().await.unwrap();
    assert!((first.generation(), second.generation()) == (1, 2));
    for old in kept.iter().cloned().chain([first.clone(), first]) {
        assert_eq!(old.access_token().expose(), "1");
    }
    assert_eq!(format!("{:?}", second.access_token()), "AccessToken(***)");
    assert!(!format!("{second:?}").contains("\"2\""));
    drop(world);
    assert_eq!(second.access_token().expose(), "2");
}

//! The life of a kept token in simulated time: rows 45 to 47 of the fault table, and what leads there.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use easemob_token_core::{AppToken, ClientCredentials, FlowLimits, TokenEndpoint, TtlUnits};
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::{
    Exchange, Runtime, Transport, TransportError, TransportErrorKind, async_trait,
};

use super::*;
use crate::app_token::{AppTokenCache, Credentials};
use crate::clock::Clock;
use crate::pacing::Pacing;
use crate::telemetry::Telemetry;

/// A service that numbers its tokens, each good for so many seconds, or that is away.
#[derive(Debug, Default)]
struct Service {
    asked: AtomicU32,
    away: AtomicBool,
    life: AtomicU32,
}

#[async_trait]
impl Transport for Service {
    async fn send(&self, _: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        if self.away.load(Ordering::SeqCst) {
            return Err(TransportErrorKind::Connect.into());
        }
        let life = self.life.load(Ordering::SeqCst);
        let body = format!(r#"{{"access_token":"{number}","expires_in":{life}}}"#);
        Ok(http::Response::new(body.into()))
    }
}

/// Runs a task on the spot, which ends since nothing here waits for anything: to sleep is to move
/// the clock.
#[derive(Debug)]
struct OnTheSpot(Clock);

#[async_trait]
impl Runtime for OnTheSpot {
    fn spawn(&self, mut task: Task) -> Result<(), TransportError> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(task.as_mut().poll(&mut context).is_ready());
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        self.0.advance(time);
    }
}

struct World {
    cache: Arc<AppTokenCache>,
    service: Arc<Service>,
    clock: Clock,
}

fn world(life: u32) -> World {
    let service = Arc::new(Service { life: life.into(), ..Service::default() });
    let clock = Clock::new();
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
        telemetry: Telemetry::new(None),
    });
    let grant = ClientCredentials::new("id", "secret").unwrap();
    World { cache: TokenCache::new(Credentials { acquirer, grant }), service, clock }
}

impl World {
    async fn token(&self) -> Result<String, Error> {
        self.cache.get().await.map(|token| token.access_token().expose().to_owned())
    }

    fn asked(&self) -> u32 {
        self.service.asked.load(Ordering::SeqCst)
    }

    fn away(&self, away: bool) {
        self.service.away.store(away, Ordering::SeqCst);
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
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
    world.away(false);
    world.pass(60);
    assert_eq!(world.token().await.unwrap(), "1");
    assert_ne!(world.token().await.unwrap(), "1");
}

#[tokio::test]
async fn row_46_an_outage_beyond_the_tokens_end_ends_within_ten_seconds_of_recovery() {
    for outage in [70, 100, 121, 300, 3_600] {
        let world = world(1_000);
        assert_eq!(world.token().await.unwrap(), "1");
        world.pass(935);
        world.away(true);
        for _ in 0..5 {
            assert_eq!(world.token().await.unwrap(), "1");
            world.pass(1);
        }
        // A failing acquisition takes some of the simulated seconds by itself.
        let end = world.clock.uptime() + Duration::from_secs(outage);
        while world.clock.uptime() < end {
            assert_eq!(world.token().await.unwrap_err().kind(), crate::ErrorKind::Connect);
            world.pass(1);
        }
        world.away(false);
        let recovered = world.clock.uptime();
        while world.token().await.is_err() {
            world.pass(1);
        }
        let time = world.clock.uptime() - recovered;
        assert!(time <= Duration::from_millis(10_500), "{time:?} after {outage} s");
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

//! A clock that the test moves, together with the emulator's.

use std::time::Duration;

use easemob_token::hyper::HyperTransport;
use easemob_token::{Client, ErrorKind, TestClock};
use easemob_token_emulator::{Emulator, Fault};

use crate::driving::{in_time, yield_to_tasks};
use crate::end_to_end::client_of;
use crate::recorder::Recorder;

const DAY: Duration = Duration::from_secs(86_400);

async fn world() -> (Emulator, TestClock, Client) {
    let (emulator, clock) = (Emulator::start().await.unwrap(), TestClock::new());
    let builder = client_of(&emulator, HyperTransport::new()).clock(clock.clone());
    let client = builder.cache_user_tokens(10).build().unwrap();
    (emulator, clock, client)
}

#[tokio::test]
async fn renewal_expiry_and_suspension_are_seen_without_waiting() {
    let (emulator, clock, client) = world().await;
    let first = client.user_token("c").await.unwrap();
    let is_first = |token: easemob_token::UserToken| {
        token.access_token().expose() == first.access_token().expose()
    };
    let pass = |time| {
        clock.advance(time);
        emulator.advance(time);
    };
    pass(44 * DAY);
    assert!(is_first(client.user_token("c").await.unwrap()));
    assert_eq!(emulator.request_count(), 2);
    // Beyond 85 % of its life: returned at once, and renewed with a new app token.
    pass(8 * DAY);
    assert!(is_first(client.user_token("c").await.unwrap()));
    in_time(emulator.wait_for_requests(4)).await;
    while is_first(client.user_token("c").await.unwrap()) {
        tokio::task::yield_now().await;
    }
    let expired = client.app_token().await.unwrap().generation();
    pass(61 * DAY);
    assert_eq!(client.app_token().await.unwrap().generation(), expired + 1);
    clock.suspend(61 * DAY);
    emulator.advance(61 * DAY);
    assert_eq!(client.app_token().await.unwrap().generation(), expired + 2);
    // A wall clock that is set back revives nothing and costs nothing.
    clock.set_back(400 * DAY);
    assert_eq!(client.app_token().await.unwrap().generation(), expired + 2);
    assert_eq!(clock.elapsed(), 113 * DAY);
    clock.advance(Duration::MAX);
    // As far as the clock counts, 584 years.
    assert_eq!(clock.elapsed(), Duration::from_nanos(u64::MAX));
}

#[tokio::test]
async fn a_pause_between_requests_ends_when_the_clock_is_moved() {
    let (emulator, clock, client) = world().await;
    emulator.inject(Fault::rate_limited(Some(Duration::from_secs(15)))).unwrap();
    let call = tokio::spawn(async move { client.app_token().await.map(|it| it.generation()) });
    // The response of the first request has to arrive before the clock is moved.
    in_time(emulator.wait_for_requests(1)).await;
    while emulator.requests().is_empty() {
        yield_to_tasks().await;
    }
    in_time(async {
        while emulator.request_count() == 1 {
            clock.advance(Duration::from_millis(50));
            yield_to_tasks().await;
        }
    })
    .await;
    assert!(clock.elapsed() >= Duration::from_secs(15), "{:?}", clock.elapsed());
    assert_eq!(in_time(call).await.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn a_jump_of_the_clock_starts_no_second_request() {
    let (emulator, clock, client) = world().await;
    let hold = emulator.hold();
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.app_token().await.map(drop) }
    });
    in_time(emulator.wait_for_requests(1)).await;
    clock.advance(DAY);
    // The caller's own deadline is over; the acquisition goes on.
    assert_eq!(in_time(call).await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    hold.release();
    assert_eq!(in_time(client.app_token()).await.unwrap().generation(), 1);
    assert_eq!(emulator.request_count(), 1);
}

#[tokio::test]
async fn an_outage_is_warned_about_once_a_minute_and_not_for_each_caller() {
    let (recorder, _guard) = Recorder::start();
    let (emulator, clock) = (Emulator::start().await.unwrap(), TestClock::new());
    let builder = client_of(&emulator, HyperTransport::new()).clock(clock.clone());
    let client = builder.max_attempts(1).build().unwrap();
    let fails = async || drop(client.user_token("c").await.unwrap_err());
    emulator.inject(Fault::rate_limited(Some(Duration::from_secs(3600)))).unwrap();
    let mut warnings = Vec::new();
    for _ in 0..3_600 / 30 - 1 {
        fails().await;
        clock.advance(Duration::from_secs(30));
        warnings.extend(recorder.warnings());
    }
    // The app token's failure is remembered for an hour; those of its callers are no news.
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains(r#"grant="client_credentials""#), "{warnings:?}");
    emulator.inject(Fault::gateway(502).always()).unwrap();
    clock.advance(DAY);
    for _ in 0..120 {
        fails().await;
        clock.advance(Duration::from_secs(1));
    }
    assert!(emulator.request_count() > 10, "{}", emulator.request_count());
    assert_eq!(recorder.warnings().len(), 2);
}

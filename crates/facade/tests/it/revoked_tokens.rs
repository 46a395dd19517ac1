//! App tokens that die early, and endpoints that say so of good ones: rows 63 to 65 of the fault table.

use std::sync::{Arc, Mutex};

use easemob_token::transport::Transport;
use easemob_token::{Client, ErrorKind, Event, GrantType};
use easemob_token_emulator::{Emulator, Fault, Grant, ReceivedRequest, Refusal};
use tokio::task::JoinSet;

use crate::calls::in_time;
use crate::end_to_end::client_of;

/// The requests for app tokens.
fn app_tokens(emulator: &Emulator) -> usize {
    let is_app_token =
        |request: &&ReceivedRequest| request.grant() == Some(Grant::ClientCredentials);
    emulator.requests().iter().filter(is_app_token).count()
}

/// Waits until another app token than the first one is in use.
async fn replaced(client: &Client) {
    let replaced = async {
        while client.app_token().await.unwrap().generation() == 1 {
            tokio::task::yield_now().await;
        }
    };
    in_time(replaced).await;
}

/// So many callers that go on until the reporters have ended. Their number of calls.
async fn undisturbed(client: &Client, reporters: JoinSet<()>) -> usize {
    let (ended, has_ended) = tokio::sync::watch::channel(false);
    let mut others = JoinSet::new();
    for number in 0..4 {
        let (client, has_ended) = (client.clone(), has_ended.clone());
        others.spawn(async move {
            let mut calls = 0;
            while !*has_ended.borrow() {
                in_time(client.app_token()).await.unwrap();
                let user = client.user_token(format!("user-{number}")).auto_create_user(true);
                in_time(user.into_future()).await.unwrap();
                calls += 1;
            }
            calls
        });
    }
    reporters.join_all().await;
    ended.send(true).unwrap();
    others.join_all().await.into_iter().sum()
}

async fn row_63_an_endpoint_that_refuses_every_token_harms_no_other_caller(
    transport: impl Transport,
) {
    let emulator = Emulator::builder().no_request_limit().start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let mut reporters = JoinSet::new();
    for _ in 0..10 {
        let client = client.clone();
        reporters.spawn(async move {
            for _ in 0..100 {
                let mut authorization = client.authorize().await.unwrap();
                // The documented loop; the endpoint says 401 to every token.
                while in_time(authorization.renew()).await.unwrap() {}
                tokio::task::yield_now().await;
            }
        });
    }
    assert!(undisturbed(&client, reporters).await > 0);
    assert!((2..=3).contains(&app_tokens(&emulator)), "{}", app_tokens(&emulator));
}

async fn row_63_a_user_whom_the_service_refuses_harms_no_other_caller(transport: impl Transport) {
    let emulator = Emulator::builder().no_request_limit().start().await.unwrap();
    let refusal = Fault::refusal(Refusal::AppTokenInvalid).for_user("bad").always();
    emulator.inject(refusal).unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let mut reporters = JoinSet::new();
    let reporter = client.clone();
    reporters.spawn(async move {
        for _ in 0..3 {
            let error = in_time(reporter.user_token("bad").into_future()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
        }
    });
    assert!(undisturbed(&client, reporters).await > 0);
    assert!((2..=3).contains(&app_tokens(&emulator)), "{}", app_tokens(&emulator));
}

async fn row_64_a_token_that_is_revoked_twice_within_a_minute_fails_no_call(
    transport: impl Transport,
) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).keep_user_tokens(10).build().unwrap();
    for (number, revoked) in [(0, false), (1, true), (2, true)] {
        if revoked {
            emulator.revoke_app_tokens();
        }
        let user = client.user_token(format!("user-{number}")).auto_create_user(true);
        in_time(user.into_future()).await.unwrap();
        assert_eq!(app_tokens(&emulator), 1 + number);
    }
}

/// One request for a token: the call that finds the app token revoked fails, and no other.
async fn row_64_with_one_attempt_a_revoked_token_costs_the_call_that_finds_out(
    transport: impl Transport,
) {
    let transport = Arc::new(transport);
    for keep in [false, true] {
        let emulator = Emulator::start().await.unwrap();
        let builder = client_of(&emulator, Arc::clone(&transport)).max_attempts(1);
        let builder = if keep { builder.keep_user_tokens(10) } else { builder };
        let client = builder.build().unwrap();
        let call = |user: &str| client.user_token(user).auto_create_user(true).into_future();
        in_time(call("alice")).await.unwrap();
        emulator.revoke_app_tokens();
        let error = in_time(call("bob")).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthorized, 1), "{error}");
        replaced(&client).await;
        // The one that failed does not rest for what was the app token's fault.
        for user in ["bob", "carol", "dave"] {
            in_time(call(user)).await.unwrap();
        }
        assert_eq!(app_tokens(&emulator), 2);
    }
}

/// What the observer of a client has counted of its user tokens.
#[derive(Clone, Copy, Default)]
struct Counts {
    sent: usize,
    succeeded: usize,
    refused: usize,
    /// The most requests in flight.
    in_flight: usize,
}

async fn row_65_a_revocation_in_the_middle_of_a_burst_fails_no_caller(transport: impl Transport) {
    let emulator = Emulator::builder().no_request_limit().start().await.unwrap();
    let counts = Arc::<Mutex<Counts>>::default();
    let counting = Arc::clone(&counts);
    let observer = move |event: &Event<'_>| {
        let mut counts = counting.lock().unwrap();
        match event {
            Event::Sent { grant: GrantType::Inherit, .. } => counts.sent += 1,
            Event::Succeeded { grant: GrantType::Inherit, .. } => counts.succeeded += 1,
            Event::Retrying { grant: GrantType::Inherit, .. } => counts.refused += 1,
            _ => {}
        }
        counts.in_flight = counts.in_flight.max(counts.sent - counts.succeeded - counts.refused);
    };
    let builder = client_of(&emulator, transport).requests_per_second(400).observer(observer);
    let client = builder.build().unwrap();
    client.app_token().await.unwrap();
    let mut callers = JoinSet::new();
    for number in 0..1_000 {
        let user = client.user_token(format!("user-{number}")).auto_create_user(true);
        callers.spawn(user.into_future());
    }
    in_time(emulator.wait_for_requests(500)).await;
    emulator.revoke_app_tokens();
    for result in in_time(callers.join_all()).await {
        result.unwrap();
    }
    assert_eq!(app_tokens(&emulator), 2);
    // Those that were in flight carry the old token, and not the hundreds that wait for their turn.
    let refused = emulator.requests().iter().filter(|it| it.status() == Some(401)).count();
    let in_flight = counts.lock().unwrap().in_flight;
    assert!((1..=in_flight + 2).contains(&refused), "{refused} of {in_flight}");
}

over_each_transport!(
    row_63_an_endpoint_that_refuses_every_token_harms_no_other_caller,
    row_63_a_user_whom_the_service_refuses_harms_no_other_caller,
    row_64_a_token_that_is_revoked_twice_within_a_minute_fails_no_call,
    row_64_with_one_attempt_a_revoked_token_costs_the_call_that_finds_out,
    row_65_a_revocation_in_the_middle_of_a_burst_fails_no_caller,
);

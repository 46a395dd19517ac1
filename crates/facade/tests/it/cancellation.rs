//! Callers that are cancelled, at every step of an acquisition: row 43 of the fault table.

use std::pin::{Pin, pin};
use std::sync::Arc;

use easemob_token::transport::Transport;
use easemob_token::{Error, UserToken};
use easemob_token_emulator::{BodyKind, Emulator, Fault, Grant, ReceivedRequest};
use tokio::task::JoinSet;

use crate::driving::{begin, in_time, user_call, yield_to_tasks};
use crate::end_to_end::client_of;
use crate::many_callers::callers;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    BeforeTheRequestIsSent,
    WhileTheResponseIsHeld,
    BeforeARetry,
}

async fn row_43_cancelled_callers_neither_stop_nor_restart_the_acquisition(
    transport: impl Transport,
) {
    use Step::{BeforeARetry, BeforeTheRequestIsSent, WhileTheResponseIsHeld};
    let transport = Arc::new(transport);
    let mut cases = JoinSet::new();
    for step in [BeforeTheRequestIsSent, WhileTheResponseIsHeld, BeforeARetry] {
        for all in [false, true] {
            let transport = Arc::clone(&transport);
            cases.spawn(async move {
                let emulator = Emulator::start().await.unwrap();
                let client = client_of(&emulator, transport).build().unwrap();
                let mut ended = emulator.subscribe();
                let hold = (step != BeforeARetry).then(|| emulator.hold());
                if step == BeforeARetry {
                    emulator.inject(Fault::server_error(503, BodyKind::Empty)).unwrap();
                }
                // The caller that starts it, and those that wait for it.
                let mut leader = Box::pin(client.app_token());
                begin(leader.as_mut()).await;
                let mut others = callers(&client, 100);
                match step {
                    BeforeTheRequestIsSent => {}
                    WhileTheResponseIsHeld => {
                        emulator.wait_for_requests(1).await;
                        yield_to_tasks().await;
                    }
                    BeforeARetry => {
                        assert_eq!(ended.next().await.unwrap().status(), Some(503));
                        yield_to_tasks().await;
                    }
                }
                drop(leader);
                if all {
                    others.shutdown().await;
                }
                drop(hold);
                let token = in_time(client.app_token()).await.unwrap();
                for other in in_time(others.join_all()).await {
                    assert_eq!(other.unwrap(), token.access_token().expose());
                }
                // It is cached.
                assert_eq!(client.app_token().await.unwrap().generation(), 1);
                let requests = if step == BeforeARetry { 2 } else { 1 };
                assert_eq!(emulator.request_count(), requests, "{step:?}, all: {all}");
            });
        }
    }
    cases.join_all().await;
}

/// Spawns callers of one user's token.
fn user_callers(client: &easemob_token::Client) -> JoinSet<Result<UserToken, Error>> {
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        callers.spawn(user_call(client, "c"));
    }
    callers
}

async fn row_43_the_app_token_is_cached_though_all_its_callers_are_cancelled(
    transport: impl Transport,
) {
    let transport = Arc::new(transport);
    for cache in [false, true] {
        let emulator = Emulator::start().await.unwrap();
        let builder = client_of(&emulator, Arc::clone(&transport));
        let builder = if cache { builder.cache_user_tokens(10) } else { builder };
        let client = builder.build().unwrap();
        let hold = emulator.hold();
        let mut leader = client.user_token("c").into_future();
        begin(Pin::new(&mut leader)).await;
        let mut others = user_callers(&client);
        emulator.wait_for_requests(1).await;
        yield_to_tasks().await;
        drop(leader);
        others.shutdown().await;
        hold.release();
        in_time(client.user_token("c").into_future()).await.unwrap();
        let grants: Vec<_> = emulator.requests().iter().map(ReceivedRequest::grant).collect();
        assert_eq!(
            grants,
            [Some(Grant::ClientCredentials), Some(Grant::Inherit)],
            "cache: {cache}"
        );
    }
}

async fn row_43_a_user_token_is_cached_though_all_its_callers_are_cancelled(
    transport: impl Transport,
) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).cache_user_tokens(10).build().unwrap();
    client.app_token().await.unwrap();
    let hold = emulator.hold();
    let mut callers = user_callers(&client);
    emulator.wait_for_requests(2).await;
    yield_to_tasks().await;
    callers.shutdown().await;
    hold.release();
    let first = in_time(client.user_token("c").into_future()).await.unwrap();
    let second = client.user_token("C").await.unwrap();
    assert_eq!(first.access_token().expose(), second.access_token().expose());
    assert_eq!(emulator.request_count(), 2);
}

/// The exchange of a user token that is not cached ends with its caller.
async fn row_43_no_retry_is_sent_for_a_cancelled_call_that_is_not_cached(
    transport: impl Transport,
) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let mut ended = emulator.subscribe();
    emulator.inject(Fault::server_error(503, BodyKind::Empty).always()).unwrap();
    {
        let mut call = pin!(client.user_token_by_password("c", "1").into_future());
        begin(call.as_mut()).await;
        let first_response = ended.next();
        tokio::select! {
            result = &mut call => panic!("too early: {result:?}"),
            first = first_response => assert_eq!(first.unwrap().status(), Some(503)),
        }
    }
    emulator.clear_faults();
    in_time(client.user_token_by_password("c", "1").into_future()).await.unwrap();
    assert_eq!(emulator.request_count(), 2);
}

over_each_transport!(
    row_43_cancelled_callers_neither_stop_nor_restart_the_acquisition,
    row_43_the_app_token_is_cached_though_all_its_callers_are_cancelled,
    row_43_a_user_token_is_cached_though_all_its_callers_are_cancelled,
    row_43_no_retry_is_sent_for_a_cancelled_call_that_is_not_cached,
);

//! Callers who give up, at every moment of an acquisition: row 43 of the fault table.

use std::pin::pin;
use std::sync::Arc;

use easemob_token::transport::Transport;
use easemob_token::{Error, UserToken};
use easemob_token_emulator::{BodyKind, Emulator, Fault, Grant, ReceivedRequest};
use tokio::task::JoinSet;

use crate::calls::{begin, everybody_has_a_turn, in_time};
use crate::end_to_end::client_of;
use crate::herd::callers;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    BeforeTheRequestIsSent,
    WhileTheAnswerIsHeld,
    BeforeARetry,
}

async fn row_43_callers_who_give_up_neither_stop_nor_restart_the_acquisition(
    transport: impl Transport,
) {
    use Moment::{BeforeARetry, BeforeTheRequestIsSent, WhileTheAnswerIsHeld};
    let transport = Arc::new(transport);
    let mut cases = JoinSet::new();
    for moment in [BeforeTheRequestIsSent, WhileTheAnswerIsHeld, BeforeARetry] {
        for all in [false, true] {
            let transport = Arc::clone(&transport);
            cases.spawn(async move {
                let emulator = Emulator::start().await.unwrap();
                let client = client_of(&emulator, transport).build().unwrap();
                let mut ended = emulator.subscribe();
                let hold = (moment != BeforeARetry).then(|| emulator.hold());
                if moment == BeforeARetry {
                    emulator.inject(Fault::server_error(503, BodyKind::Empty)).unwrap();
                }
                // The one who starts it, and those who wait for it.
                let mut leader = Box::pin(client.app_token());
                begin(leader.as_mut()).await;
                let mut others = callers(&client, 100);
                match moment {
                    BeforeTheRequestIsSent => {}
                    WhileTheAnswerIsHeld => {
                        emulator.wait_for_requests(1).await;
                        everybody_has_a_turn().await;
                    }
                    BeforeARetry => {
                        assert_eq!(ended.next().await.unwrap().status(), Some(503));
                        everybody_has_a_turn().await;
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
                // It is kept.
                assert_eq!(client.app_token().await.unwrap().generation(), 1);
                let requests = if moment == BeforeARetry { 2 } else { 1 };
                assert_eq!(emulator.request_count(), requests, "{moment:?}, all: {all}");
            });
        }
    }
    cases.join_all().await;
}

/// So many callers who want the token of one user, all of them started.
fn user_callers(client: &easemob_token::Client) -> JoinSet<Result<UserToken, Error>> {
    let mut callers = JoinSet::new();
    for _ in 0..50 {
        callers.spawn(client.user_token("c").into_future());
    }
    callers
}

async fn row_43_the_app_token_is_kept_though_all_who_need_it_for_a_user_give_up(
    transport: impl Transport,
) {
    let transport = Arc::new(transport);
    for keep in [false, true] {
        let emulator = Emulator::start().await.unwrap();
        let builder = client_of(&emulator, Arc::clone(&transport));
        let builder = if keep { builder.keep_user_tokens(10) } else { builder };
        let client = builder.build().unwrap();
        let hold = emulator.hold();
        let mut leader = client.user_token("c").into_future();
        begin(leader.as_mut()).await;
        let mut others = user_callers(&client);
        emulator.wait_for_requests(1).await;
        everybody_has_a_turn().await;
        drop(leader);
        others.shutdown().await;
        hold.release();
        in_time(client.user_token("c").into_future()).await.unwrap();
        let grants: Vec<_> = emulator.requests().iter().map(ReceivedRequest::grant).collect();
        assert_eq!(grants, [Some(Grant::ClientCredentials), Some(Grant::Inherit)], "keep: {keep}");
    }
}

async fn row_43_a_kept_user_token_comes_though_all_who_asked_for_it_give_up(
    transport: impl Transport,
) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).keep_user_tokens(10).build().unwrap();
    client.app_token().await.unwrap();
    let hold = emulator.hold();
    let mut callers = user_callers(&client);
    emulator.wait_for_requests(2).await;
    everybody_has_a_turn().await;
    callers.shutdown().await;
    hold.release();
    let first = in_time(client.user_token("c").into_future()).await.unwrap();
    let second = client.user_token("C").await.unwrap();
    assert_eq!(first.access_token().expose(), second.access_token().expose());
    assert_eq!(emulator.request_count(), 2);
}

/// A user token that is not kept is its caller's alone: who gives up ends the exchange.
async fn row_43_nobody_is_asked_on_behalf_of_a_single_caller_who_gave_up(
    transport: impl Transport,
) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let mut ended = emulator.subscribe();
    emulator.inject(Fault::server_error(503, BodyKind::Empty).always()).unwrap();
    {
        let mut call = pin!(client.user_token_by_password("c", "1").into_future());
        begin(call.as_mut()).await;
        let first_answer = ended.next();
        tokio::select! {
            result = &mut call => panic!("too early: {result:?}"),
            first = first_answer => assert_eq!(first.unwrap().status(), Some(503)),
        }
    }
    emulator.clear_faults();
    in_time(client.user_token_by_password("c", "1").into_future()).await.unwrap();
    assert_eq!(emulator.request_count(), 2);
}

over_each_transport!(
    row_43_callers_who_give_up_neither_stop_nor_restart_the_acquisition,
    row_43_the_app_token_is_kept_though_all_who_need_it_for_a_user_give_up,
    row_43_a_kept_user_token_comes_though_all_who_asked_for_it_give_up,
    row_43_nobody_is_asked_on_behalf_of_a_single_caller_who_gave_up,
);

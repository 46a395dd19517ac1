//! Ten thousand callers and one request, over every transport compiled in.

use std::time::Duration;

use easemob_token::transport::Transport;
use easemob_token::{Client, ErrorKind};
use easemob_token_emulator::{BodyKind, Emulator, Fault};
use tokio::task::JoinSet;

use crate::end_to_end::client_of;

const CALLERS: usize = 10_000;

/// So many callers who want the app token, all of them started.
fn callers(client: &Client) -> JoinSet<Result<String, easemob_token::Error>> {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move {
            client.app_token().await.map(|token| token.access_token().expose().to_owned())
        });
    }
    callers
}

async fn all_cold_callers_are_served_by_one_request(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    // The answer is held until every caller had its turn.
    let hold = emulator.hold();
    let callers = callers(&client);
    emulator.wait_for_requests(1).await;
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    hold.release();
    let tokens: Vec<_> = callers.join_all().await;
    assert_eq!(tokens.len(), CALLERS);
    let first = tokens[0].as_ref().unwrap();
    assert!(tokens.iter().all(|token| token.as_ref().unwrap() == first));
    assert_eq!(emulator.request_count(), 1);
}

async fn all_callers_of_a_failing_service_share_one_error(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::server_error(503, BodyKind::Html).always()).unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let failures = callers(&client).join_all().await;
    for failure in &failures {
        assert_eq!(failure.as_ref().unwrap_err().kind(), ErrorKind::ServerError);
    }
    assert!(emulator.request_count() <= 3, "{}", emulator.request_count());
}

async fn callers_who_give_up_neither_stop_nor_restart_it(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let hold = emulator.hold();
    let mut callers = callers(&client);
    emulator.wait_for_requests(1).await;
    // The one who started it is among them.
    callers.abort_all();
    while callers.join_next().await.is_some() {}
    hold.release();
    let token = tokio::time::timeout(Duration::from_secs(10), client.app_token());
    token.await.unwrap().unwrap();
    assert_eq!(emulator.request_count(), 1);
}

async fn a_revoked_app_token_is_replaced_for_a_user_token(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    client.app_token().await.unwrap();
    emulator.revoke_app_tokens();
    client.user_token("c").await.unwrap();
    // App token, refused user token, new app token, user token.
    assert_eq!(emulator.request_count(), 4);
}

/// Every behaviour above, for the transport that `$make` gives.
macro_rules! run_over {
    ($module:ident, $feature:literal, $make:expr) => {
        #[cfg(feature = $feature)]
        mod $module {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn all_cold_callers_are_served_by_one_request() {
                for _ in 0..3 {
                    super::all_cold_callers_are_served_by_one_request($make).await;
                }
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn all_callers_of_a_failing_service_share_one_error() {
                super::all_callers_of_a_failing_service_share_one_error($make).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn callers_who_give_up_neither_stop_nor_restart_it() {
                super::callers_who_give_up_neither_stop_nor_restart_it($make).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_revoked_app_token_is_replaced_for_a_user_token() {
                super::a_revoked_app_token_is_replaced_for_a_user_token($make).await;
            }
        }
    };
}

run_over!(over_hyper, "hyper", easemob_token::hyper::HyperTransport::new());
run_over!(over_isahc, "isahc", easemob_token::isahc::IsahcTransport::new().unwrap());

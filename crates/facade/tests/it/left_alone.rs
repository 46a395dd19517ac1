//! Callers that are polled late or never again, and services that do not answer: row 62 of the fault
//! table, and the deadline of a call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use easemob_token::transport::Transport;
use easemob_token::{Client, Error, UserToken};
use easemob_token_emulator::{Emulator, Fault, Grant};
use futures_util::stream::{self, StreamExt};
use tokio::task::JoinSet;

use crate::calls::{at_once, in_time};
use crate::end_to_end::client_of;

type Call = std::pin::Pin<Box<dyn Future<Output = Result<UserToken, Error>> + Send>>;

fn call(client: &Client, name: &str, number: usize) -> Call {
    client.user_token(format!("{name}-{number}")).auto_create_user(true).into_future()
}

/// While the body waits, nobody polls the calls that are buffered.
async fn row_62_a_loop_over_buffered_calls_may_call_as_well(transport: impl Transport) {
    let transport = Arc::new(transport);
    for keep in [false, true] {
        // A call that is not polled for a while can reach the service together with later ones.
        let emulator = Emulator::builder().no_request_limit().start().await.unwrap();
        let builder = client_of(&emulator, Arc::clone(&transport));
        let builder = if keep { builder.keep_user_tokens(1_000) } else { builder };
        let client = builder.build().unwrap();
        let mut calls = stream::iter(0..200)
            .map(|number| call(&client, "buffered", number))
            .buffer_unordered(100);
        let start = Instant::now();
        let served = in_time(async {
            let mut served = 0;
            while let Some(result) = calls.next().await {
                result.unwrap();
                call(&client, "body", served).await.unwrap();
                served += 1;
            }
            served
        });
        assert_eq!(served.await, 200);
        assert_eq!(emulator.request_count(), 401);
        // 401 requests at 300 a second.
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    }
}

async fn row_62_calls_that_are_never_polled_again_delay_nobody(transport: impl Transport) {
    let transport = Arc::new(transport);
    for keep in [false, true] {
        let emulator = Emulator::start().await.unwrap();
        let builder = client_of(&emulator, Arc::clone(&transport)).requests_per_second(50);
        let builder = if keep { builder.keep_user_tokens(1_000) } else { builder };
        let client = builder.build().unwrap();
        // Some of them want the app token first, some wait for their turn, some for an answer.
        let mut left_alone: Vec<_> = (0..20).map(|number| call(&client, "cold", number)).collect();
        for call in &mut left_alone {
            at_once(call.as_mut()).await.map_or(Ok(()), |result| result.map(drop)).unwrap();
        }
        in_time(client.app_token()).await.unwrap();
        let warm = left_alone.len();
        left_alone.extend((0..60).map(|number| call(&client, "warm", number)));
        for call in &mut left_alone[warm..] {
            at_once(call.as_mut()).await.map_or(Ok(()), |result| result.map(drop)).unwrap();
        }
        let start = Instant::now();
        for number in 0..20 {
            in_time(call(&client, "other", number)).await.unwrap();
        }
        // At most 101 requests at 50 a second, if those that are left alone send theirs too.
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        drop(left_alone);
    }
}

async fn a_call_ends_at_its_deadline_though_the_service_never_answers(transport: impl Transport) {
    const DEADLINE: Duration = Duration::from_secs(2);
    let transport = Arc::new(transport);
    // The app token does not come, or late, and then the user's does not.
    let slow = Fault::delay(DEADLINE * 3 / 4).on(Grant::ClientCredentials);
    let mut calls = JoinSet::new();
    for fault in [Fault::hang().on(Grant::ClientCredentials), slow] {
        for keep in [false, true] {
            let emulator = Emulator::start().await.unwrap();
            emulator.inject(fault.clone()).unwrap();
            emulator.inject(Fault::hang().on(Grant::Inherit)).unwrap();
            let builder =
                client_of(&emulator, Arc::clone(&transport)).acquisition_deadline(DEADLINE);
            let builder = if keep { builder.keep_user_tokens(10) } else { builder };
            let client = builder.build().unwrap();
            let case = format!("{fault:?}, keep: {keep}");
            calls.spawn(async move {
                let start = Instant::now();
                let error = in_time(client.user_token("c").into_future()).await.unwrap_err();
                drop(emulator);
                (case, start.elapsed(), error)
            });
        }
    }
    for (case, time, error) in calls.join_all().await {
        assert!(error.is_timeout(), "{case}: {error}");
        assert!(time < DEADLINE + DEADLINE / 10, "{case}: {time:?}");
    }
}

over_each_transport!(
    row_62_a_loop_over_buffered_calls_may_call_as_well,
    row_62_calls_that_are_never_polled_again_delay_nobody,
    a_call_ends_at_its_deadline_though_the_service_never_answers,
);

//! Waiting callers: deadlines, runtimes that end or are not driven, callers that are not polled.
//! Rows 49, 55, 62 and 66 of the fault table.

use std::collections::VecDeque;
use std::time::Duration;

use super::runtime::Caller;
use super::world::{World, user_call, world, world_with};
use crate::{Error, ErrorKind};

fn app_token_of(world: &World) -> Caller<Result<(), Error>> {
    let client = world.client.clone();
    Caller::new(async move { client.app_token().await.map(drop) })
}

#[test]
fn row_62_callers_that_are_never_polled_again_delay_nobody() {
    let world = world_with(1_000_000, |builder| builder.requests_per_second(100));
    world.token().unwrap();
    world.set(|settings| settings.latency = Duration::from_millis(1));
    let mut forgotten: Vec<_> = (0..300)
        .map(|user| {
            let mut caller = Caller::new(user_call(&world.client, format!("f{user}")));
            assert!(caller.poll_once().is_pending());
            caller
        })
        .collect();
    let start = world.now();
    for user in 0..50 {
        world.user_token(&format!("user-{user}")).unwrap();
        world.token().unwrap();
    }
    // Fifty requests at ninety a second, and the time to see that the others do not come.
    let time = world.now().since(start);
    assert!(time < Duration::from_secs(2), "{time:?}");
    // A caller that is polled again after all is served.
    let before = world.received().len();
    let last = forgotten.pop().unwrap();
    drop(forgotten);
    world.simulation.run(last.into_future()).unwrap();
    assert_eq!(world.received().len(), before + 1);
}

/// Like `stream.buffer_unordered(100)` with another call in the loop body, during which nothing polls
/// the buffered calls.
#[test]
fn row_62_callers_that_are_polled_seldom_get_their_tokens() {
    let world = world_with(1_000_000, |builder| builder);
    world.token().unwrap();
    world.set(|settings| settings.latency = Duration::from_millis(20));
    let mut users = (0..200).map(|user| Caller::new(user_call(&world.client, format!("u{user}"))));
    let mut buffered: VecDeque<Caller<_>> = VecDeque::new();
    let (mut served, start) = (0, world.now());
    loop {
        while buffered.len() < 100 {
            let Some(caller) = users.next() else { break };
            buffered.push_back(caller);
        }
        if buffered.is_empty() {
            break;
        }
        let mut ready = Vec::new();
        for (index, caller) in buffered.iter_mut().enumerate() {
            if let std::task::Poll::Ready(result) = caller.poll_once() {
                ready.push((index, result));
            }
        }
        for (index, result) in ready.into_iter().rev() {
            buffered.remove(index);
            result.unwrap();
            served += 1;
            // The body of the loop.
            world.user_token("one-more").unwrap();
        }
        world.simulation.pass(Duration::from_millis(1));
    }
    assert_eq!(served, 200);
    let time = world.now().since(start);
    assert!(time < Duration::from_secs(15), "{time:?}");
}

#[test]
fn row_66_an_acquisition_on_an_idle_runtime_is_replaced_after_two_seconds() {
    for callers in [1, 20] {
        let world = world(1_000);
        world.set(|settings| settings.latency = Duration::from_millis(50));
        let mut first = app_token_of(&world);
        assert!(first.poll_once().is_pending());
        world.simulation.stop_driving();
        let start = world.now();
        for _ in 0..callers {
            world.token().unwrap();
        }
        let time = world.now().since(start);
        assert!(time >= Duration::from_secs(2), "{time:?}");
        assert!(time < Duration::from_millis(2_500), "{time:?}");
        assert_eq!(world.received().len(), 1, "the first task never sent its own");
        // The first one is driven again: it sends nothing, and its caller gets the token.
        let cached = world.token().unwrap();
        world.simulation.drive_again();
        world.pass(5);
        world.simulation.run(first.into_future()).unwrap();
        assert_eq!(world.token().unwrap(), cached);
        assert_eq!(world.received().len(), 1);
    }
}

#[test]
fn row_66_a_late_result_is_used_if_there_is_no_better_one() {
    let world = world(1_000);
    world.set(|settings| settings.latency = Duration::from_millis(50));
    let mut first = app_token_of(&world);
    assert!(first.poll_once().is_pending());
    // Its request is sent, and then its runtime is not driven any more.
    world.simulation.pass(Duration::from_millis(1));
    assert_eq!(world.received().len(), 1);
    world.simulation.stop_driving();
    world.away(true);
    world.token().unwrap_err();
    world.away(false);
    world.simulation.drive_again();
    world.simulation.pass(Duration::from_millis(1));
    // No request was needed for it, although the failure is still remembered.
    let requests = world.received().len();
    world.token().unwrap();
    assert_eq!(world.received().len(), requests);
}

#[test]
fn row_66_a_refresh_on_an_idle_runtime_is_replaced_while_the_token_is_usable() {
    let world = world(1_000);
    world.token().unwrap();
    world.pass(860);
    world.set(|settings| settings.latency = Duration::from_millis(50));
    let mut caller = app_token_of(&world);
    assert!(caller.poll_once().is_ready());
    world.simulation.stop_driving();
    world.pass(3);
    assert_eq!(world.token().unwrap(), "1");
    world.pass(1);
    assert_eq!(world.token().unwrap(), "2");
}

#[test]
fn row_55_a_runtime_that_ends_during_an_acquisition_causes_no_error() {
    let world = world(1_000);
    world.set(|settings| settings.latency = Duration::from_millis(500));
    let mut callers: Vec<_> = (0..20)
        .map(|user| {
            let client = world.client.clone();
            Caller::new(async move {
                if user % 2 == 0 {
                    client.app_token().await.map(drop)
                } else {
                    client.user_token("alice").await.map(drop)
                }
            })
        })
        .collect();
    for ended in 1..=2 {
        for caller in &mut callers {
            assert!(caller.poll_once().is_pending());
        }
        world.simulation.pass(Duration::from_millis(100));
        assert_eq!(world.received().len(), ended);
        world.simulation.end_runtime();
    }
    for caller in callers {
        world.simulation.run(caller.into_future()).unwrap();
    }
    assert_eq!(world.app_token_requests().len(), 3);
}

#[test]
fn a_callers_deadline_counts_from_its_call_and_includes_the_app_token() {
    let world = world_with(1_000, |builder| builder.acquisition_deadline(Duration::from_secs(6)));
    world.set(|settings| settings.silent = true);
    for cached in [false, true] {
        let start = world.now();
        let error = if cached {
            world.token().unwrap_err()
        } else {
            world.user_token("alice").unwrap_err()
        };
        let time = world.now().since(start);
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(time <= Duration::from_secs(6), "{time:?}");
        world.pass(60);
    }
}

#[test]
fn a_transport_that_hangs_delays_callers_at_most_until_their_deadlines() {
    let world = world_with(1_000, |builder| builder.acquisition_deadline(Duration::from_secs(6)));
    world.set(|settings| settings.hangs = true);
    let start = world.now();
    let error = world.token().unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1), "{error}");
    let time = world.now().since(start);
    assert!(time <= Duration::from_millis(6_100), "{time:?}");
    // The acquisition has ended too, so the next one can succeed.
    world.set(|settings| settings.hangs = false);
    world.pass(12);
    world.token().unwrap();
}

#[test]
fn the_users_that_wait_are_bounded_and_so_are_those_that_are_cached() {
    let world = world_with(1_000, |builder| {
        builder
            .cache_user_tokens(100)
            .requests_per_second(50)
            .acquisition_deadline(Duration::from_secs(20))
    });
    world.token().unwrap();
    world.set(|settings| settings.silent = true);
    let mut kinds = Vec::new();
    let mut callers = Vec::new();
    for user in 0..4_000 {
        let mut caller = Caller::new(user_call(&world.client, format!("u{user}")));
        match caller.poll_once() {
            std::task::Poll::Ready(result) => kinds.push(result.unwrap_err().kind()),
            std::task::Poll::Pending => callers.push(caller),
        }
    }
    assert_eq!((callers.len(), kinds.len()), (1_000, 3_000));
    assert!(kinds.iter().all(|kind| *kind == ErrorKind::RateLimited));
    assert!(format!("{:?}", world.client).contains("cached: 0, waiting: 1000"));
    drop(callers);
    world.pass(60);
    // The number is right again without another call.
    let text = format!("{:?}", world.client);
    assert!(text.contains("waiting: 0"), "{text}");
    let cached = text.split_once("{ cached: ").unwrap().1.split_once(',').unwrap().0;
    assert!(cached.parse::<u32>().unwrap() <= 101, "{text}");
}

#[test]
fn row_49_a_panic_of_a_transport_is_an_error_for_every_kind_of_token() {
    for cached in [false, true] {
        let world = world_with(
            1_000,
            |builder| {
                if cached { builder.cache_user_tokens(10) } else { builder }
            },
        );
        world.token().unwrap();
        world.set(|settings| {
            settings.user_fault = Some(std::sync::Arc::new(|| panic!("a bug")));
        });
        let error = world.user_token("alice").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
        let by_password = world.client.user_token_by_password("alice", "secret").into_future();
        world.set(|settings| settings.fault = Some(std::sync::Arc::new(|| panic!("a bug"))));
        let error = world.simulation.run(by_password).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
        assert!(!format!("{error:?}").contains("a bug"));
    }
}

#[test]
fn a_user_token_without_a_user_on_a_reused_connection_is_requested_again() {
    let world = world_with(1_000, |builder| builder.max_attempts(1));
    world.set(|settings| settings.nameless = true);
    world.user_token("alice").unwrap();
    let fresh: Vec<_> = world.received().iter().map(|it| it.on_fresh_connection).collect();
    assert_eq!(fresh, [true, false, true], "the app token, alice, and alice once more");
    world.user_token("bob").unwrap();
    assert_eq!(world.received().len(), 4);
    assert!(world.received()[3].on_fresh_connection);
}

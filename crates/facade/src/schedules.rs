//! Tests of whole clients in thousands of schedules, chosen by shuttle.
//!
//! The step `schedules` of `cargo xtask ci` builds this with `--cfg shuttle`, which replaces the
//! primitives of `sync.rs`. Time stands still unless a test moves it.

mod service;
mod world;

use shuttle::future::{JoinHandle, block_on, spawn, yield_now};
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::Arc;
use shuttle::{Config, Runner};

use self::world::World;
use crate::ErrorKind;

const SCHEDULES: usize = 500;

/// Runs a scenario under random schedules and under schedules with few, adverse preemptions.
fn in_every_schedule<F: Future<Output = ()> + 'static>(scenario: fn() -> F) {
    run(RandomScheduler::new(SCHEDULES), scenario);
    run(PctScheduler::new(3, SCHEDULES), scenario);
}

fn run<F: Future<Output = ()> + 'static>(scheduler: impl Scheduler + 'static, scenario: fn() -> F) {
    let mut config = Config::new();
    config.silence_warnings = true;
    // A whole client needs more than the 32 KiB that a task of shuttle's has.
    config.stack_size = 256 * 1024;
    // A caller that hangs is a deadlock, which shuttle reports with the schedule.
    Runner::new(scheduler, config).run(move || block_on(scenario()));
}

/// Spawns callers of the app token, each of which must see only higher generations.
fn callers(world: &Arc<World>, count: usize, calls: usize) -> Vec<JoinHandle<()>> {
    let caller = |world: Arc<World>| async move {
        let mut last = 0;
        for _ in 0..calls {
            if let Ok(token) = world.client.app_token().await {
                assert!(token.generation() >= last, "generations only grow");
                last = token.generation();
            }
        }
    };
    (0..count).map(|_| spawn(caller(Arc::clone(world)))).collect()
}

async fn all(callers: Vec<JoinHandle<()>>) {
    for caller in callers {
        // An error is a cancellation by the scenario; a panic ends the run by itself.
        let _ = caller.await;
    }
}

#[test]
fn many_callers_share_one_acquisition_and_all_come_back() {
    in_every_schedule(|| async {
        let world = World::new(0, 0);
        all(callers(&world, 4, 2)).await;
        assert_eq!(world.app_token_requests(), 1);
        assert!(world.client.app_token().await.is_ok());
        world.finish().await;
    });
}

#[test]
fn failures_and_dropped_tasks_leave_nobody_waiting() {
    in_every_schedule(|| async {
        let world = World::new(40, 30);
        world.while_time_passes(all(callers(&world, 3, 3))).await;
        // No acquisition is left in flight: after the pause, this call starts another one.
        world.advance(60_000);
        let _ = world.while_time_passes(world.client.app_token()).await;
        world.finish().await;
    });
}

#[test]
fn cancelled_callers_stop_nobody_and_the_token_is_cached() {
    in_every_schedule(|| async {
        let world = World::new(0, 0);
        let giving_up = callers(&world, 3, 2);
        let patient = callers(&world, thread_rng().gen_range(0..3), 2);
        for caller in giving_up {
            if thread_rng().r#gen() {
                yield_now().await;
            }
            caller.abort();
        }
        all(patient).await;
        assert!(world.client.app_token().await.is_ok());
        assert_eq!(world.app_token_requests(), 1);
        world.finish().await;
    });
}

#[test]
fn callers_that_are_never_polled_again_delay_nobody() {
    in_every_schedule(|| async {
        let world = World::new(0, 0);
        let forgotten: Vec<_> = (0..3).map(|user| world.forget_a_caller(user)).collect();
        let asking: Vec<_> = (0..3).map(|user| world.user(user)).collect();
        world.while_time_passes(all(asking)).await;
        assert_eq!(world.failed(), []);
        drop(forgotten);
        world.finish().await;
    });
}

#[test]
fn an_acquisition_that_is_not_driven_is_replaced() {
    in_every_schedule(|| async {
        let world = World::new(0, 0);
        world.idle_next_tasks(thread_rng().gen_range(1..3));
        let mut asking = callers(&world, 2, 1);
        asking.extend((0..2).map(|user| world.user(user)));
        world.while_time_passes(all(asking)).await;
        assert_eq!(world.failed(), []);
        assert!(world.client.app_token().await.is_ok());
        world.finish().await;
    });
}

#[test]
fn a_revoked_app_token_fails_no_user() {
    in_every_schedule(|| async {
        let world = World::new(0, 0);
        world.client.app_token().await.unwrap();
        let mut asking: Vec<_> = (0..4).map(|user| world.user(user)).collect();
        asking.push(spawn({
            let world = Arc::clone(&world);
            async move {
                yield_now().await;
                world.revoke();
            }
        }));
        world.while_little_time_passes(all(asking)).await;
        assert_eq!(world.failed(), []);
        assert!(world.app_token_requests() <= 3, "{}", world.app_token_requests());
        world.finish().await;
    });
}

#[test]
fn all_reporters_of_one_token_get_the_same_replacement() {
    in_every_schedule(|| async {
        let world = World::new(0, 0);
        let first = world.client.authorize().await.unwrap();
        let mut asking = callers(&world, 2, 2);
        for _ in 0..3 {
            let mut authorization = first.clone();
            asking.push(spawn(async move {
                let old = authorization.header();
                assert!(authorization.renew().await.unwrap());
                assert_ne!(authorization.header(), old);
            }));
        }
        world.while_little_time_passes(all(asking)).await;
        assert_eq!(world.app_token_requests(), 2);
        world.finish().await;
    });
}

#[test]
fn reports_of_others_fail_no_caller() {
    in_every_schedule(|| async {
        let world = World::new(0, 0);
        world.client.app_token().await.unwrap();
        let mut asking: Vec<_> = (0..3).map(|user| world.user(user)).collect();
        for _ in 0..2 {
            let world = Arc::clone(&world);
            asking.push(spawn(async move {
                for _ in 0..3 {
                    let mut authorization = world.client.authorize().await.unwrap();
                    let _ = authorization.renew().await.unwrap();
                    assert!(world.client.app_token().await.is_ok());
                }
            }));
        }
        world.while_time_passes(all(asking)).await;
        assert_eq!(world.failed(), []);
        assert!(world.app_token_requests() <= 4, "{}", world.app_token_requests());
        world.finish().await;
    });
}

#[test]
fn reports_and_refreshes_at_any_moment_leave_nobody_waiting() {
    in_every_schedule(|| async {
        let world = World::new(30, 10);
        let mut tasks = callers(&world, 3, 3);
        tasks.push(spawn({
            let world = Arc::clone(&world);
            async move {
                for _ in 0..2 {
                    if let Ok(token) = world.client.app_token().await {
                        world.client.invalidate_app_token(&token);
                    }
                    // Due at 750 to 850 s, too old at 940 s.
                    world.advance(thread_rng().gen_range(1_000..600_000));
                }
            }
        }));
        world.while_time_passes(all(tasks)).await;
        world.finish().await;
    });
}

/// While a token is due, callers get it, whether or not the refresh succeeds.
#[test]
fn a_refresh_that_fails_fails_no_caller() {
    in_every_schedule(|| async {
        let world = World::new(50, 25);
        while world.while_time_passes(world.client.app_token()).await.is_err() {
            world.advance(60_000);
        }
        // The times above are shorter than what is left of the token's lifetime.
        let token = world.client.app_token().await.unwrap();
        let age = world.age_of(&token);
        world.advance(870_000_u64.saturating_sub(age));
        let asking: Vec<_> = (0..3)
            .map(|_| {
                let world = Arc::clone(&world);
                spawn(async move {
                    for _ in 0..3 {
                        let result = world.client.app_token().await;
                        assert!(result.is_ok(), "a usable token was there: {result:?}");
                    }
                })
            })
            .collect();
        all(asking).await;
        world.finish().await;
    });
}

#[test]
fn no_second_holds_more_requests_than_the_limit_and_all_are_served() {
    in_every_schedule(|| async {
        let world = World::with(0, 0, |builder| builder.requests_per_second(2));
        let asking: Vec<_> = (0..5).map(|user| world.user(user)).collect();
        world.while_little_time_passes(all(asking)).await;
        let failed = world.failed();
        assert!(failed.iter().all(|kind| *kind == ErrorKind::RateLimited), "{failed:?}");
        assert!(world.busiest_second() <= 2);
        world.finish().await;
    });
}

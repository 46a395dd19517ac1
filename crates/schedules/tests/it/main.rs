//! What must hold in every schedule, tried in some thousands for each.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use easemob_token_schedules::{Error, Token, World};
use shuttle::future::{JoinHandle, block_on, spawn, yield_now};
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::sync::{Arc, Mutex};
use shuttle::{Config, Runner};

const SCHEDULES: usize = 1_000;

/// At random, and with few preemptions at the worst places: two ways to look for the same.
fn in_every_schedule(scenario: fn()) {
    run(RandomScheduler::new(SCHEDULES), scenario);
    run(PctScheduler::new(3, SCHEDULES), scenario);
}

fn run(scheduler: impl Scheduler + 'static, scenario: fn()) {
    let mut config = Config::new();
    config.silence_warnings = true;
    // A caller that waits for ever is a deadlock, which shuttle reports with the schedule.
    Runner::new(scheduler, config).run(scenario);
}

/// A caller's view of the cache, which remembers what must not be seen again.
struct Watched {
    world: World,
    /// Tokens whose report has been taken in.
    refused: Mutex<Vec<Token>>,
}

impl Watched {
    fn new(failing: u32, losing: u32) -> Arc<Self> {
        Arc::new(Self { world: World::new(failing, losing), refused: Mutex::default() })
    }

    /// One call, and what must hold of it.
    async fn call(&self) -> Result<Token, Error> {
        let known = self.world.published();
        let refused = self.refused.lock().unwrap().clone();
        let result = self.world.token().await;
        if let Ok(token) = &result {
            assert!(token.generation() >= known, "{token:?} is older than generation {known}");
            assert!(!refused.iter().any(|it| it.is(token)), "{token:?} was refused before");
        }
        result
    }

    fn refuse(&self, token: &Token) {
        self.world.invalidate(token);
        self.refused.lock().unwrap().push(token.clone());
    }
}

fn callers(watched: &Arc<Watched>, count: usize, calls: usize) -> Vec<JoinHandle<()>> {
    let caller = |watched: Arc<Watched>| async move {
        let mut last = 0;
        for _ in 0..calls {
            if let Ok(token) = watched.call().await {
                assert!(token.generation() >= last, "generations only grow");
                last = token.generation();
            }
        }
    };
    (0..count).map(|_| spawn(caller(Arc::clone(watched)))).collect()
}

async fn all(callers: Vec<JoinHandle<()>>) {
    for caller in callers {
        // An error is the cancellation that the scenario asked for.
        let _ = caller.await;
    }
}

#[test]
fn many_callers_share_one_acquisition_and_all_come_back() {
    in_every_schedule(|| {
        block_on(async {
            let watched = Watched::new(0, 0);
            all(callers(&watched, 4, 2)).await;
            assert_eq!(watched.world.asked(), 1);
            assert!(watched.call().await.is_ok());
        });
    });
}

#[test]
fn failures_and_lost_tasks_reach_everybody_and_nobody_waits_for_ever() {
    in_every_schedule(|| {
        block_on(async {
            let watched = Watched::new(40, 30);
            let waiting = callers(&watched, 3, 3);
            for _ in 0..2 {
                yield_now().await;
                watched.world.clock().advance(10);
            }
            all(waiting).await;
            // Nothing is left under way for ever: once the pause is over, this call asks again.
            watched.world.clock().advance(60);
            let _ = watched.call().await;
        });
    });
}

#[test]
fn whoever_gives_up_takes_nobody_along() {
    in_every_schedule(|| {
        block_on(async {
            let watched = Watched::new(20, 10);
            let giving_up = callers(&watched, 3, 2);
            let patient = callers(&watched, 2, 2);
            for caller in giving_up {
                if thread_rng().r#gen() {
                    yield_now().await;
                }
                caller.abort();
            }
            all(patient).await;
        });
    });
}

#[test]
fn all_may_give_up_and_the_token_is_kept_all_the_same() {
    in_every_schedule(|| {
        block_on(async {
            let watched = Watched::new(0, 0);
            let giving_up = callers(&watched, 3, 1);
            for caller in &giving_up {
                caller.abort();
            }
            all(giving_up).await;
            assert!(watched.call().await.is_ok());
            assert_eq!(watched.world.asked(), 1);
        });
    });
}

#[test]
fn a_refused_token_is_not_seen_again_and_costs_one_request() {
    in_every_schedule(|| {
        block_on(async {
            let watched = Watched::new(0, 0);
            let first = watched.call().await.unwrap();
            let reporters: Vec<_> = (0..3)
                .map(|_| {
                    let (watched, first) = (Arc::clone(&watched), first.clone());
                    spawn(async move {
                        watched.refuse(&first);
                        assert!(!watched.call().await.unwrap().is(&first));
                    })
                })
                .collect();
            let asking = callers(&watched, 2, 2);
            all(reporters).await;
            all(asking).await;
            assert_eq!(watched.world.asked(), 2);
        });
    });
}

#[test]
fn tokens_are_refused_renewed_and_lost_at_any_moment() {
    in_every_schedule(|| {
        block_on(async {
            let watched = Watched::new(30, 10);
            let mut tasks = callers(&watched, 3, 3);
            tasks.push(spawn({
                let watched = Arc::clone(&watched);
                async move {
                    for _ in 0..2 {
                        if let Ok(token) = watched.call().await {
                            watched.refuse(&token);
                        }
                    }
                }
            }));
            tasks.push(spawn({
                let watched = Arc::clone(&watched);
                async move {
                    for _ in 0..3 {
                        // Due at 750 to 850, too old at 940; the pause after a failure is 1 to 60.
                        watched.world.clock().advance(thread_rng().gen_range(1..600));
                        yield_now().await;
                    }
                }
            }));
            all(tasks).await;
        });
    });
}

/// While it is due, callers take the old one, however the renewal ends.
#[test]
fn a_renewal_that_fails_is_no_callers_trouble() {
    in_every_schedule(|| {
        block_on(async {
            let watched = Watched::new(50, 25);
            while watched.call().await.is_err() {
                watched.world.clock().advance(60);
            }
            watched.world.clock().advance(870);
            let failed = Arc::new(AtomicBool::new(false));
            let asking: Vec<_> = (0..3)
                .map(|_| {
                    let (watched, failed) = (Arc::clone(&watched), Arc::clone(&failed));
                    spawn(async move {
                        for _ in 0..3 {
                            if watched.call().await.is_err() {
                                failed.store(true, Ordering::SeqCst);
                            }
                        }
                    })
                })
                .collect();
            all(asking).await;
            assert!(!failed.load(Ordering::SeqCst), "a usable token was there");
        });
    });
}

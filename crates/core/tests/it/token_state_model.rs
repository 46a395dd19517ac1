//! State of one cached token, compared with a small model in any order of events.

use std::time::Duration;

use easemob_token_core::{Decision, Freshness, Jitter, Lifetime, Now, TokenState, WallTime};
use proptest::prelude::*;

use crate::{Token, at, refusal};

/// An event of the state.
#[derive(Clone, Copy, Debug)]
enum Event {
    Ask,
    Send,
    Succeed { life: u64, jitter: f64 },
    Fail { jitter: f64 },
    Refuse,
    Invalidate { age: u64 },
    Pass { millis: u64 },
    SetClock { seconds: u64 },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Ask),
        2 => Just(Event::Send),
        2 => (1..10_000_u64, 0.0..1.0).prop_map(|(life, jitter)| Event::Succeed { life, jitter }),
        2 => (0.0..1.0).prop_map(|jitter| Event::Fail { jitter }),
        1 => Just(Event::Refuse),
        1 => (0..3_u64).prop_map(|age| Event::Invalidate { age }),
        3 => (0..2_000_000_u64).prop_map(|millis| Event::Pass { millis }),
        3 => (0..20_000_u64).prop_map(|millis| Event::Pass { millis }),
        1 => (0..5_000_000_u64).prop_map(|seconds| Event::SetClock { seconds }),
    ]
}

proptest! {
    /// The model holds whether one is in flight, the cached token, and the number of successes. A second
    /// state, which rests whenever it can, behaves like the first.
    #[test]
    fn the_state_behaves_like_its_model(events in prop::collection::vec(event(), 1..200)) {
        let (mut state, mut now) = (TokenState::new(), at(0));
        let mut rested = TokenState::new();
        let (mut in_flight, mut cached, mut successes) = (false, None::<Freshness>, 0);
        let refused = refusal(400, r#"{"error":"invalid_grant"}"#);
        for event in events {
            match event {
                Event::Ask => {
                    let usable = cached.is_some_and(|cached| cached.is_usable(now));
                    let decision = state.decide(now);
                    prop_assert_eq!(decision, rested.decide(now));
                    match decision {
                        Decision::Use => prop_assert!(usable),
                        Decision::UseAndRefresh => {
                            prop_assert!(usable && !in_flight && cached.unwrap().is_due(now));
                            in_flight = true;
                        }
                        Decision::Fetch => {
                            prop_assert!(!usable && !in_flight);
                            in_flight = true;
                        }
                        Decision::Join => prop_assert!(!usable && in_flight),
                        Decision::WaitUntil(time) => {
                            prop_assert!(!usable && !in_flight && time > now.uptime);
                            prop_assert!(time <= now.uptime.after(Duration::from_secs(60)));
                        }
                    }
                }
                Event::Send if in_flight => {
                    state.sent(now);
                    rested.sent(now);
                }
                Event::Succeed { life, jitter } if in_flight => {
                    let (life, jitter) = (Duration::from_secs(life), Jitter::new(jitter));
                    let token = Token::new("token", Lifetime::Expires(life));
                    let generation = state.succeeded(&token, false, now, jitter).generation;
                    let _ = rested.succeeded(&token, false, now, jitter);
                    successes += 1;
                    prop_assert_eq!(generation, successes, "generations only grow, by one");
                    cached = Some(Freshness::new(Lifetime::Expires(life), now, jitter));
                    in_flight = false;
                }
                Event::Fail { jitter } if in_flight => {
                    state.failed(None, now, Jitter::new(jitter));
                    rested.failed(None, now, Jitter::new(jitter));
                    in_flight = false;
                }
                Event::Refuse if in_flight => {
                    state.failed(Some(&refused), now, Jitter::new(0.0));
                    rested.failed(Some(&refused), now, Jitter::new(0.0));
                    in_flight = false;
                }
                // An acquisition that nobody started does not end.
                Event::Send | Event::Succeed { .. } | Event::Fail { .. } | Event::Refuse => {}
                Event::Invalidate { age } => {
                    let generation = successes.saturating_sub(age);
                    let is_gone = state.invalidate(generation, now);
                    prop_assert_eq!(is_gone, rested.invalidate(generation, now));
                    prop_assert!(!is_gone || generation == successes && cached.is_some());
                    if is_gone {
                        cached = None;
                    }
                }
                Event::Pass { millis } => {
                    let time = Duration::from_millis(millis);
                    now = Now { wall: now.wall.after(time), uptime: now.uptime.after(time) };
                }
                Event::SetClock { seconds } => {
                    now.wall = WallTime::from_unix(Duration::from_secs(seconds));
                }
            }
            if let Some(resting) = rested.at_rest(now) {
                let is_usable = state.is_usable(now);
                prop_assert_eq!(resting.freshness().is_usable(now), is_usable);
                rested = TokenState::from(resting);
            }
            prop_assert_eq!(state.max_requests(now), rested.max_requests(now));
            prop_assert_eq!((state.is_in_flight(), state.generation()), (in_flight, successes));
        }
    }
}

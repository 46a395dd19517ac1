//! The life of a token in numbers, from which `cargo xtask pictures` draws it.

use std::fmt::Write as _;
use std::ops::Range;
use std::time::Duration;

use easemob_token_core::{
    Decision, Freshness, Jitter, Lifetime, NextStep, Retry, RetryLimits, TokenState,
};

use crate::{Token, at};

const LIFE: Lifetime = Lifetime::Expires(Duration::from_secs(3_600));
/// The middle of each random range, so that the numbers repeat.
const MIDDLE: f64 = 0.5;
/// The length of each simulation.
const END: u64 = 5_400;

/// Returns the first second at which `is_reached`, for a token received at 0.
fn first(jitter: f64, is_reached: impl Fn(Freshness, u64) -> bool) -> u64 {
    let freshness = Freshness::new(LIFE, at(0), Jitter::new(jitter));
    (0..END).find(|second| is_reached(freshness, *second)).unwrap()
}

/// Simulates a caller each second and a service that is down for a while; reports in seconds.
fn simulate(down: Range<u64>) -> String {
    let (mut state, jitter) = (TokenState::new(), Jitter::new(MIDDLE));
    let token = Token::new("a", LIFE);
    let mut acquisition: Option<(Retry, u64)> = None;
    let (mut good, mut failed, mut in_use) = (String::new(), String::new(), Vec::new());
    for millis in (0..END * 1_000).step_by(100) {
        let (now, second) = (at(millis), millis as f64 / 1_000.0);
        let is_call = millis % 1_000 == 0;
        if is_call && matches!(state.decide(now), Decision::Fetch | Decision::UseAndRefresh) {
            let max_attempts = RetryLimits::default().max_attempts.min(state.max_requests(now));
            let limits = RetryLimits { max_attempts, ..RetryLimits::default() };
            acquisition = Some((Retry::new(limits, now.uptime), millis));
        }
        if let Some((mut retry, _)) = acquisition.take_if(|(_, time)| *time <= millis) {
            state.sent(now);
            if !down.contains(&(millis / 1_000)) {
                write!(good, " {second}").unwrap();
                let _ = state.succeeded(&token, false, now, jitter);
            } else {
                write!(failed, " {second}").unwrap();
                match retry.after_transport_failure(true, now.uptime, jitter) {
                    NextStep::SendAt(time) => {
                        let time = u64::try_from(time.since_origin().as_millis()).unwrap();
                        acquisition = Some((retry, time));
                    }
                    _ => state.failed(None, now, jitter),
                }
            }
        }
        let generation = if state.is_usable(now) { state.generation() } else { 0 };
        if in_use.last().is_none_or(|(last, _)| *last != generation) {
            in_use.push((generation, second));
        }
    }
    let in_use = in_use.iter().map(|(generation, from)| format!(" {generation}@{from}"));
    let (start, end) = (down.start, down.end);
    format!(
        "down: {start} {end}\ngood:{good}\nfailed:{failed}\nin use:{}\n",
        in_use.collect::<String>()
    )
}

#[test]
fn a_token_is_renewed_early_and_outlives_a_short_outage() {
    let due = |jitter| first(jitter, |it, second| it.is_due(at(second * 1_000)));
    let unusable = first(MIDDLE, |it, second| !it.is_usable(at(second * 1_000)));
    let mut text = format!("due: {} {}\nunusable: {unusable} 3600\n", due(0.0), due(1.0));
    for down in [0..0, 2_400..3_300, 2_400..4_500] {
        text.push_str(&simulate(down));
    }
    insta::assert_snapshot!("life", text);
}

//! Shortens a script for as long as its difference stays unexplained.

use super::allowed::explain;
use super::pair::{Outcomes, Pair};
use super::script::Script;

/// The most attempts.
const TRIES: usize = 150;

/// Returns the shortest scripts that were found, and their outcomes.
pub(crate) fn shrink(
    pair: &Pair,
    scripts: Vec<Script>,
    outcomes: Outcomes,
) -> (Vec<Script>, Outcomes) {
    let mut best = (scripts, outcomes);
    let mut tries = 0;
    let mut attempt = |best: &mut (Vec<Script>, Outcomes), candidate: Vec<Script>| {
        tries += 1;
        if tries > TRIES {
            return false;
        }
        let outcomes = pair.try_out(&candidate);
        let unexplained = !outcomes.agree() && explain(&candidate, &outcomes).is_none();
        if unexplained {
            *best = (candidate, outcomes);
        }
        unexplained
    };
    while best.0.len() > 1 {
        let (first, second) = (best.0[..1].to_vec(), best.0[1..].to_vec());
        if !attempt(&mut best, first) && !attempt(&mut best, second) {
            break;
        }
    }
    for index in 0..best.0.len() {
        let whole = best.0[index].bytes();
        if best.0[index].writes.len() > 1 {
            let mut candidate = best.0.clone();
            candidate[index].writes = vec![whole];
            attempt(&mut best, candidate);
        }
        // A split that is needed stays, since its place matters.
        if best.0[index].writes.len() > 1 {
            continue;
        }
        let mut step = best.0[index].bytes().len().div_ceil(2);
        while step > 0 {
            let mut from = 0;
            while from < best.0[index].bytes().len() {
                let mut bytes = best.0[index].bytes();
                bytes.drain(from..(from + step).min(bytes.len()));
                let mut candidate = best.0.clone();
                candidate[index].writes = vec![bytes];
                if !attempt(&mut best, candidate) {
                    from += step;
                }
            }
            step /= 2;
        }
    }
    best
}

//! The least that can be done: a look at a clock, a look at the kept token, and it is lent.

use std::hint::black_box;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::case::{Case, Run};
use crate::sample::{APP_TOKEN, good};

pub(super) const ARC_SWAP: Case = Case { name: "floor: arc-swap and a clock", prepare: arc_swap };

pub(super) const OTHERS: &[Case] = &[
    Case { name: "the clock alone", prepare: clock },
    Case { name: "std RwLock and a clock", prepare: locked },
];

struct Kept {
    token: Box<str>,
    until: Instant,
}

fn kept() -> Kept {
    Kept { token: APP_TOKEN.into(), until: Instant::now() + Duration::from_secs(5_184_000) }
}

fn arc_swap() -> Run {
    let slot = ArcSwap::new(Arc::new(kept()));
    Box::new(move |times| {
        for _ in 0..times {
            let kept = slot.load();
            if Instant::now() < kept.until {
                black_box(&*kept.token);
            }
        }
    })
}

fn clock() -> Run {
    Box::new(|times| {
        for _ in 0..times {
            black_box(Instant::now());
        }
    })
}

fn locked() -> Run {
    let slot = RwLock::new(Arc::new(kept()));
    Box::new(move |times| {
        for _ in 0..times {
            // Handed out, since a lock cannot be lent to the caller for as long as it likes.
            let kept: Arc<Kept> = Arc::clone(&*good(slot.read()));
            if Instant::now() < kept.until {
                black_box(&*kept.token);
            }
        }
    })
}

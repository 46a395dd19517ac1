//! The floor: reads a clock, compares the expiry of the cached token, and borrows it.

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

struct Cached {
    token: Box<str>,
    until: Instant,
}

fn cached() -> Cached {
    Cached { token: APP_TOKEN.into(), until: Instant::now() + Duration::from_secs(5_184_000) }
}

fn arc_swap() -> Run {
    let slot = ArcSwap::new(Arc::new(cached()));
    Box::new(move |times| {
        for _ in 0..times {
            let cached = slot.load();
            if Instant::now() < cached.until {
                black_box(&*cached.token);
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
    let slot = RwLock::new(Arc::new(cached()));
    Box::new(move |times| {
        for _ in 0..times {
            // Cloned, since a caller may use the token for longer than a lock should be held.
            let cached: Arc<Cached> = Arc::clone(&*good(slot.read()));
            if Instant::now() < cached.until {
                black_box(&*cached.token);
            }
        }
    })
}

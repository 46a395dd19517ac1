//! The group `users`: a cache of a million user tokens, with several maps.

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use foldhash::fast::RandomState;

use crate::allocations;
use crate::median::Median;
use crate::table::{Table, number};

const USERS: usize = 1_000_000;
/// Reads per thread and round.
const READS: usize = 400_000;
const ROUNDS: usize = 9;

/// A cached user token.
struct Cached {
    token: Box<str>,
    expires: u64,
}

/// Reads the entry of a user, if there is one.
type Read = Box<dyn Fn(&str) -> Option<u64> + Send + Sync>;
type Map = (&'static str, fn(&[Box<str>]) -> Read);

const MAPS: &[Map] = &[
    ("RwLock<HashMap>", locked),
    ("papaya 0.2", papaya),
    ("scc 3", scc),
    ("quick_cache 0.7", quick),
    ("moka 0.12", moka),
];

/// Fills each map once and then reads the same users from every map, in several rounds.
pub(crate) fn run() {
    let keys: Vec<Box<str>> = (0..USERS).map(|n| format!("user{n:07}").into()).collect();
    let filled: Vec<_> = MAPS
        .iter()
        .map(|(name, fill)| {
            let (read, counted) = allocations::count(|| fill(&keys));
            (*name, read, counted.live as f64 / USERS as f64)
        })
        .collect();
    let ((), bare) = allocations::count(|| {
        let entries: Vec<_> = keys.iter().map(|key| (key.clone(), cached())).collect();
        std::mem::forget(entries);
    });
    let bare = bare.live as f64 / USERS as f64;
    let everywhere = picks(USERS);
    let few = picks(1_000);
    let mut table = Table::new(&[
        "map",
        "read, any of 1 M, ns",
        "read, of 1 000, ns",
        "2 threads, of 1 000, M/s against 1 thread",
        "bytes an entry",
        "of which the map",
        "found, %",
    ]);
    let mut figures = vec![(Vec::new(), Vec::new(), Vec::new()); MAPS.len()];
    for _ in 0..ROUNDS {
        for ((_, read, _), (any, some, two)) in filled.iter().zip(&mut figures) {
            any.push(nanos_a_read(read, &keys, &everywhere));
            let one = nanos_a_read(read, &keys, &few);
            some.push(one);
            two.push(together(read, &keys, &few) * one / 1e9);
        }
    }
    for ((name, read, bytes), (any, some, two)) in filled.iter().zip(figures) {
        let found = keys.iter().filter(|key| read(key).is_some()).count();
        let (any, some, two) = (Median::of(any), Median::of(some), Median::of(two));
        table.row([
            (*name).to_owned(),
            format!("{} ({} to {})", number(any.middle), number(any.low), number(any.high)),
            number(some.middle),
            format!("{:.2}", two.middle),
            number(*bytes),
            number(bytes - bare),
            format!("{:.1}", found as f64 * 100.0 / USERS as f64),
        ]);
    }
    table.print("A read of a cache of 1 000 000 user tokens");
}

fn nanos_a_read(read: &Read, keys: &[Box<str>], picks: &[u32]) -> f64 {
    let started = Instant::now();
    for &pick in picks {
        black_box(read(&keys[pick as usize]));
    }
    started.elapsed().as_nanos() as f64 / picks.len() as f64
}

/// Reads per second of two threads together.
fn together(read: &Read, keys: &[Box<str>], picks: &[u32]) -> f64 {
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| nanos_a_read(read, keys, picks));
        }
    });
    2.0 * picks.len() as f64 / started.elapsed().as_secs_f64()
}

/// Users to read, from a small generator, the same in every run.
fn picks(among: usize) -> Vec<u32> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut pick = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % among as u64) as u32
    };
    (0..READS).map(|_| pick()).collect()
}

fn cached() -> Arc<Cached> {
    Arc::new(Cached { token: "YWMt".repeat(32).into(), expires: 1_024_000 })
}

fn touch(cached: &Cached) -> u64 {
    cached.expires + cached.token.len() as u64
}

fn locked(keys: &[Box<str>]) -> Read {
    let mut map = std::collections::HashMap::with_capacity_and_hasher(0, RandomState::default());
    for key in keys {
        map.insert(key.clone(), cached());
    }
    let map = std::sync::RwLock::new(map);
    Box::new(move |key| map.read().ok()?.get(key).map(|it| touch(it)))
}

fn papaya(keys: &[Box<str>]) -> Read {
    let map = papaya::HashMap::with_hasher(RandomState::default());
    for key in keys {
        map.pin().insert(key.clone(), cached());
    }
    Box::new(move |key| map.pin().get(key).map(|it| touch(it)))
}

fn scc(keys: &[Box<str>]) -> Read {
    let map = scc::HashMap::with_hasher(RandomState::default());
    for key in keys {
        let _ = map.insert_sync(key.clone(), cached());
    }
    Box::new(move |key| map.read_sync(key, |_, it| touch(it)))
}

fn quick(keys: &[Box<str>]) -> Read {
    let capacity = USERS + USERS / 10;
    let map = quick_cache::sync::Cache::<Box<str>, Arc<Cached>, _, _>::with(
        capacity,
        capacity as u64,
        quick_cache::UnitWeighter,
        RandomState::default(),
        quick_cache::sync::DefaultLifecycle::default(),
    );
    for key in keys {
        map.insert(key.clone(), cached());
    }
    Box::new(move |key| map.get(key).map(|it| touch(&it)))
}

fn moka(keys: &[Box<str>]) -> Read {
    let map = moka::sync::Cache::builder()
        .max_capacity(USERS as u64 + USERS as u64 / 10)
        .build_with_hasher(RandomState::default());
    for key in keys {
        map.insert(key.clone(), cached());
    }
    map.run_pending_tasks();
    Box::new(move |key| map.get(key).map(|it| touch(&it)))
}

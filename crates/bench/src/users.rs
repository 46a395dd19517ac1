//! The group `users`: the client's cache of user tokens, compared with the map behind it.

mod subject;

use std::hint::black_box;
use std::process::Command;
use std::thread;
use std::time::Instant;

use self::subject::{OURS, QUICK_CACHE, Read, SUBJECTS, Subject, name_of};
use crate::allocations;
use crate::case::{Case, Run};
use crate::goals::Goal;
use crate::median::Median;
use crate::sample::good;
use crate::table::{Table, number};

const MANY: usize = 1_000_000;
/// Reads per thread and round.
const READS: usize = 200_000;
const ROUNDS: usize = 15;

/// A read of the only cached user, whose cost the gate keeps.
const CASES: [Case; 2] = [
    Case { name: QUICK_CACHE.name, prepare: || prepare(&QUICK_CACHE) },
    Case { name: OURS.name, prepare: || prepare(&OURS) },
];

/// The map and our own case, with the name of its floor.
pub(crate) fn own_cases() -> Vec<(Case, Option<&'static str>)> {
    vec![(CASES[0], None), (CASES[1], Some(QUICK_CACHE.name))]
}

/// Both cases, the map first.
pub(crate) fn cases() -> Vec<Case> {
    CASES.to_vec()
}

fn prepare(subject: &Subject) -> Run {
    let read = (subject.fill)(1);
    let user = name_of(0);
    Box::new(move |times| {
        for _ in 0..times {
            black_box(read(&user));
        }
    })
}

/// Measures memory in processes of its own, and the time of a hit for both alternately.
pub(crate) fn run() -> Result<Vec<Goal>, String> {
    let mut goals = memory()?;
    goals.extend(times());
    Ok(goals)
}

/// The process that fills one cache and prints how much memory that took.
pub(crate) fn fill(name: &str, users: &str) -> Result<(), String> {
    let users: usize = users.parse().map_err(|error| format!("`{users}`: {error}"))?;
    let subject = SUBJECTS.iter().find(|subject| subject.name == name);
    let subject = subject.ok_or_else(|| format!("unknown cache `{name}`"))?;
    let before = resident_memory();
    let (read, counted) = allocations::count(|| (subject.fill)(users));
    println!("{} {}", resident_memory() - before, counted.live);
    drop(read);
    Ok(())
}

fn memory() -> Result<Vec<Goal>, String> {
    let mut goals = Vec::new();
    let mut table = Table::new(&["bytes a user", "users", "resident", "allocated"]);
    for users in [MANY / 10, MANY] {
        for subject in SUBJECTS {
            let mut command = Command::new(good(std::env::current_exe()));
            let output = good(command.args(["fill", subject.name, &users.to_string()]).output());
            let text = String::from_utf8_lossy(&output.stdout);
            let bytes: Vec<f64> = text.split_whitespace().flat_map(str::parse).collect();
            let [resident, allocated] = bytes[..] else {
                return Err(format!("{}: {text}", subject.name));
            };
            let each = |bytes: f64| bytes / users as f64;
            let users_text = number(users as f64);
            table.row([
                subject.name.to_owned(),
                users_text.clone(),
                number(each(resident)),
                number(each(allocated)),
            ]);
            if subject.name == OURS.name {
                let what = format!("allocated bytes for each of {users_text} users");
                goals.push(Goal::at_most(&what, each(allocated), 512.0));
            }
        }
    }
    table.print("The memory of cached user tokens");
    Ok(goals)
}

/// Times of one cache in all rounds.
#[derive(Default)]
struct Times {
    hot: Vec<f64>,
    any: Vec<f64>,
    /// Throughput of two threads as a multiple of that of one.
    growth: Vec<f64>,
}

fn times() -> Vec<Goal> {
    let names: Vec<String> = (0..MANY).map(name_of).collect();
    let filled: Vec<Read> = SUBJECTS.iter().map(|subject| (subject.fill)(MANY)).collect();
    let (hot, any) = (vec![7; READS], picks(READS));
    let mut figures: [Times; SUBJECTS.len()] = Default::default();
    for _ in 0..ROUNDS {
        for (read, figures) in filled.iter().zip(&mut figures) {
            figures.hot.push(nanos_a_read(read, &names, &hot));
            let alone = nanos_a_read(read, &names, &any);
            figures.any.push(alone);
            figures.growth.push(alone / nanos_of_two(read, &names, &any));
        }
    }
    let mut table = Table::new(&[
        "a hit",
        "one user, ns",
        "against the map",
        "any of a million, ns",
        "against the map",
        "two threads against one",
        "allocations",
    ]);
    let mut goals = Vec::new();
    let [map, _] = &figures;
    let map_growth = Median::of(map.growth.clone());
    for ((subject, read), own) in SUBJECTS.iter().zip(&filled).zip(&figures) {
        let least = |times: &[f64]| number(times.iter().copied().fold(f64::INFINITY, f64::min));
        let hot_ratio = Median::of_fastest(&own.hot, &map.hot);
        let any_ratio = Median::of_fastest(&own.any, &map.any);
        let growth = Median::of(own.growth.clone());
        let (_, counted) = allocations::count(|| nanos_a_read(read, &names, &any[..1_000]));
        let allocations = counted.calls as f64 / 1_000.0;
        table.row([
            subject.name.to_owned(),
            least(&own.hot),
            hot_ratio.to_string(),
            least(&own.any),
            any_ratio.to_string(),
            growth.to_string(),
            number(allocations),
        ]);
        if subject.name == OURS.name {
            goals.push(Goal::mostly_at_most("a hit on one user against the map", hot_ratio, 2.0));
            goals.push(Goal::mostly_at_most("a hit on any user against the map", any_ratio, 2.0));
            goals.push(Goal::at_most("allocations of a hit", allocations, 1.0));
            if map_growth.middle >= 1.5 {
                goals.push(Goal::mostly_at_least("two threads against one", growth, 1.7));
            } else {
                println!(
                    "\nNOT CHECKED: two threads, since the machine has no two free processors"
                );
            }
        }
    }
    table.print("A hit while the tokens of 1 000 000 users are cached");
    goals
}

fn nanos_a_read(read: &Read, names: &[String], picks: &[u32]) -> f64 {
    let started = Instant::now();
    for &pick in picks {
        black_box(read(&names[pick as usize]));
    }
    started.elapsed().as_nanos() as f64 / picks.len() as f64
}

/// The time between two reads of two threads together.
fn nanos_of_two(read: &Read, names: &[String], picks: &[u32]) -> f64 {
    let started = Instant::now();
    let (front, back) = picks.split_at(picks.len() / 2);
    thread::scope(|scope| {
        for half in [front, back] {
            scope.spawn(move || nanos_a_read(read, names, half));
        }
    });
    started.elapsed().as_nanos() as f64 / picks.len() as f64
}

/// Users to read, from a small generator, the same in every run.
fn picks(count: usize) -> Vec<u32> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut pick = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % MANY as u64) as u32
    };
    (0..count).map(|_| pick()).collect()
}

/// The resident memory of this process in bytes, or 0 if the system does not report it.
fn resident_memory() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<i64>().ok());
    kib.unwrap_or_default() * 1024
}

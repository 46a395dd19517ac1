//! A case to measure, and its cost.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::allocations;
use crate::callgrind::Callgrind;
use crate::median::Median;

/// Runs the prepared case several times.
pub(crate) type Run = Box<dyn Fn(u64) + Send + Sync>;

/// A case to measure.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// Its name within its group.
    pub(crate) name: &'static str,
    pub(crate) prepare: fn() -> Run,
}

/// The cost of one iteration.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    /// `None` if they cannot be counted here.
    pub(crate) instructions: Option<f64>,
    pub(crate) allocations: f64,
    /// Allocated bytes, freed or not.
    pub(crate) bytes: f64,
}

/// The time of one iteration in the fastest round, and its ratio to the first case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    pub(crate) nanos: f64,
    pub(crate) ratio: Median,
}

/// The length of one case in one round.
const TURN: Duration = Duration::from_millis(2);
const ROUNDS: usize = 101;

impl Case {
    /// Counts instructions and allocations, which repeat exactly.
    pub(crate) fn cost(&self, group: &str, callgrind: Option<&Callgrind>) -> Result<Cost, String> {
        const TIMES: u64 = 200;
        let run = (self.prepare)();
        // Work of the first iterations is not counted.
        run(50);
        let ((), counted) = allocations::count(|| run(TIMES));
        let instructions = match callgrind {
            Some(callgrind) => Some(callgrind.instructions(group, self.name)?),
            None => None,
        };
        Ok(Cost {
            instructions,
            allocations: counted.calls as f64 / TIMES as f64,
            bytes: counted.bytes as f64 / TIMES as f64,
        })
    }
}

/// Times the cases alternately, so that other work of the machine slows all of them.
pub(crate) fn times(cases: &[Case]) -> Vec<Time> {
    let runs: Vec<(Run, u64)> = cases
        .iter()
        .map(|case| {
            let run = (case.prepare)();
            let times = times_in(TURN, &run);
            (run, times)
        })
        .collect();
    let mut figures = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for ((run, times), nanos) in runs.iter().zip(&mut figures) {
            nanos.push(nanos_of(run, *times));
        }
    }
    let time = |nanos: &Vec<f64>| Time {
        nanos: nanos.iter().copied().fold(f64::INFINITY, f64::min),
        ratio: Median::of_fastest(nanos, &figures[0]),
    };
    figures.iter().map(time).collect()
}

/// The throughput of two threads as a multiple of one: 2 if they do not disturb each other.
///
/// A median, since in the best rounds on a busy machine they would run one after the other.
pub(crate) fn growth_with_a_second_thread(case: Case) -> Median {
    let run = (case.prepare)();
    let times = times_in(TURN * 8, &run);
    let growth = (0..ROUNDS / 4).map(|_| {
        let alone = nanos_of(&run, times);
        let started = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| run(times));
            }
        });
        let together = started.elapsed().as_nanos() as f64 / times as f64;
        2.0 * alone / together
    });
    Median::of(growth.collect())
}

fn times_in(turn: Duration, run: &Run) -> u64 {
    let mut times = 1;
    loop {
        let started = Instant::now();
        run(times);
        let taken = started.elapsed();
        if taken * 2 > turn {
            let more = turn.as_secs_f64() / taken.as_secs_f64();
            return ((times as f64 * more) as u64).max(1);
        }
        times *= 2;
    }
}

fn nanos_of(run: &Run, times: u64) -> f64 {
    let started = Instant::now();
    black_box(run)(times);
    started.elapsed().as_nanos() as f64 / times as f64
}

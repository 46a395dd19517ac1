//! A world of the model: a store, a few processes, and everything that may happen next.

mod checks;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hasher as _};
use std::time::Duration;

use self::checks::{app_token, millis, number, text};
use super::super::{Fleet, FleetEvent, FleetRecord, FleetRun, FleetStart, FleetStep, FleetTrouble};
use crate::policy::{Jitter, Now, Uptime, WallTime};

const REQUEST_TIMEOUT: u64 = 4_000;
const DEADLINE: u64 = 10_000;
/// Past the time at which an answer is late, and past the end of a lease.
const LATE: u64 = 1_500;
const LEASE_OVER: u64 = 7_000;
/// Acquisitions of one process in which it has no token.
const MOST_STARTS: u128 = 2;
/// A step of time in which nothing but a look at a lease happens.
const LONGEST_LOOK: u64 = 1_300;
/// Steps that a run may take after its deadline: the end of a request that was sent before it.
const STEPS_AFTER_DEADLINE: u32 = 7;

/// How often each kind of trouble may still happen.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    pub(super) crashes: u32,
    pub(super) timeouts: u32,
    pub(super) losses: u32,
    pub(super) failures: u32,
    pub(super) refusals: u32,
    pub(super) late: u32,
    pub(super) suspensions: u32,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    now: u64,
    /// The record, its bytes being its nonce, and when it was written.
    store: Option<(FleetRecord, u64)>,
    tells_time: bool,
    processes: Vec<Process>,
    budget: Budget,
    /// Tokens so far; their text is their number.
    issued: u64,
    /// Tokens that a record marked as refused.
    refused: BTreeSet<u64>,
    /// The time that requests really took up of the limit, as of `now`.
    level: u64,
    is_lost: bool,
}

#[derive(Clone, Debug, Default)]
struct Process {
    memory: Fleet,
    run: Option<FleetRun>,
    stage: Stage,
    /// The bytes that it read or wrote last.
    current: Option<u128>,
    token: Option<u64>,
    owner: u128,
    deadline: u64,
    steps_after_deadline: u32,
}

impl Process {
    /// The number of its acquisition, spread over all bits as a random one would be.
    fn owner_id(&self, index: usize) -> u128 {
        let number = self.owner << 8 | index as u128;
        (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
}

#[derive(Clone, Debug, Default)]
enum Stage {
    #[default]
    Idle,
    /// The operation did not reach the store yet.
    Todo(FleetStep),
    /// Its answer is under way.
    Read(FleetRecord, Option<Duration>),
    Swapped(u128),
    Changed,
    TimedOut,
    Fetching(u64),
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Start,
    Reach,
    Arrive,
    TimeOut { done: bool },
    Fail,
    Crash,
}

impl World {
    /// Processes without a token, and a record of requests that take up so much of the limit.
    pub(super) fn new(size: usize, level: u64, budget: Budget, tells_time: bool) -> Self {
        let processes = vec![Process::default(); size];
        let refused = BTreeSet::new();
        let taken = Duration::from_millis(level);
        let record = FleetRecord { nonce: 1, taken, ..FleetRecord::EMPTY }.with_keep();
        let (store, issued, is_lost) = ((level > 0).then_some((record, 60_000)), 0, false);
        Self { now: 60_000, store, tells_time, processes, budget, issued, refused, level, is_lost }
    }

    fn now(&self) -> Now {
        let time = Duration::from_millis(self.now);
        Now { wall: WallTime::from_unix(time), uptime: Uptime::from_origin(time) }
    }

    /// Every world that may come next.
    pub(super) fn next(&self) -> Result<Vec<Self>, String> {
        let mut worlds = Vec::new();
        for index in 0..self.processes.len() {
            for step in self.moves(index) {
                let mut world = self.clone();
                world.go(index, step)?;
                worlds.push(world);
            }
        }
        let is_busy = self.processes.iter().any(|it| it.run.is_some());
        if is_busy {
            let mut pass = |time: u64, spend: fn(&mut Budget) -> &mut u32| {
                let mut world = self.clone();
                if *spend(&mut world.budget) > 0 {
                    *spend(&mut world.budget) -= 1;
                    world.pass(time);
                    worlds.push(world);
                }
            };
            pass(LATE, |it| &mut it.late);
            pass(LEASE_OVER, |it| &mut it.suspensions);
        }
        if self.budget.losses > 0 && self.store.is_some() {
            let mut world = self.clone();
            world.budget.losses -= 1;
            (world.store, world.is_lost) = (None, true);
            worlds.push(world);
        }
        // If all wait, time passes.
        let wakes = self.processes.iter().filter_map(|it| match it.stage {
            Stage::Todo(FleetStep::ReadAt(time)) => Some(millis(time)),
            _ => None,
        });
        if worlds.is_empty() || wakes.clone().count() == self.running() {
            if let Some(wake) = wakes.min().filter(|wake| *wake > self.now) {
                let mut world = self.clone();
                world.pass((wake - self.now).max(LONGEST_LOOK));
                worlds.push(world);
            }
        }
        if worlds.is_empty() && is_busy {
            return Err(format!("nothing can happen any more: {self:#?}"));
        }
        Ok(worlds)
    }

    fn running(&self) -> usize {
        self.processes.iter().filter(|it| it.run.is_some()).count()
    }

    fn pass(&mut self, time: u64) {
        self.now += time;
        self.level = self.level.saturating_sub(time);
    }

    fn moves(&self, index: usize) -> Vec<Move> {
        let process = &self.processes[index];
        let mut moves = Vec::new();
        let times_out = self.budget.timeouts > 0;
        match &process.stage {
            Stage::Idle => {
                let has_ended = process.token.is_none() && process.owner >= MOST_STARTS;
                if !has_ended && (process.token.is_none() || self.budget.refusals > 0) {
                    moves.push(Move::Start);
                }
                return moves;
            }
            Stage::Todo(FleetStep::ReadAt(time)) if millis(*time) > self.now => {}
            Stage::Todo(step) => {
                moves.push(Move::Reach);
                if times_out {
                    moves.push(Move::TimeOut { done: false });
                    if matches!(step, FleetStep::Swap { .. }) {
                        moves.push(Move::TimeOut { done: true });
                    }
                }
            }
            Stage::Fetching(_) => {
                moves.push(Move::Arrive);
                if self.budget.failures > 0 {
                    moves.push(Move::Fail);
                }
            }
            _ => moves.push(Move::Arrive),
        }
        if self.budget.crashes > 0 {
            moves.push(Move::Crash);
        }
        moves
    }

    fn go(&mut self, index: usize, step: Move) -> Result<(), String> {
        match step {
            Move::Start => self.start(index),
            Move::Crash => {
                self.budget.crashes -= 1;
                let owner = self.processes[index].owner;
                self.processes[index] = Process { owner, ..Process::default() };
                Ok(())
            }
            Move::Reach => self.reach(index, true),
            Move::TimeOut { done } => {
                self.budget.timeouts -= 1;
                if done {
                    self.reach(index, false)?;
                }
                self.processes[index].stage = Stage::TimedOut;
                self.arrive(index, false)
            }
            Move::Arrive => self.arrive(index, false),
            Move::Fail => {
                self.budget.failures -= 1;
                self.arrive(index, true)
            }
        }
    }

    /// Starts an acquisition: for a token, or for another one than that which was refused.
    fn start(&mut self, index: usize) -> Result<(), String> {
        let now = self.now();
        let process = &mut self.processes[index];
        process.owner += 1;
        process.deadline = self.now + DEADLINE;
        process.steps_after_deadline = 0;
        process.current = None;
        let held = process.token.map(text);
        if held.is_some() {
            self.budget.refusals -= 1;
        }
        let start = FleetStart {
            owner: process.owner_id(index),
            reported: held.clone(),
            held,
            request_timeout: Duration::from_millis(REQUEST_TIMEOUT),
            deadline: now.uptime.after(Duration::from_millis(DEADLINE)),
        };
        let (run, step) = FleetRun::new(start, &process.memory, now);
        process.run = Some(run);
        self.take(index, step)
    }

    /// Does an operation in the store.
    fn reach(&mut self, index: usize, answers: bool) -> Result<(), String> {
        let Stage::Todo(step) = self.processes[index].stage.clone() else { return Ok(()) };
        let stage = match step {
            FleetStep::Swap { record, .. } => {
                let there = self.store.as_ref().map(|(record, _)| record.nonce);
                if there == self.processes[index].current {
                    self.written(index, &record)?;
                    let nonce = record.nonce;
                    self.store = Some((record, self.now));
                    Stage::Swapped(nonce)
                } else {
                    Stage::Changed
                }
            }
            _ => match &self.store {
                Some((record, written)) => {
                    let left =
                        record.keep.saturating_sub(Duration::from_millis(self.now - written));
                    Stage::Read(record.clone(), self.tells_time.then_some(left))
                }
                None => Stage::Read(FleetRecord::EMPTY, None),
            },
        };
        if !answers {
            return Ok(());
        }
        // Only the answer to a swap can come so late that it matters.
        let is_atomic =
            matches!(stage, Stage::Read(..)) || self.budget.late + self.budget.suspensions == 0;
        self.processes[index].stage = stage;
        if is_atomic { self.arrive(index, false) } else { Ok(()) }
    }

    /// Gives an answer to the process.
    fn arrive(&mut self, index: usize, fails: bool) -> Result<(), String> {
        let now = self.now();
        let process = &mut self.processes[index];
        let stage = std::mem::take(&mut process.stage);
        let Some(run) = &mut process.run else { return Ok(()) };
        let memory = &mut process.memory;
        let mut next = |event| run.next(memory, event, now, Jitter::new(1.0));
        let step = match stage {
            Stage::Read(record, left) => {
                process.current = (!record.is_empty()).then_some(record.nonce);
                next(FleetEvent::Read { record: &record, left })
            }
            Stage::Swapped(nonce) => {
                process.current = Some(nonce);
                next(FleetEvent::Swapped)
            }
            Stage::Changed => next(FleetEvent::Changed),
            Stage::TimedOut => next(FleetEvent::Trouble(FleetTrouble::Timeout)),
            Stage::Fetching(_) if fails => next(FleetEvent::Failed(None)),
            Stage::Fetching(number) => {
                process.token = Some(number);
                next(FleetEvent::Fetched(&app_token(number)))
            }
            Stage::Idle | Stage::Todo(_) => return Ok(()),
        };
        self.take(index, step)
    }

    /// Takes a step, or ends the acquisition with it.
    fn take(&mut self, index: usize, step: FleetStep) -> Result<(), String> {
        let process = &mut self.processes[index];
        let goes_on = matches!(
            step,
            FleetStep::Read | FleetStep::ReadAt(_) | FleetStep::Swap { .. } | FleetStep::Fetch
        );
        if goes_on && self.now >= process.deadline {
            process.steps_after_deadline += 1;
            if process.steps_after_deadline > STEPS_AFTER_DEADLINE {
                return Err(format!("still at {step:?} after the deadline"));
            }
        }
        process.stage = match step {
            FleetStep::ReadAt(time) if millis(time) >= process.deadline => {
                return Err("a pause beyond the deadline".to_owned());
            }
            FleetStep::Fetch => {
                let own = process.owner_id(index);
                let covers = self.store.as_ref().is_some_and(|(record, written)| {
                    let end = Duration::from_millis(self.now - written + REQUEST_TIMEOUT);
                    record.lease.is_some_and(|it| it.owner == own && it.time >= end)
                });
                if !covers && !self.is_lost {
                    return Err("a request without a lease for its time".to_owned());
                }
                self.issued += 1;
                self.level += 10_000;
                if !self.is_lost && self.level > 41_500 {
                    return Err(format!("too many requests: {} ms", self.level));
                }
                Stage::Fetching(self.issued)
            }
            step if goes_on => Stage::Todo(step),
            FleetStep::Adopt { token, .. } => {
                let number = number(token.access_token());
                if self.refused.contains(&number) {
                    return Err(format!("refused token {number} was adopted"));
                }
                process.token = Some(number);
                Stage::Idle
            }
            FleetStep::FetchAlone(_) => {
                self.issued += 1;
                process.token = Some(self.issued);
                Stage::Idle
            }
            _ => Stage::Idle,
        };
        if matches!(process.stage, Stage::Idle) {
            process.run = None;
            if self.budget.refusals == 0 && process.token.is_some() {
                // Nothing follows, so worlds need not differ in it.
                (process.memory, process.current, process.deadline) = (Fleet::new(), None, 0);
            }
        }
        Ok(())
    }

    /// A number for what this world is; two worlds with the same number are the same one.
    pub(super) fn number(&self) -> u64 {
        struct Digest(DefaultHasher);
        impl fmt::Write for Digest {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.write(text.as_bytes());
                Ok(())
            }
        }
        let mut digest = Digest(DefaultHasher::new());
        write!(digest, "{self:?}").unwrap();
        digest.0.finish()
    }
}

//! Simulated fleets under one limit: slow stores, uneven demand, deaths, a store that is away.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::num::NonZeroU32;
use std::time::Duration;

use crate::policy::{Jitter, Priority, RateAnswer, RateStep, RequestQueue, Ticket, Turn, Uptime};

const LIMIT: u32 = 300;
const SECOND: u64 = 1_000_000_000;
const MILLI: u64 = 1_000_000;
const DEADLINE: u64 = 20 * SECOND;
const TIMEOUT: u64 = 250 * MILLI;

/// A fleet and what happens to it.
#[derive(Clone, Debug)]
struct Case {
    processes: usize,
    /// Callers a second of the first process, and of each other one.
    demand: (f64, f64),
    latency: u64,
    seconds: u64,
    /// A part of the operations of the store that get no answer.
    timeouts: f64,
    /// The first process dies at this second.
    dies: Option<u64>,
    /// The store is away in these seconds.
    away: Option<(u64, u64)>,
    /// How late a caller is when it calls, on average.
    late: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    Arrives,
    Calls(Ticket),
    Step,
    Carry(u64),
    Answer(u64),
}

struct Process {
    queue: RequestQueue,
    /// The deadline of each caller, and when it calls.
    waiting: BTreeMap<Ticket, (u64, u64)>,
    /// The own clock: ahead by this, and fast by this many parts in a million.
    clock: (u64, i64),
    drives: bool,
    read: [Option<Vec<u8>>; 2],
    operation: Option<Operation>,
}

#[derive(Clone)]
struct Operation {
    number: u64,
    step: RateStep,
    begin: u64,
    answer: Option<Answer>,
}

#[derive(Clone)]
enum Answer {
    Read(Option<(Vec<u8>, Duration)>),
    Swapped(bool),
}

struct Kept {
    record: Vec<u8>,
    end: u64,
}

struct Fleet {
    case: Case,
    random: u64,
    events: BinaryHeap<Reverse<(u64, u64, usize, What)>>,
    count: u64,
    processes: Vec<Process>,
    store: [Option<Kept>; 2],
    sent: Vec<(u64, usize)>,
    refused: usize,
    operations: usize,
    largest: usize,
}

impl Fleet {
    fn new(case: &Case, seed: u64) -> Self {
        let mut fleet = Self {
            case: case.clone(),
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            events: BinaryHeap::new(),
            count: 0,
            processes: Vec::new(),
            store: [None, None],
            sent: Vec::new(),
            refused: 0,
            operations: 0,
            largest: 0,
        };
        for index in 0..case.processes {
            let ahead = fleet.number(1_000 * SECOND);
            let fast = i64::try_from(fleet.number(100)).unwrap() - 50;
            let random = fleet.number(u64::MAX);
            fleet.processes.push(Process {
                queue: RequestQueue::shared(NonZeroU32::new(LIMIT).unwrap(), random),
                waiting: BTreeMap::new(),
                clock: (ahead, fast),
                drives: false,
                read: [None, None],
                operation: None,
            });
            fleet.arrival(index, 0);
        }
        fleet
    }

    /// A number below `end`.
    fn number(&mut self, end: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) % end.max(1)
    }

    fn part(&mut self) -> f64 {
        f64::from(u32::try_from(self.number(1 << 32)).unwrap()) / f64::from(u32::MAX)
    }

    fn at(&mut self, time: u64, process: usize, what: What) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, process, what)));
    }

    fn arrival(&mut self, process: usize, now: u64) {
        let demand = if process == 0 { self.case.demand.0 } else { self.case.demand.1 };
        if demand > 0.0 {
            let pause = Duration::from_secs_f64(-self.part().max(1e-9).ln() / demand);
            let pause = u64::try_from(pause.as_nanos()).unwrap();
            self.at(now + pause, process, What::Arrives);
        }
    }

    fn uptime(&self, process: usize, now: u64) -> Uptime {
        let (ahead, fast) = self.processes[process].clock;
        let fast = i64::try_from(now / 1_000_000).unwrap() * fast;
        let uptime = (now + ahead).checked_add_signed(fast).unwrap();
        // The coarse clock of a kernel.
        Uptime::from_origin(Duration::from_nanos(uptime / (4 * MILLI) * (4 * MILLI)))
    }

    fn run(&mut self) {
        while let Some(Reverse((now, _, process, what))) = self.events.pop() {
            if now > self.case.seconds * SECOND {
                return;
            }
            if process == 0 && self.case.dies.is_some_and(|dies| now >= dies * SECOND) {
                if let What::Carry(number) = what {
                    self.carry(process, number, now);
                }
                continue;
            }
            match what {
                What::Arrives => {
                    self.arrival(process, now);
                    let it = &mut self.processes[process];
                    let ticket = it.queue.ticket(Priority::UserToken);
                    it.waiting.insert(ticket, (now + DEADLINE, now));
                    self.call(process, ticket, now);
                }
                What::Calls(ticket) => {
                    let planned = self.processes[process].waiting.get(&ticket);
                    if planned.is_some_and(|it| it.1 == now) {
                        self.call(process, ticket, now);
                    }
                }
                What::Step => self.step(process, now),
                What::Carry(number) => self.carry(process, number, now),
                What::Answer(number) => self.answer(process, number, now),
            }
        }
    }

    fn call(&mut self, process: usize, ticket: Ticket, now: u64) {
        let uptime = self.uptime(process, now);
        let it = &mut self.processes[process];
        let Some((end, _)) = it.waiting.get(&ticket).copied() else { return };
        let deadline = uptime.after(Duration::from_nanos(end.saturating_sub(now)));
        match it.queue.turn(ticket, uptime, deadline) {
            Turn::Now => {
                it.waiting.remove(&ticket);
                self.sent.push((now, process));
            }
            Turn::At(time) => {
                let wait = u64::try_from(time.since(uptime).as_nanos()).unwrap().min(SECOND / 4);
                let late = self.number(self.case.late * 2);
                let next = now + wait + late;
                self.processes[process].waiting.insert(ticket, (end, next));
                self.at(next, process, What::Calls(ticket));
            }
            Turn::DeadlineExceeded(_) => {
                it.waiting.remove(&ticket);
                self.refused += 1;
            }
        }
        let it = &mut self.processes[process];
        if it.queue.wants_step(uptime) && !it.drives {
            it.drives = true;
            self.step(process, now);
        }
    }

    fn step(&mut self, process: usize, now: u64) {
        let uptime = self.uptime(process, now);
        let jitter = Jitter::new(self.part());
        let step = self.processes[process].queue.step(uptime, jitter);
        match step {
            RateStep::Idle => self.processes[process].drives = false,
            RateStep::WaitUntil(time) => {
                let wait = u64::try_from(time.since(uptime).as_nanos()).unwrap();
                self.at(now + wait, process, What::Step);
            }
            step => {
                self.operations += 1;
                let number = self.count;
                self.processes[process].operation =
                    Some(Operation { number, step, begin: now, answer: None });
                let latency = self.case.latency / 2 + self.number(self.case.latency);
                // Ways there and back differ, and from process to process.
                let there = if process % 2 == 0 { 1 } else { 9 };
                let carried = now + latency / 10 * there;
                let away = self.case.away;
                if !away.is_some_and(|(from, to)| (from * SECOND..to * SECOND).contains(&now)) {
                    self.at(carried, process, What::Carry(number));
                }
                let is_lost = self.part() < self.case.timeouts;
                let answer = if is_lost { TIMEOUT } else { latency.min(TIMEOUT) };
                self.at(now + answer, process, What::Answer(number));
            }
        }
    }

    /// The store carries out the operation.
    fn carry(&mut self, process: usize, number: u64, now: u64) {
        let Some(mut operation) =
            self.processes[process].operation.clone().filter(|it| it.number == number)
        else {
            return;
        };
        let index = usize::from(matches!(operation.step, RateStep::Read | RateStep::Swap { .. }));
        let kept = &mut self.store[index];
        kept.take_if(|kept| kept.end <= now);
        operation.answer = Some(match &operation.step {
            RateStep::SwapClock { record, keep } | RateStep::Swap { record, keep } => {
                let is_same = kept.as_ref().map(|it| &it.record)
                    == self.processes[process].read[index].as_ref();
                if is_same {
                    let end = now + u64::try_from(keep.as_nanos()).unwrap();
                    self.largest = self.largest.max(record.len());
                    *kept = Some(Kept { record: record.clone(), end });
                }
                Answer::Swapped(is_same)
            }
            _ => Answer::Read(
                kept.as_ref()
                    .map(|it| (it.record.clone(), Duration::from_millis((it.end - now) / MILLI))),
            ),
        });
        self.processes[process].operation = Some(operation);
    }

    fn answer(&mut self, process: usize, number: u64, now: u64) {
        let is_now = |it: &mut Operation| it.number == number;
        let Some(operation) = self.processes[process].operation.take_if(is_now) else { return };
        let (begin, end) = (self.uptime(process, operation.begin), self.uptime(process, now));
        let jitter = Jitter::new(self.part());
        let index = usize::from(matches!(operation.step, RateStep::Read | RateStep::Swap { .. }));
        let is_late = now - operation.begin >= TIMEOUT;
        let it = &mut self.processes[process];
        let answer = match (&operation.answer, &operation.step) {
            (Some(_), _) | (None, _) if is_late => RateAnswer::Failed { is_unknown: true },
            (None, _) => RateAnswer::Failed { is_unknown: false },
            (Some(Answer::Read(found)), _) => {
                it.read[index] = found.as_ref().map(|it| it.0.clone());
                RateAnswer::Record(found.as_ref().map(|it| (&it.0[..], Some(it.1))))
            }
            (
                Some(Answer::Swapped(true)),
                RateStep::Swap { record, .. } | RateStep::SwapClock { record, .. },
            ) => {
                it.read[index] = Some(record.clone());
                RateAnswer::Done
            }
            _ => RateAnswer::Changed,
        };
        let again = it.queue.answer(begin, end, answer, jitter);
        let waiting: Vec<_> = it.waiting.keys().take(again).copied().collect();
        for ticket in waiting {
            self.call(process, ticket, now);
        }
        self.step(process, now);
    }

    /// The most requests in any second.
    fn busiest(&self, from: u64, to: u64) -> usize {
        let times: Vec<u64> = self.sent.iter().map(|it| it.0).collect();
        let mut first = 0;
        let mut most = 0;
        for (index, time) in times.iter().enumerate() {
            while times[first] + SECOND <= *time {
                first += 1;
            }
            if (from * SECOND..to * SECOND).contains(time) {
                most = most.max(index + 1 - first);
            }
        }
        most
    }

    /// The part of the limit that was used in these seconds.
    fn used(&self, from: u64, to: u64) -> f64 {
        let within = self.sent.iter().filter(|it| (from * SECOND..to * SECOND).contains(&it.0));
        within.count() as f64 / (f64::from(LIMIT) * (to - from) as f64)
    }
}

fn case(processes: usize, demand: (f64, f64), latency: u64) -> Case {
    Case {
        processes,
        demand,
        latency: latency * MILLI,
        seconds: 20,
        timeouts: 0.0,
        dies: None,
        away: None,
        late: MILLI,
    }
}

/// Runs the case and prints it. Returns the used part from this second on, and the busiest second.
#[expect(clippy::print_stdout, reason = "shown if a test fails")]
fn run(case: &Case, from: u64) -> (f64, usize) {
    let seed = 1;
    let mut fleet = Fleet::new(case, seed);
    fleet.run();
    let (used, busiest) =
        (fleet.used(from, case.seconds), fleet.busiest(case.seconds / 4, case.seconds));
    println!(
        "{:3} processes, {:5.1} and {:5.1} callers/s, {:3} ms, seed {seed}: used {used:.3}, busiest \
         second {busiest}, refused {}, {} operations, {} bytes",
        case.processes,
        case.demand.0,
        case.demand.1,
        case.latency / MILLI,
        fleet.refused,
        fleet.operations,
        fleet.largest,
    );
    (used, busiest)
}

/// What callers want: 1.3 times the limit, evenly or nearly all of it in one process.
fn demand(processes: usize, is_even: bool) -> (f64, f64) {
    let each = 1.3 * f64::from(LIMIT) / f64::from(u32::try_from(processes).unwrap());
    if is_even { (each, each) } else { (360.0, 0.1 * each) }
}

#[test]
fn a_fleet_uses_its_limit_and_never_more() {
    for (processes, latency, is_even, least) in
        [(1, 100, true, 0.95), (50, 1, true, 0.95), (50, 20, false, 0.95)]
    {
        let case = case(processes, demand(processes, is_even), latency);
        let (used, busiest) = run(&case, 8);
        assert!(busiest <= 300, "{case:?}: {busiest}");
        assert!(used >= least, "{case:?}: {used}");
    }
}

#[test]
fn lost_answers_deaths_and_an_absent_store_cost_little() {
    let even = demand(10, true);
    let timeouts = Case { timeouts: 0.02, ..case(10, even, 20) };
    let (used, busiest) = run(&timeouts, 8);
    assert!(busiest <= 300 && used >= 0.8, "{used}, {busiest}");
    // The one that has nearly all callers dies; what it booked is lost, and the others go on.
    let dies = Case { dies: Some(4), ..case(10, (390.0, 33.0), 20) };
    let (used, busiest) = run(&dies, 14);
    assert!(busiest <= 300 && used >= 0.9, "{used}, {busiest}");
    // Shares are a tenth of the limit for each, of which nine tenths go one by one.
    let away = Case { away: Some((6, 12)), ..case(10, even, 20) };
    let (used, _) = run(&away, 8);
    assert!(used >= 0.75, "{used}");
}

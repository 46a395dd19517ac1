//! Processes, a store and a service in simulated time.

mod callers;
mod network;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use easemob_token_core::{
    AccessToken, AppToken, Fleet, FleetEvent, FleetRun, FleetStart, FleetStep, FleetTrouble,
    IssuedToken, Jitter, Lifetime, NextStep, Now, ResponseError, Retry, RetryLimits, TokenState,
    UnitMismatch, Uptime, WallTime,
};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const STORE_TIMEOUT: u64 = 250;
const STORE_LATENCY: u64 = 2;
const REQUEST_TIME: u64 = 200;

/// What the store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreFault {
    None,
    Fails(FleetTrouble),
    RefusesSwaps,
}

/// What the service answers.
#[derive(Clone, Debug)]
pub(crate) enum Service {
    Works,
    Unreachable,
    Refuses(ResponseError),
}

/// What happens at a time.
#[derive(Debug)]
enum Event {
    Call(usize),
    /// The operation of this run reaches the store.
    Store(usize, u64),
    Answer(usize, u64, Answer),
    /// The request of this run reaches the service.
    Send(usize, u64),
    Response(usize, u64, Result<String, ()>),
}

#[derive(Debug)]
enum Answer {
    Read(Option<Vec<u8>>, Option<Duration>),
    Swapped(Vec<u8>),
    Changed,
    Trouble(FleetTrouble),
}

/// One process with its callers.
#[derive(Debug)]
pub(crate) struct Process {
    state: TokenState,
    memory: Fleet,
    token: Option<(AccessToken, u64)>,
    reported: Option<AccessToken>,
    /// The token that its own request brought last.
    fetched: Option<AppToken>,
    run: Option<Run>,
    /// When each caller began to wait, and whether it met a 401 before.
    waiters: Vec<(u64, bool)>,
    pub(crate) suspended_until: u64,
    pub(crate) is_dead: bool,
    /// An endpoint that it calls refuses every token.
    pub(crate) meets_401: bool,
    /// How far its wall clock is ahead.
    pub(crate) wall_ahead: u64,
}

#[derive(Debug)]
struct Run {
    number: u64,
    machine: FleetRun,
    step: FleetStep,
    current: Option<Vec<u8>>,
    retry: Retry,
    is_alone: bool,
}

/// The whole fleet.
#[derive(Debug)]
pub(crate) struct Simulation {
    pub(crate) now: u64,
    random: u64,
    events: BTreeMap<(u64, u64), Event>,
    count: u64,
    pub(crate) processes: Vec<Process>,
    /// The bytes in the store, when they were written, and for how long they are kept.
    pub(crate) record: Option<(Vec<u8>, u64, Duration)>,
    pub(crate) store: StoreFault,
    pub(crate) tells_time: bool,
    pub(crate) service: Service,
    pub(crate) life: u64,
    pub(crate) revoked: BTreeSet<String>,
    pub(crate) revokes_older: bool,
    pub(crate) refuses_all: bool,
    /// The process whose next request kills or suspends it.
    pub(crate) on_send: Option<fn(&mut Process, u64)>,
    issued: u64,
    /// The time between two calls of one process.
    pub(crate) interval: u64,
    pub(crate) requests: Vec<u64>,
    pub(crate) operations: u64,
    pub(crate) failed: u64,
    pub(crate) longest_wait: u64,
    pub(crate) late_writes: u64,
}

/// A token with its age when it was received.
struct Aged<'a>(&'a AppToken, Duration);

impl IssuedToken for Aged<'_> {
    fn access_token(&self) -> &AccessToken {
        self.0.access_token()
    }
    fn lifetime(&self) -> Lifetime {
        self.0.lifetime()
    }
    fn unit_mismatch(&self) -> Option<&UnitMismatch> {
        None
    }
    fn names_its_user(&self) -> bool {
        true
    }
    fn age_when_received(&self) -> Duration {
        self.1
    }
}

enum End<'a> {
    Token(AppToken, Duration),
    Failed(Option<&'a ResponseError>),
    Rested(Duration),
    Kept(Duration),
}

impl Simulation {
    /// Processes that start within 200 ms.
    pub(crate) fn new(size: usize, seed: u64) -> Self {
        let mut simulation = Self {
            now: 1_000_000_000,
            random: seed,
            events: BTreeMap::new(),
            count: 0,
            processes: Vec::new(),
            record: None,
            store: StoreFault::None,
            tells_time: true,
            service: Service::Works,
            life: 7_200,
            revoked: BTreeSet::new(),
            revokes_older: false,
            refuses_all: false,
            on_send: None,
            issued: 0,
            interval: 5_000,
            requests: Vec::new(),
            operations: 0,
            failed: 0,
            longest_wait: 0,
            late_writes: 0,
        };
        for _ in 0..size {
            simulation.add();
        }
        simulation
    }

    /// Starts one more process.
    pub(crate) fn add(&mut self) {
        self.processes.push(Process {
            state: TokenState::new(),
            memory: Fleet::new(),
            token: None,
            reported: None,
            fetched: None,
            run: None,
            waiters: Vec::new(),
            suspended_until: 0,
            is_dead: false,
            meets_401: false,
            wall_ahead: 0,
        });
        let delay = self.between(0, 200);
        self.at(delay, Event::Call(self.processes.len() - 1));
    }

    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next_random() % (most - least + 1)
    }

    fn jitter(&mut self) -> Jitter {
        #[expect(clippy::cast_precision_loss, reason = "a random number may lose bits")]
        Jitter::new(self.next_random() as f64 / u64::MAX as f64)
    }

    fn at(&mut self, delay: u64, event: Event) {
        self.count += 1;
        self.events.insert((self.now + delay, self.count), event);
    }

    fn now_of(&self, index: usize) -> Now {
        let time = Duration::from_millis(self.now);
        let ahead = Duration::from_millis(self.processes[index].wall_ahead);
        Now { wall: WallTime::from_unix(time + ahead), uptime: Uptime::from_origin(time) }
    }

    /// Lets seconds pass.
    pub(crate) fn pass(&mut self, seconds: u64) {
        self.pass_millis(seconds * 1_000);
    }

    pub(crate) fn pass_millis(&mut self, millis: u64) {
        let end = self.now + millis;
        while let Some(entry) = self.events.first_entry().filter(|it| it.key().0 <= end) {
            let ((time, _), event) = entry.remove_entry();
            self.now = self.now.max(time);
            let (Event::Call(index)
            | Event::Store(index, _)
            | Event::Answer(index, ..)
            | Event::Send(index, _)
            | Event::Response(index, ..)) = &event;
            let process = &self.processes[*index];
            if process.is_dead {
                continue;
            }
            if process.suspended_until > self.now {
                self.at(process.suspended_until - self.now, event);
                continue;
            }
            self.happen(event);
        }
        self.now = end;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Call(index) => {
                self.call(index, self.now, false);
                let (least, most) = (self.interval / 2, self.interval * 3 / 2);
                let pause = self.between(least, most);
                self.at(pause, Event::Call(index));
            }
            Event::Store(index, number) => self.reach_store(index, number),
            Event::Answer(index, number, answer) => self.answered(index, number, answer),
            Event::Send(index, number) => self.send(index, number),
            Event::Response(index, number, result) => self.responded(index, number, result),
        }
    }

    fn start(&mut self, index: usize) {
        let (now, number) = (self.now_of(index), self.count);
        let owner = u128::from(self.next_random()) << 64 | u128::from(self.next_random());
        let process = &mut self.processes[index];
        let is_usable = process.state.is_usable(now);
        let held = process.token.as_ref().map(|it| it.0.clone()).filter(|_| is_usable);
        let is_reported = process.state.is_reported() || !is_usable;
        let limits = RetryLimits::default();
        let max_attempts = process.state.max_requests(now).min(limits.max_attempts);
        let retry = Retry::new(RetryLimits { max_attempts, ..limits }, now.uptime);
        let start = FleetStart {
            owner,
            held,
            reported: process.reported.clone().filter(|_| is_reported),
            request_timeout: REQUEST_TIMEOUT,
            deadline: retry.end(),
        };
        let (machine, step) = FleetRun::new(start, &process.memory, now);
        let (current, is_alone) = (None, false);
        process.run =
            Some(Run { number, machine, step: FleetStep::Failed, current, retry, is_alone });
        self.take(index, step);
    }

    fn next(&mut self, index: usize, event: FleetEvent<'_>) {
        let (now, jitter) = (self.now_of(index), self.jitter());
        let process = &mut self.processes[index];
        let Some(run) = &mut process.run else { return };
        let step = run.machine.next(&mut process.memory, event, now, jitter);
        self.take(index, step);
    }

    fn take(&mut self, index: usize, step: FleetStep) {
        let now = self.now_of(index);
        let Some(run) = &mut self.processes[index].run else { return };
        let number = run.number;
        run.step = step.clone();
        match step {
            FleetStep::Read | FleetStep::Swap { .. } => {
                self.at(STORE_LATENCY / 2, Event::Store(index, number));
            }
            FleetStep::ReadAt(time) => {
                let delay = u64::try_from(time.since(now.uptime).as_millis()).unwrap_or(0);
                self.at(delay + 1, Event::Store(index, number));
            }
            FleetStep::Fetch => self.at(0, Event::Send(index, number)),
            FleetStep::FetchAlone(_) => {
                run.is_alone = true;
                self.at(0, Event::Send(index, number));
            }
            FleetStep::Adopt { token, age } => self.end(index, End::Token(token, age)),
            FleetStep::UseFetched => {
                if let Some(token) = self.processes[index].fetched.take() {
                    self.end(index, End::Token(token, Duration::ZERO));
                }
            }
            FleetStep::Failed => self.retry(index),
            FleetStep::Keep(pause) => self.end(index, End::Kept(pause)),
            FleetStep::Rest(rest) => self.end(index, End::Rested(rest.retry_after)),
            FleetStep::DeadlineExceeded => self.end(index, End::Failed(None)),
        }
    }

    fn retry(&mut self, index: usize) {
        let (now, jitter) = (self.now_of(index), self.jitter());
        let service = self.service.clone();
        let Some(run) = &mut self.processes[index].run else { return };
        let next = match &service {
            Service::Refuses(error) => run.retry.after_response(error, now.uptime, jitter),
            _ => run.retry.after_transport_failure(true, now.uptime, jitter),
        };
        let number = run.number;
        match next {
            NextStep::SendAt(time) => {
                let delay = u64::try_from(time.since(now.uptime).as_millis()).unwrap_or(0);
                let event = Event::Send(index, number);
                self.at(delay, event);
            }
            _ => match &service {
                Service::Refuses(error) => self.end(index, End::Failed(Some(error))),
                _ => self.end(index, End::Failed(None)),
            },
        }
    }

    fn end(&mut self, index: usize, end: End<'_>) {
        let (now, jitter) = (self.now_of(index), self.jitter());
        let process = &mut self.processes[index];
        process.run = None;
        let waiters = std::mem::take(&mut process.waiters);
        let has_new = matches!(end, End::Token(..));
        match end {
            End::Token(token, age) => {
                let text = token.access_token().clone();
                let is_same =
                    process.reported.as_ref().is_some_and(|it| it.expose() == text.expose());
                let success = process.state.succeeded(&Aged(&token, age), is_same, now, jitter);
                process.token = Some((text, success.generation));
            }
            End::Failed(error) => process.state.failed(error, now, jitter),
            End::Rested(pause) => process.state.rested(pause, now),
            End::Kept(pause) => process.state.deferred(pause, now),
        }
        let is_usable = process.state.is_usable(now);
        for (since, is_second) in waiters {
            if has_new || is_usable && !is_second {
                self.used(index, since, is_second);
            } else {
                self.longest_wait = self.longest_wait.max(self.now - since);
                self.failed += 1;
            }
        }
    }
}

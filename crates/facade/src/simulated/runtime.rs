//! A runtime in simulated time: whenever nothing can run, the clock jumps to the next timer.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_transport::{Runtime, Task, TransportError, async_trait};

use crate::clock::Clock;

/// A waker that remembers to have been woken.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

type Queue = Arc<Mutex<VecDeque<u64>>>;

/// A waker that puts its task into the queue of those that run next.
struct InQueue {
    number: u64,
    is_queued: AtomicBool,
    queue: Queue,
}

impl Wake for InQueue {
    fn wake(self: Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::SeqCst) {
            self.queue.lock().unwrap().push_back(self.number);
        }
    }
}

struct Spawned {
    group: u64,
    in_queue: Arc<InQueue>,
    task: Task,
}

/// Runs tasks on the thread that waits, in the order in which they are woken.
#[derive(Clone)]
pub(super) struct Simulation(Arc<Inner>);

struct Inner {
    clock: Clock,
    tasks: Mutex<HashMap<u64, Spawned>>,
    queue: Queue,
    timers: Mutex<BTreeMap<(Uptime, u64), Waker>>,
    count: AtomicU64,
    /// The runtime that runs what is spawned now. Others may rest.
    group: AtomicU64,
    resting: AtomicU64,
}

const NONE: u64 = u64::MAX;

impl Simulation {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner {
            clock: Clock::still(),
            tasks: Mutex::default(),
            timers: Mutex::default(),
            queue: Queue::default(),
            count: AtomicU64::new(0),
            group: AtomicU64::new(0),
            resting: AtomicU64::new(NONE),
        }))
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What is spawned from now on runs on another runtime, and the one before rests: it is there, and
    /// nobody drives it.
    pub(super) fn rest(&self) {
        let group = self.0.group.fetch_add(1, Ordering::SeqCst);
        self.0.resting.store(group, Ordering::SeqCst);
    }

    /// The runtime that rested is driven again.
    pub(super) fn wake_up(&self) {
        self.0.resting.store(NONE, Ordering::SeqCst);
        let numbers = self.0.tasks.lock().unwrap().keys().copied().collect::<Vec<_>>();
        self.0.queue.lock().unwrap().extend(numbers);
    }

    /// The runtime ends and drops its tasks; what is spawned from now on runs on another one.
    pub(super) fn end_runtime(&self) {
        self.0.group.fetch_add(1, Ordering::SeqCst);
        let ended = std::mem::take(&mut *self.0.tasks.lock().unwrap());
        drop(ended);
    }

    /// Runs the future to its end, and tasks beside it, for as long as that takes.
    pub(super) fn run<O>(&self, future: impl Future<Output = O>) -> O {
        let mut future = pin!(future);
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        loop {
            if flag.0.swap(false, Ordering::SeqCst) {
                let mut context = Context::from_waker(&waker);
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    self.run_tasks();
                    return output;
                }
            }
            let runs = self.run_tasks() || flag.0.load(Ordering::SeqCst);
            if !runs && !self.fire_next(Uptime::NEVER) {
                panic!("nothing will ever happen: a caller waits without end");
            }
        }
    }

    /// Runs all of the futures beside each other. Returns their outputs in the order of their ends.
    pub(super) fn run_all<O: Send + 'static>(
        &self,
        futures: impl IntoIterator<Item: Future<Output = O> + Send + 'static>,
    ) -> Vec<O> {
        let outputs = Arc::new(Mutex::new(Vec::new()));
        let mut count = 0;
        for future in futures {
            count += 1;
            let outputs = Arc::clone(&outputs);
            let task = async move {
                let output = future.await;
                outputs.lock().unwrap().push(output);
            };
            self.spawn(Box::pin(task)).unwrap();
        }
        while outputs.lock().unwrap().len() < count {
            assert!(
                self.run_tasks() || self.fire_next(Uptime::NEVER),
                "a caller waits without end"
            );
        }
        std::mem::take(&mut *outputs.lock().unwrap())
    }

    /// Lets time pass, and runs what happens meanwhile.
    pub(super) fn pass(&self, time: Duration) {
        let end = self.0.clock.uptime().after(time);
        self.run_tasks();
        while self.fire_next(end) {
            self.run_tasks();
        }
        self.0.clock.advance(end.since(self.0.clock.uptime()));
        self.run_tasks();
    }

    /// Whether any task ran.
    fn run_tasks(&self) -> bool {
        let mut ran = false;
        loop {
            let Some(number) = self.0.queue.lock().unwrap().pop_front() else { return ran };
            let Some(mut spawned) = self.take(number) else { continue };
            ran = true;
            spawned.in_queue.is_queued.store(false, Ordering::SeqCst);
            let waker = Waker::from(Arc::clone(&spawned.in_queue));
            let mut context = Context::from_waker(&waker);
            if spawned.task.as_mut().poll(&mut context).is_pending() {
                self.0.tasks.lock().unwrap().insert(number, spawned);
            }
        }
    }

    /// The task of this number, unless its runtime rests or ended.
    fn take(&self, number: u64) -> Option<Spawned> {
        let resting = self.0.resting.load(Ordering::SeqCst);
        let mut tasks = self.0.tasks.lock().unwrap();
        if tasks.get(&number)?.group == resting {
            return None;
        }
        tasks.remove(&number)
    }

    /// Moves the clock to the next timer, if there is one until then.
    fn fire_next(&self, until: Uptime) -> bool {
        let mut timers = self.0.timers.lock().unwrap();
        match timers.first_key_value() {
            Some(((time, _), _)) if *time <= until => {}
            _ => return false,
        }
        let ((time, _), waker) = timers.pop_first().unwrap();
        drop(timers);
        self.0.clock.advance(time.since(self.0.clock.uptime()));
        waker.wake();
        true
    }
}

#[async_trait]
impl Runtime for Simulation {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        let group = self.0.group.load(Ordering::SeqCst);
        let number = self.0.count.fetch_add(1, Ordering::SeqCst);
        let (is_queued, queue) = (AtomicBool::new(false), Arc::clone(&self.0.queue));
        let in_queue = Arc::new(InQueue { number, is_queued, queue });
        let spawned = Spawned { group, in_queue: Arc::clone(&in_queue), task };
        self.0.tasks.lock().unwrap().insert(number, spawned);
        in_queue.wake();
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        let end = self.0.clock.uptime().after(time);
        let number = self.0.count.fetch_add(1, Ordering::SeqCst);
        let timer = Timer { timers: &self.0.timers, key: (end, number) };
        poll_fn(|cx| {
            if self.0.clock.uptime() >= end {
                return Poll::Ready(());
            }
            timer.timers.lock().unwrap().insert(timer.key, cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A timer that is gone when it is dropped.
struct Timer<'a> {
    timers: &'a Mutex<BTreeMap<(Uptime, u64), Waker>>,
    key: (Uptime, u64),
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        self.timers.lock().unwrap().remove(&self.key);
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulation")
    }
}

/// A caller's future that is polled once, or now and then, by hand.
pub(super) struct Caller<O>(Pin<Box<dyn Future<Output = O>>>);

impl<O> Caller<O> {
    pub(super) fn new(future: impl Future<Output = O> + 'static) -> Self {
        Self(Box::pin(future))
    }

    /// Polls it once, as an executor does that then forgets it.
    pub(super) fn poll_once(&mut self) -> Poll<O> {
        self.0.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    pub(super) fn into_future(self) -> impl Future<Output = O> {
        self.0
    }
}

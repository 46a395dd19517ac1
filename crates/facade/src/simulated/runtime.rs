//! A runtime in simulated time: if no task can run, the clock jumps to the next timer.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_transport::{Runtime, Task, TransportError, async_trait};

use crate::TestClock;

/// A waker that sets a flag.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

type Queue = Arc<Mutex<VecDeque<u64>>>;

/// A waker that queues its task.
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

/// A runtime that runs tasks on the waiting thread, in the order in which they are woken.
#[derive(Clone)]
pub(super) struct Simulation(Arc<Inner>);

struct Inner {
    clock: TestClock,
    tasks: Mutex<HashMap<u64, Spawned>>,
    queue: Queue,
    count: AtomicU64,
    /// The runtime that gets new tasks.
    group: AtomicU64,
    /// A runtime that exists but is not driven, or `NONE`.
    idle: AtomicU64,
}

const NONE: u64 = u64::MAX;

impl Simulation {
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner {
            clock: TestClock::of_a_runtime(),
            tasks: Mutex::default(),
            queue: Queue::default(),
            count: AtomicU64::new(0),
            group: AtomicU64::new(0),
            idle: AtomicU64::new(NONE),
        }))
    }

    pub(super) fn clock(&self) -> &TestClock {
        &self.0.clock
    }

    /// Stops driving the current runtime; new tasks get another one.
    pub(super) fn stop_driving(&self) {
        let group = self.0.group.fetch_add(1, Ordering::SeqCst);
        self.0.idle.store(group, Ordering::SeqCst);
    }

    /// Drives the idle runtime again.
    pub(super) fn drive_again(&self) {
        self.0.idle.store(NONE, Ordering::SeqCst);
        let numbers = self.0.tasks.lock().unwrap().keys().copied().collect::<Vec<_>>();
        self.0.queue.lock().unwrap().extend(numbers);
    }

    /// Ends the current runtime, which drops its tasks; new tasks get another one.
    pub(super) fn end_runtime(&self) {
        self.0.group.fetch_add(1, Ordering::SeqCst);
        let ended = std::mem::take(&mut *self.0.tasks.lock().unwrap());
        drop(ended);
    }

    /// Runs the future to its end, and tasks meanwhile.
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
                panic!("no task and no timer is left: the future hangs");
            }
        }
    }

    /// Runs the futures concurrently. Returns their outputs in the order of completion.
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
                "no task and no timer is left: a future hangs"
            );
        }
        std::mem::take(&mut *outputs.lock().unwrap())
    }

    /// Moves the clock, and runs tasks and timers meanwhile.
    pub(super) fn pass(&self, time: Duration) {
        let end = self.0.clock.uptime().after(time);
        self.run_tasks();
        while self.fire_next(end) {
            self.run_tasks();
        }
        self.0.clock.advance(end.since(self.0.clock.uptime()));
        self.run_tasks();
    }

    /// Runs all tasks that can run. Returns whether there was one.
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

    /// Takes the task of this number, unless its runtime is idle or has ended.
    fn take(&self, number: u64) -> Option<Spawned> {
        let idle = self.0.idle.load(Ordering::SeqCst);
        let mut tasks = self.0.tasks.lock().unwrap();
        if tasks.get(&number)?.group == idle {
            return None;
        }
        tasks.remove(&number)
    }

    /// Moves the clock to the next timer, which fires, if it is due by `until`. Returns whether.
    fn fire_next(&self, until: Uptime) -> bool {
        let Some(time) = self.0.clock.next_timer().filter(|time| *time <= until) else {
            return false;
        };
        self.0.clock.advance(time.since(self.0.clock.uptime()));
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
        self.0.clock.sleep(time).await;
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulation")
    }
}

/// A caller's future that a test polls by hand.
pub(super) struct Caller<O>(Pin<Box<dyn Future<Output = O>>>);

impl<O> Caller<O> {
    pub(super) fn new(future: impl Future<Output = O> + 'static) -> Self {
        Self(Box::pin(future))
    }

    /// Polls it once.
    pub(super) fn poll_once(&mut self) -> Poll<O> {
        self.0.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    pub(super) fn into_future(self) -> impl Future<Output = O> {
        self.0
    }
}

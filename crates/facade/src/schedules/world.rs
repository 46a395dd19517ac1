//! A client with its service, tasks and clock, for the scenarios.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_transport::{Runtime, Task, TransportError, async_trait};
use shuttle::future::{JoinHandle, spawn, yield_now};
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::sync::{Arc, Mutex};

use super::service::Service;
use crate::{AppToken, Client, ClientBuilder, ErrorKind, TestClock, UserToken};

pub(super) struct World {
    pub(super) client: Client,
    service: Arc<Service>,
    tasks: Tasks,
    failed: Mutex<Vec<ErrorKind>>,
}

/// A caller that exists and is not polled.
pub(super) struct Forgotten(#[expect(dead_code, reason = "it is stored, and not polled")] Call);

type Call = Pin<Box<dyn Future<Output = Result<UserToken, crate::Error>> + Send>>;

impl World {
    /// A service and a runtime; `failing` and `dropping` are percentages of requests and tasks.
    pub(super) fn new(failing: u32, dropping: u32) -> Arc<Self> {
        Self::with(failing, dropping, |builder| builder)
    }

    pub(super) fn with(
        failing: u32,
        dropping: u32,
        settings: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Arc<Self> {
        let tasks = Tasks::new(dropping);
        let service = Arc::new(Service::new(tasks.0.clock.clone(), failing));
        let builder = Client::builder("https://x", "o#a")
            .client_credentials("id", "secret")
            .transport(Arc::clone(&service))
            .runtime(tasks.clone())
            .clock(tasks.0.clock.clone());
        let client = settings(builder).build().unwrap();
        Arc::new(Self { client, service, tasks, failed: Mutex::default() })
    }

    /// Spawns a caller of this user's token, which records a failure.
    pub(super) fn user(self: &Arc<Self>, user: usize) -> JoinHandle<()> {
        let world = Arc::clone(self);
        spawn(async move {
            if let Err(error) = world.client.user_token(format!("user-{user}")).await {
                world.failed.lock().unwrap().push(error.kind());
            }
        })
    }

    /// Polls a caller once; it is never polled again.
    pub(super) fn forget_a_caller(&self, user: usize) -> Forgotten {
        let client = self.client.clone();
        let mut call: Call =
            Box::pin(async move { client.user_token(format!("forgotten-{user}")).await });
        let _ = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        Forgotten(call)
    }

    /// Leaves the next tasks that are spawned idle.
    pub(super) fn idle_next_tasks(&self, count: u32) {
        *self.tasks.0.idle.lock().unwrap() = (count, Vec::new());
    }

    pub(super) fn failed(&self) -> Vec<ErrorKind> {
        self.failed.lock().unwrap().clone()
    }

    pub(super) fn app_token_requests(&self) -> u32 {
        self.service.app_tokens()
    }

    pub(super) fn revoke(&self) {
        self.service.revoke();
    }

    pub(super) fn busiest_second(&self) -> usize {
        let received = self.service.received();
        let within = |start: Uptime| {
            let end = start.after(Duration::from_secs(1));
            received.iter().filter(|time| (start..end).contains(*time)).count()
        };
        received.iter().map(|&start| within(start)).max().unwrap_or_default()
    }

    pub(super) fn advance(&self, millis: u64) {
        self.tasks.advance(Duration::from_millis(millis));
    }

    /// Age of the token in milliseconds.
    pub(super) fn age_of(&self, token: &AppToken) -> u64 {
        let now = self.tasks.0.clock.wall();
        let age = now.duration_since(token.received_at()).unwrap_or_default();
        u64::try_from(age.as_millis()).unwrap()
    }

    /// Waits for all tasks. Shuttle drops those that still run at the end of a scenario, and they must
    /// not wait for each other's locks then.
    pub(super) async fn finish(&self) {
        let ended = poll_fn(|_| match self.tasks.0.running.load(Ordering::SeqCst) {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        });
        self.while_time_passes(ended).await;
        let idle = std::mem::take(&mut self.tasks.0.idle.lock().unwrap().1);
        drop(idle);
    }

    /// Runs the future while time passes, a little between any two steps.
    pub(super) async fn while_time_passes<O>(&self, future: impl Future<Output = O>) -> O {
        self.while_steps_pass(300, future).await
    }

    /// Runs the future while time passes so slowly that no schedule leaves a task alone for a second.
    ///
    /// An acquisition that stands still for longer is replaced, and its request is late.
    pub(super) async fn while_little_time_passes<O>(&self, future: impl Future<Output = O>) -> O {
        self.while_steps_pass(60, future).await
    }

    async fn while_steps_pass<O>(&self, millis: u64, future: impl Future<Output = O>) -> O {
        let mut future = pin!(future);
        loop {
            let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
            if let Poll::Ready(output) = polled {
                return output;
            }
            self.advance(thread_rng().gen_range(1..millis));
            yield_now().await;
        }
    }
}

/// A runtime of shuttle tasks, some of which are dropped or idle, with timers on a clock moved by hand.
#[derive(Clone)]
struct Tasks(Arc<TasksInner>);

struct TasksInner {
    clock: TestClock,
    /// Percentage of tasks that are dropped.
    dropping: u32,
    idle: Mutex<(u32, Vec<Task>)>,
    timers: Mutex<Vec<(Uptime, Waker)>>,
    running: AtomicUsize,
}

impl Tasks {
    fn new(dropping: u32) -> Self {
        Self(Arc::new(TasksInner {
            clock: TestClock::of_a_runtime(),
            dropping,
            idle: Mutex::new((0, Vec::new())),
            timers: Mutex::default(),
            running: AtomicUsize::new(0),
        }))
    }

    fn advance(&self, time: Duration) {
        self.0.clock.advance(time);
        let now = self.0.clock.uptime();
        let mut timers = self.0.timers.lock().unwrap();
        let (due, later) = std::mem::take(&mut *timers).into_iter().partition(|it| it.0 <= now);
        *timers = later;
        drop(timers);
        let due: Vec<(Uptime, Waker)> = due;
        due.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

#[async_trait]
impl Runtime for Tasks {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        let mut idle = self.0.idle.lock().unwrap();
        if idle.0 > 0 {
            idle.0 -= 1;
            idle.1.push(task);
        } else if thread_rng().gen_range(0..100) >= self.0.dropping {
            drop(idle);
            let tasks = self.clone();
            tasks.0.running.fetch_add(1, Ordering::SeqCst);
            spawn(async move {
                task.await;
                tasks.0.running.fetch_sub(1, Ordering::SeqCst);
            });
        }
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        let end = self.0.clock.uptime().after(time);
        poll_fn(|cx| {
            if self.0.clock.uptime() >= end {
                return Poll::Ready(());
            }
            self.0.timers.lock().unwrap().push((end, cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tasks")
    }
}

//! Turns, expiry and waiters that are never polled, with and without a clock.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::Wake;
use std::thread;

use super::queue::PATIENCE;
use super::*;

const MS: Duration = Duration::from_millis(1);

/// A queue whose time the test sets.
struct Model {
    queue: Queue,
    now: Instant,
    woken: Vec<Waker>,
}

impl Model {
    /// All permits are held, until this much later, by callers that are never polled.
    fn full(permits: usize, for_time: Duration) -> Self {
        let now = Instant::now();
        let mut queue = Queue::new(permits);
        for _ in 0..permits {
            queue.enter(now + for_time, || now).unwrap();
        }
        Self { queue, now, woken: Vec::new() }
    }

    fn check(&mut self, number: u64) -> Turn {
        let deadline = self.now + MS * 10_000;
        self.queue.check(number, deadline, self.now, Waker::noop(), &mut self.woken)
    }

    /// A waiter that has checked once and is not polled again unless the test does it.
    fn wait(&mut self) -> u64 {
        let number = self.queue.take_number();
        assert_ne!(self.check(number), Turn::Granted);
        number
    }

    /// Lets the waiter check at the times that it announced. Returns the time until it has a permit.
    fn time_until_granted(&mut self, number: u64) -> Duration {
        let begun = self.now;
        for _ in 0..10_000 {
            match self.check(number) {
                Turn::Granted => return self.now - begun,
                Turn::Wait(pause) => self.now += pause,
            }
        }
        panic!("it never had a permit");
    }

    /// A newcomer that wants a permit for a millisecond.
    fn enter(&mut self) -> Option<u64> {
        let now = self.now;
        self.queue.enter(now + MS, || now)
    }

    fn leave(&mut self, number: u64, deadline: Instant) {
        let now = self.now;
        self.queue.leave(deadline, number, || now, &mut self.woken);
    }
}

#[test]
fn a_held_place_expires_although_its_holder_is_never_polled() {
    let mut model = Model::full(3, MS * 200);
    let waiter = model.wait();
    let took = model.time_until_granted(waiter);
    assert!(took >= MS * 200 && took <= MS * 201, "{took:?}");
}

#[test]
fn a_newcomer_takes_an_expired_place_at_once() {
    let mut model = Model::full(2, MS * 200);
    model.now += MS * 200;
    assert!(model.enter().is_some());
}

#[test]
fn permits_go_to_waiters_in_their_order_and_no_newcomer_overtakes() {
    let mut model = Model::full(1, MS * 200);
    let waiters: Vec<u64> = (0..3).map(|_| model.wait()).collect();
    model.now += MS * 200;
    for (index, &number) in waiters.iter().enumerate() {
        assert_eq!(model.enter(), None, "a newcomer");
        for &later in &waiters[index + 1..] {
            assert_ne!(model.check(later), Turn::Granted);
        }
        assert_eq!(model.check(number), Turn::Granted);
        let deadline = model.now + MS * 10_000;
        model.leave(number, deadline);
    }
}

#[test]
fn leaving_wakes_the_next_one_only() {
    let now = Instant::now();
    let mut model = Model { queue: Queue::new(1), now, woken: Vec::new() };
    let holder = model.enter().unwrap();
    model.wait();
    model.wait();
    model.leave(holder, now + MS);
    assert_eq!(model.woken.len(), 1);
}

#[test]
fn a_waiter_that_does_not_come_is_passed_over_and_keeps_its_order() {
    let mut model = Model::full(1, MS * 200);
    let [late, second, third] = [(); 3].map(|()| model.wait());
    model.now += MS * 200;
    // The permit is offered to the first, which does not check.
    assert_ne!(model.check(second), Turn::Granted);
    let took = model.time_until_granted(second);
    assert!(took <= PATIENCE * 2, "{took:?}");
    // It comes back, and is before the third again.
    assert_ne!(model.check(late), Turn::Granted);
    let deadline = model.now + MS * 10_000;
    model.leave(second, deadline);
    assert_ne!(model.check(third), Turn::Granted);
    assert_eq!(model.check(late), Turn::Granted);
}

#[test]
fn ten_thousand_waiters_that_are_never_polled_keep_nobody_waiting() {
    let mut model = Model::full(4, MS * 200);
    for _ in 0..10_000 {
        model.wait();
    }
    let waiter = model.wait();
    let took = model.time_until_granted(waiter);
    assert!(took < MS * 1_500, "{took:?}");
}

#[test]
fn a_called_waiter_that_quits_hands_its_turn_on() {
    let mut model = Model::full(1, MS * 200);
    let [first, second] = [(); 2].map(|()| model.wait());
    model.now += MS * 200;
    assert_ne!(model.check(second), Turn::Granted);
    let now = model.now;
    model.queue.quit(first, now, &mut model.woken);
    assert_eq!(model.check(second), Turn::Granted);
}

#[test]
fn many_waiters_look_seldom() {
    let mut model = Model::full(4, MS * 60_000);
    let waiters: Vec<u64> = (0..10_000).map(|_| model.wait()).collect();
    let mut looks_a_second = 0.0;
    for number in waiters {
        let Turn::Wait(pause) = model.check(number) else { panic!("there is no permit") };
        looks_a_second += 1.0 / pause.as_secs_f64();
    }
    assert!(looks_a_second < 30_000.0, "{looks_a_second}");
}

/// A sleep on a thread of its own.
async fn sleep(time: Duration) {
    let (done, over) = (Arc::new(Mutex::new(None::<Waker>)), Instant::now() + time);
    poll_fn(|cx| {
        if Instant::now() >= over {
            return Poll::Ready(());
        }
        if done.lock().unwrap().replace(cx.waker().clone()).is_none() {
            let done = done.clone();
            thread::spawn(move || {
                thread::sleep(over.saturating_duration_since(Instant::now()));
                let waker = done.lock().unwrap().take();
                waker.unwrap().wake();
            });
        }
        Poll::Pending
    })
    .await;
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

fn limit(max: usize) -> ExchangeLimit {
    ExchangeLimit::new(NonZeroUsize::new(max).unwrap())
}

fn after(time: Duration) -> Instant {
    Instant::now() + time
}

#[test]
fn waiting_too_long_is_a_timeout_that_names_the_setting() {
    let limit = limit(1);
    let _held = block_on(limit.acquire(after(MS * 10_000), sleep)).unwrap();
    let deadline = after(MS * 60);
    let error = block_on(limit.acquire(deadline, sleep)).unwrap_err();
    assert!(Instant::now() >= deadline);
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("max_concurrent_exchanges"), "{cause}");
}

#[test]
fn a_dropped_permit_wakes_a_waiter_before_any_timer() {
    let limit = limit(1);
    let held = block_on(limit.acquire(after(MS * 60_000), sleep)).unwrap();
    let (waits, waiting) = mpsc::channel();
    let waiter = thread::spawn({
        let limit = limit.clone();
        move || {
            // No timer ever fires: only the holder can wake it.
            let never = |_| {
                waits.send(()).unwrap();
                std::future::pending::<()>()
            };
            block_on(limit.acquire(after(MS * 60_000), never)).is_ok()
        }
    });
    waiting.recv().unwrap();
    drop(held);
    assert!(waiter.join().unwrap());
}

#[test]
fn callers_that_are_kept_and_never_polled_do_not_block_others() {
    let limit = limit(2);
    let mut forgotten = Vec::new();
    for _ in 0..50 {
        let mut call = Box::pin(limit.acquire(after(MS * 100), sleep));
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        forgotten.push((call, polled));
    }
    assert_eq!(forgotten.iter().filter(|(_, polled)| polled.is_ready()).count(), 2);
    let begun = Instant::now();
    assert!(block_on(limit.acquire(after(MS * 5_000), sleep)).is_ok());
    assert!(begun.elapsed() < MS * 2_000, "{:?}", begun.elapsed());
}

#[test]
fn never_more_than_the_limit_are_under_way_on_many_threads() {
    let (limit, running, most) = (limit(3), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let permit = block_on(limit.acquire(after(MS * 30_000), sleep)).unwrap();
                    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                }
            });
        }
    });
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

#[test]
fn a_lock_that_no_thread_of_this_process_holds_is_an_error_and_no_hang() {
    let limit = limit(1);
    let permit = block_on(limit.acquire(after(MS * 60_000), sleep)).unwrap();
    // The state in a child of a fork.
    limit.0.process.0.store(std::process::id().wrapping_add(1), Ordering::Relaxed);
    let queue = limit.0.queue.lock().unwrap();
    let error = block_on(limit.acquire(after(MS * 60_000), sleep)).unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Internal);
    drop(permit);
    drop(queue);
}

#[test]
fn exchanges_take_a_quarter_of_the_descriptors_and_there_is_always_one() {
    let share = |descriptors, each| share_of(descriptors, NonZeroUsize::new(each).unwrap()).get();
    assert_eq!(share(Some(1024), 1), 256);
    assert_eq!(share(Some(1024), 8), 32);
    assert_eq!(share(Some(20), 8), 1);
    assert_eq!(share(Some(0), 1), 1);
    assert_eq!(share(None, 8), 128);
    let all: BTreeSet<_> = [share(Some(u64::MAX), 1), share(None, 1)].into();
    assert!(!all.contains(&0));
}

//! How the tests drive a call: a step of it, to its end in time, or without any runtime.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

/// Lets a call begin, which does not end at once.
pub(crate) async fn begin<F: Future + ?Sized>(mut call: Pin<&mut F>) {
    poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending(), "it ended at once");
        Poll::Ready(())
    })
    .await;
}

/// Waits until each task that was spawned before has been polled, or is about to be.
pub(crate) async fn everybody_has_a_turn() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

/// Nobody hangs: what comes of a call within a time that is long enough for anything.
pub(crate) async fn in_time<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(15), call).await.expect("a call hangs")
}

/// The executor of those who have none. Nobody hangs here either.
#[cfg(any(feature = "hyper", feature = "isahc", feature = "blocking"))]
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    use std::sync::Arc;
    use std::task::{Context, Wake, Waker};
    use std::thread::{self, Thread};

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let start = std::time::Instant::now();
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => {
                assert!(start.elapsed() < Duration::from_secs(15), "a call hangs");
                thread::park_timeout(Duration::from_secs(1));
            }
        }
    }
}

/// What comes of a call without any waiting; `None` where it would have to wait.
pub(crate) async fn at_once<F: Future>(call: F) -> Option<F::Output> {
    let mut call = pin!(call);
    poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

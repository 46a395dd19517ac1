//! Ways to poll a call: once, to its end in time, without a runtime.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use easemob_token::{Client, Error, UserToken};

/// Polls a call once; it must be pending then.
pub(crate) async fn begin<F: Future + ?Sized>(mut call: Pin<&mut F>) {
    poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending(), "it ended at once");
        Poll::Ready(())
    })
    .await;
}

/// A call for a user token, for a task of its own.
pub(crate) fn user_call(
    client: &Client,
    user_id: &str,
) -> impl Future<Output = Result<UserToken, Error>> + use<> {
    let (client, user_id) = (client.clone(), user_id.to_owned());
    async move { client.user_token(user_id).await }
}

/// Yields, so that each task spawned before is polled.
pub(crate) async fn yield_to_tasks() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

/// Awaits a call, and fails if it hangs.
pub(crate) async fn in_time<T>(call: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(15), call).await.expect("a call hangs")
}

/// Runs a future without an async runtime, and fails if it hangs.
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

/// Polls a call once; `None` if it is pending.
pub(crate) async fn at_once<F: Future>(call: F) -> Option<F::Output> {
    let mut call = pin!(call);
    poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

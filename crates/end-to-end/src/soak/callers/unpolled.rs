//! Callers that poll their futures once or rarely, which must not delay other callers.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::sleep;

use super::millis;
use crate::server::{USERS, user};
use crate::shared::Shared;

/// The most unpolled futures of a caller: more than the rate permits per second. Each may hold a
/// connection.
const MOST_UNPOLLED: usize = 200;

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts calls, polls each of them once, and does not drop them.
pub(super) async fn polled_once(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    let mut unpolled = VecDeque::new();
    while !shared.stopped() {
        sleep(millis(&mut chance, 100..200)).await;
        let mut call = call(&shared, &mut chance);
        if poll(call.as_mut()).is_pending() {
            shared.tally().unpolled += 1;
            unpolled.push_back(call);
        }
        if unpolled.len() > MOST_UNPOLLED {
            unpolled.pop_front();
        }
    }
}

/// Polls its call at random times, woken or not.
pub(super) async fn polled_rarely(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 200..400)).await;
        let mut call = pin!(call(&shared, &mut chance));
        while poll(call.as_mut()).is_pending() {
            sleep(millis(&mut chance, 1_000..3_000)).await;
        }
    }
}

/// A call, mostly for a user token, which waits for the rate limiter and for the response.
fn call(shared: &Arc<Shared>, chance: &mut fastrand::Rng) -> Call {
    let shared = Arc::clone(shared);
    if chance.u8(..4) == 0 {
        return Box::pin(async move { drop(shared.app_token().await) });
    }
    let (user, _) = user(chance.usize(..USERS));
    // Its result is not judged, since its timeouts run while it is not polled.
    Box::pin(async move { drop(shared.user_token_request(&user).await) })
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

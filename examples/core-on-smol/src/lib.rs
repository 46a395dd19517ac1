//! The core alone under smol: one app token for many callers, driven by `TokenState` and `Retry`.
#![expect(clippy::missing_errors_doc, reason = "`Answer` says what an error is")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use easemob_token_core::{
    AppToken, Decision, Jitter, Keep, NextStep, Now, ResponseError, Retry, RetryLimits, TokenState,
    Uptime,
};
use event_listener::Event;

/// A token, or why there is none; `None` if not even a response arrived.
pub type Answer = Result<AppToken, Option<ResponseError>>;
/// Sends one request with your HTTP library and reads its answer, on a thread that may block.
pub type Ask = Arc<dyn Fn() -> Answer + Send + Sync>;

/// The one app token of a program: how to ask, the clock's origin, the state with what is kept.
pub struct AppTokens(Ask, Instant, Mutex<(TokenState, Answer)>, Event);

impl AppTokens {
    /// Nothing is sent before somebody asks.
    pub fn new(ask: Ask) -> Arc<Self> {
        let state = Mutex::new((TokenState::new(), Err(None)));
        Arc::new(Self(ask, Instant::now(), state, Event::new()))
    }

    /// The kept token, or the one that the shared acquisition brings.
    pub async fn get(self: &Arc<Self>) -> Answer {
        loop {
            let ended = self.3.listen();
            let (decision, kept) = {
                let mut state = self.state();
                (state.0.decide(self.now()), state.1.clone())
            };
            if matches!(decision, Decision::Fetch | Decision::UseAndRefresh) {
                // Detached: it goes on if its caller gives up.
                smol::spawn(Arc::clone(self).acquire()).detach();
            }
            if !matches!(decision, Decision::Fetch | Decision::Join) {
                return kept;
            }
            ended.await;
        }
    }

    async fn acquire(self: Arc<Self>) {
        let jitter = || Jitter::new(fastrand::f64());
        let max_attempts = self.state().0.max_requests(self.now()).min(3);
        let limits = RetryLimits { max_attempts, ..RetryLimits::default() };
        let mut retry = Retry::new(limits, self.now().uptime);
        let mut unfinished = Unfinished(Arc::clone(&self), true);
        let answer = loop {
            self.state().0.sent(self.now());
            let ask = Arc::clone(&self.0);
            let answer = smol::unblock(move || ask()).await;
            let Err(error) = answer else { break answer };
            let now = self.now().uptime;
            let step = match &error {
                Some(response) => retry.after_response(response, now, jitter()),
                None => retry.after_transport_failure(true, now, jitter()),
            };
            let NextStep::SendAt(time) = step else { break Err(error) };
            smol::Timer::after(time.since(now)).await;
        };
        let (now, mut state) = (self.now(), self.state());
        let is_news = match &answer {
            Ok(token) => state.0.succeeded(token, false, now, jitter()).keep == Keep::New,
            Err(error) => {
                state.0.failed(error.as_ref(), now, jitter());
                // A failure takes nothing away from a token that is good.
                !state.0.is_usable(now)
            }
        };
        if is_news {
            state.1 = answer;
        }
        unfinished.1 = false;
    }

    fn state(&self) -> MutexGuard<'_, (TokenState, Answer)> {
        self.2.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now { wall: SystemTime::now(), uptime: Uptime::from_origin(self.1.elapsed()) }
    }
}

/// Wakes those who wait when an acquisition ends; one that panicked starts anew.
struct Unfinished(Arc<AppTokens>, bool);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.1 {
            self.0.state().0.abandoned();
        }
        self.0.3.notify(usize::MAX);
    }
}

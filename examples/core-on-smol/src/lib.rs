//! The core alone under smol: one app token for many callers, driven by `TokenState` and `Retry`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use easemob_token_core::{
    AppToken, Decision, Jitter, Keep, NextStep, Now, ResponseError, Retry, RetryLimits, TokenState,
    Uptime,
};
use event_listener::Event;

/// A token or its error; `Err(None)` if no response arrived.
pub type TokenResult = Result<AppToken, Option<ResponseError>>;
/// Sends one request with your HTTP library and parses the response, on a thread that may block.
pub type SendRequest = Arc<dyn Fn() -> TokenResult + Send + Sync>;

/// The app token of a program, shared by all callers.
pub struct AppTokens {
    send: SendRequest,
    started: Instant,
    cache: Mutex<Cache>,
    acquisition_ended: Event,
}

/// The state of the token, and the token itself or the last error.
struct Cache {
    state: TokenState,
    cached: TokenResult,
}

impl AppTokens {
    /// Sends nothing until the first call of [`get`](Self::get).
    pub fn new(send: SendRequest) -> Arc<Self> {
        let cache = Mutex::new(Cache { state: TokenState::new(), cached: Err(None) });
        Arc::new(Self { send, started: Instant::now(), cache, acquisition_ended: Event::new() })
    }

    /// Returns the cached token, or the result of the acquisition that all callers share.
    ///
    /// What is left of its lifetime is `token.remaining_at(SystemTime::now())`.
    ///
    /// # Errors
    ///
    /// The error of the last request; `None` if it brought no response.
    pub async fn get(self: &Arc<Self>) -> TokenResult {
        loop {
            // Listen before looking, so that no end of an acquisition is missed.
            let ended = self.acquisition_ended.listen();
            let (decision, cached) = {
                let mut cache = self.cache();
                (cache.state.decide(self.now()), cache.cached.clone())
            };
            if matches!(decision, Decision::Fetch | Decision::UseAndRefresh) {
                // The guard exists before the task does, so a task that never runs ends as well.
                let guard = CompletionGuard { tokens: Arc::clone(self), is_reported: false };
                // Detached, so that it goes on if its caller is cancelled.
                smol::spawn(guard.acquire()).detach();
            }
            match decision {
                Decision::Fetch | Decision::Join => ended.await,
                Decision::Use | Decision::UseAndRefresh | Decision::WaitUntil(_) => return cached,
            }
        }
    }

    /// Sends requests until one brings a token or the retry rules give up.
    async fn fetch(&self) -> TokenResult {
        let max_attempts = self.cache().state.max_requests(self.now()).min(3);
        let limits = RetryLimits { max_attempts, ..RetryLimits::default() };
        let mut retry = Retry::new(limits, self.now().uptime);
        loop {
            self.cache().state.sent(self.now());
            let send = Arc::clone(&self.send);
            let result = smol::unblock(move || send()).await;
            let Err(error) = result else { return result };
            let now = self.now().uptime;
            let step = match &error {
                Some(response) => retry.after_response(response, now, jitter()),
                None => retry.after_transport_failure(true, now, jitter()),
            };
            let NextStep::SendAt(time) = step else { return Err(error) };
            smol::Timer::after(time.since(now)).await;
        }
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now { wall: SystemTime::now().into(), uptime: Uptime::from_origin(self.started.elapsed()) }
    }
}

fn jitter() -> Jitter {
    Jitter::new(fastrand::f64())
}

/// Ends an acquisition and wakes its callers, even if its task panics or is dropped.
struct CompletionGuard {
    tokens: Arc<AppTokens>,
    /// Whether the state knows the result.
    is_reported: bool,
}

impl CompletionGuard {
    async fn acquire(mut self) {
        let result = self.tokens.fetch().await;
        let (now, mut cache) = (self.tokens.now(), self.tokens.cache());
        let replaces = match &result {
            // The state may keep the old token, if the lifetime of the new one is unknown.
            Ok(token) => cache.state.succeeded(token, false, now, jitter()).keep == Keep::New,
            Err(error) => {
                cache.state.failed(error.as_ref(), now, jitter());
                // A failure does not replace a token that is still good.
                !cache.state.is_usable(now)
            }
        };
        if replaces {
            cache.cached = result;
        }
        self.is_reported = true;
    }
}

impl Drop for CompletionGuard {
    fn drop(&mut self) {
        if !self.is_reported {
            self.tokens.cache().state.abandoned();
        }
        self.tokens.acquisition_ended.notify(usize::MAX);
    }
}

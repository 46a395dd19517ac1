//! The app token that all callers share: one request for many, renewed before its end.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwapOption;
use easemob_token_core::{AppToken, ClientCredentials, Decision, Freshness, Slot};
use easemob_token_transport::{Task, TransportError, TransportErrorKind};
use event_listener::Event;

use crate::acquire::Acquirer;
use crate::clock::jitter;
use crate::error::Error;

/// The kept app token of one client.
pub(crate) struct AppTokenCache {
    acquirer: Arc<Acquirer>,
    grant: ClientCredentials,
    /// What a caller takes without a lock, as long as it is fresh.
    kept: ArcSwapOption<Kept>,
    state: Mutex<State>,
}

struct Kept {
    token: AppToken,
    generation: u64,
    freshness: Freshness,
}

#[derive(Default)]
struct State {
    slot: Slot,
    /// The acquisition under way, for callers to wait for.
    acquisition: Option<Arc<Acquisition>>,
    /// Why the last one failed, while that is remembered.
    error: Option<Error>,
}

/// An acquisition, seen by those who wait for it.
#[derive(Default)]
struct Acquisition {
    result: OnceLock<Result<AppToken, Error>>,
    ended: Event,
}

impl Acquisition {
    async fn wait(&self) -> Result<AppToken, Error> {
        loop {
            if let Some(result) = self.result.get() {
                return result.clone();
            }
            let ended = self.ended.listen();
            // It may have ended between the look and the listening.
            if self.result.get().is_none() {
                ended.await;
            }
        }
    }
}

/// What a caller does, decided under the lock.
enum Next {
    Take(AppToken),
    Wait(Arc<Acquisition>),
    Fail(Error),
}

impl AppTokenCache {
    pub(crate) fn new(acquirer: Arc<Acquirer>, grant: ClientCredentials) -> Arc<Self> {
        let (kept, state) = (ArcSwapOption::empty(), Mutex::default());
        Arc::new(Self { acquirer, grant, kept, state })
    }

    /// The kept token where it is good, otherwise the one that the shared acquisition brings.
    pub(crate) async fn get(self: &Arc<Self>) -> Result<AppToken, Error> {
        let now = self.acquirer.clock.now();
        if let Some(kept) = &*self.kept.load() {
            if kept.freshness.is_usable(now) && !kept.freshness.is_due(now) {
                return Ok(kept.token.clone());
            }
        }
        let (next, task) = self.decide();
        if let Some(task) = task {
            // A task that cannot be run is dropped, which ends the acquisition with an error.
            let _ = self.acquirer.runtime.spawn(task);
        }
        match next {
            Next::Take(token) => Ok(token),
            Next::Wait(acquisition) => acquisition.wait().await,
            Next::Fail(error) => Err(error),
        }
    }

    /// The service refused this token: where it is the kept one, it is not handed out again.
    pub(crate) fn invalidate(&self, refused: &AppToken) {
        let mut state = self.lock();
        let Some(kept) = self.kept.load_full() else { return };
        let same = kept.token.access_token().expose() == refused.access_token().expose();
        if same && state.slot.invalidate(kept.generation) {
            self.kept.store(None);
        }
    }

    /// What this caller does, and the task to start once the lock is free.
    fn decide(self: &Arc<Self>) -> (Next, Option<Task>) {
        let mut state = self.lock();
        let decision = state.slot.decide(self.acquirer.clock.now());
        let kept = self.kept.load().as_ref().map(|kept| kept.token.clone());
        match (decision, kept, &state.acquisition) {
            (Decision::Use, Some(token), _) => (Next::Take(token), None),
            (Decision::UseAndRefresh, Some(token), _) => {
                let (_, task) = self.begin(&mut state);
                (Next::Take(token), Some(task))
            }
            (Decision::Join, _, Some(acquisition)) => (Next::Wait(Arc::clone(acquisition)), None),
            (Decision::WaitUntil(_), ..) => {
                (Next::Fail(state.error.clone().unwrap_or_else(Error::too_often)), None)
            }
            // `Fetch`. In every other case slot and cache, which change under one lock, agree.
            _ => {
                let (acquisition, task) = self.begin(&mut state);
                (Next::Wait(acquisition), Some(task))
            }
        }
    }

    /// An acquisition that runs beside the caller, who may give up without stopping it.
    fn begin(self: &Arc<Self>, state: &mut State) -> (Arc<Acquisition>, Task) {
        let acquisition = Arc::new(Acquisition::default());
        state.acquisition = Some(Arc::clone(&acquisition));
        let end = End(Some((Arc::clone(self), Arc::clone(&acquisition))));
        let cache = Arc::clone(self);
        let task = async move {
            let on_send = || cache.lock().slot.sent(cache.acquirer.clock.now());
            let result = cache.acquirer.acquire(&cache.grant, on_send).await;
            end.with(result);
        };
        (acquisition, Box::pin(task))
    }

    fn ended(&self, acquisition: &Acquisition, result: Result<AppToken, Error>) {
        let mut state = self.lock();
        let (now, jitter) = (self.acquirer.clock.now(), jitter());
        match &result {
            Ok(token) => {
                let generation = state.slot.succeeded(token.lifetime(), now, jitter);
                let freshness = Freshness::new(token.lifetime(), now, jitter);
                self.kept.store(freshness.map(|freshness| {
                    Arc::new(Kept { token: token.clone(), generation, freshness })
                }));
                state.error = None;
            }
            Err(error) => {
                state.slot.failed(error.as_response(), now, jitter);
                state.error = Some(error.clone());
            }
        }
        state.acquisition = None;
        drop(state);
        // Set once: an acquisition has one end.
        let _ = acquisition.result.set(result);
        acquisition.ended.notify(usize::MAX);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one end of an acquisition, which comes about even where its task is dropped: the runtime
/// ended, the task could not be started, or the transport panicked.
struct End(Option<(Arc<AppTokenCache>, Arc<Acquisition>)>);

impl End {
    fn with(mut self, result: Result<AppToken, Error>) {
        if let Some((cache, acquisition)) = self.0.take() {
            cache.ended(&acquisition, result);
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if let Some((cache, acquisition)) = self.0.take() {
            let error = TransportError::with_source(
                TransportErrorKind::Internal,
                "the task that fetched the app token was dropped: its runtime ended, there was \
                 none, or the transport panicked",
            );
            cache.ended(&acquisition, Err(Error::transport(error, 1)));
        }
    }
}

impl fmt::Debug for AppTokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppTokenCache")
            .field("grant", &self.grant)
            .field("kept", &self.kept.load().is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::time::Duration;

    use easemob_token_core::{FlowLimits, TokenEndpoint, TtlUnits};
    use easemob_token_transport::bytes::Bytes;
    use easemob_token_transport::{Exchange, Runtime, Transport, async_trait};

    use super::*;
    use crate::clock::Clock;

    /// A service that numbers its tokens, each good for a thousand seconds, or that is away.
    #[derive(Debug, Default)]
    struct Service {
        asked: AtomicU32,
        away: AtomicBool,
    }

    #[async_trait]
    impl Transport for Service {
        async fn send(&self, _: Exchange) -> Result<http::Response<Bytes>, TransportError> {
            let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            if self.away.load(Ordering::SeqCst) {
                return Err(TransportErrorKind::Connect.into());
            }
            let body = format!(r#"{{"access_token":"{number}","expires_in":1000}}"#);
            Ok(http::Response::new(body.into()))
        }
    }

    /// Runs a task on the spot, which ends since nothing here waits for anything.
    #[derive(Debug)]
    struct OnTheSpot;

    #[async_trait]
    impl Runtime for OnTheSpot {
        fn spawn(&self, mut task: Task) -> Result<(), TransportError> {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(task.as_mut().poll(&mut context).is_ready());
            Ok(())
        }

        async fn sleep(&self, _: Duration) {}
    }

    fn cache() -> (Arc<AppTokenCache>, Arc<Service>) {
        let service = Arc::new(Service::default());
        let (base, app) = ("https://x".parse().unwrap(), "o#a".parse().unwrap());
        let acquirer = Arc::new(Acquirer {
            endpoint: TokenEndpoint::new(&base, &app, TtlUnits::STANDARD).unwrap(),
            transport: Arc::clone(&service) as Arc<dyn Transport>,
            runtime: Arc::new(OnTheSpot),
            clock: Clock::new(),
            limits: FlowLimits::default(),
            timeout: Duration::from_secs(10),
            max_response_bytes: 1024,
            plain_http_allowed: false,
            warnings: crate::warnings::Warnings::default(),
        });
        let grant = ClientCredentials::new("id", "secret").unwrap();
        (AppTokenCache::new(acquirer, grant), service)
    }

    async fn token(cache: &Arc<AppTokenCache>) -> String {
        cache.get().await.unwrap().access_token().expose().to_owned()
    }

    #[tokio::test]
    async fn a_token_near_its_end_is_used_while_it_is_renewed() {
        let (cache, service) = cache();
        assert_eq!(token(&cache).await, "1");
        cache.acquirer.clock.advance(Duration::from_secs(740));
        assert_eq!(token(&cache).await, "1");
        assert_eq!(service.asked.load(Ordering::SeqCst), 1);
        cache.acquirer.clock.advance(Duration::from_secs(120));
        // The caller who starts the renewal takes the old one, the next one the new.
        assert_eq!(token(&cache).await, "1");
        assert_eq!(token(&cache).await, "2");
        assert_eq!(service.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_token_at_its_end_is_waited_for() {
        let (cache, _) = cache();
        assert_eq!(token(&cache).await, "1");
        cache.acquirer.clock.advance(Duration::from_secs(941));
        assert_eq!(token(&cache).await, "2");
    }

    #[tokio::test]
    async fn an_outage_fails_no_call_while_the_token_lives_and_ends_soon_after_recovery() {
        let (cache, service) = cache();
        assert_eq!(token(&cache).await, "1");
        service.away.store(true, Ordering::SeqCst);
        cache.acquirer.clock.advance(Duration::from_secs(860));
        for _ in 0..70 {
            assert_eq!(token(&cache).await, "1");
            cache.acquirer.clock.advance(Duration::from_secs(1));
        }
        cache.acquirer.clock.advance(Duration::from_secs(100));
        assert!(cache.get().await.is_err());
        service.away.store(false, Ordering::SeqCst);
        cache.acquirer.clock.advance(Duration::from_secs(10));
        assert_ne!(token(&cache).await, "1");
    }
}

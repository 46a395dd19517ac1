//! Those who ask for tokens, each in its own way, until they are told to stop.

use std::future::{Future, IntoFuture};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use easemob_token::{AppToken, Client, Error, ErrorKind, UserToken};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::figures::{Ask, Tally};
use crate::ledger::{Call, Ledger};
use crate::server::{USERS, user};
use crate::wall;

/// How many there are of each kind.
const PATIENT: usize = 240;
const HASTY: usize = 60;
const REPORTERS: usize = 1;
const BY_USER_ID: usize = 40;
const BY_PASSWORD: usize = 20;

/// Longer than any call may take: 20 s for the app token, and as much for the user's.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// What all callers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) life: Duration,
    ledger: Mutex<Ledger>,
    tally: Mutex<Tally>,
    /// When a call for the app token last went well.
    last_success: Mutex<Option<Instant>>,
    stop: AtomicBool,
}

impl Shared {
    pub(crate) fn new(client: Client, life: Duration) -> Arc<Self> {
        Arc::new(Self {
            client,
            life,
            ledger: Mutex::new(Ledger::new()),
            tally: Mutex::default(),
            last_success: Mutex::default(),
            stop: AtomicBool::new(false),
        })
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn last_success(&self) -> Option<Instant> {
        *self.last_success.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Asks for the app token and writes down what came of it.
    async fn app_token(&self) -> Option<AppToken> {
        let (begun, start) = (Instant::now(), wall::now());
        let asked = self.client.app_token().await;
        let call = Call { start, end: start + begun.elapsed() };
        match asked {
            Ok(token) => {
                // The client may hand out a guard in place of the token.
                let token: &AppToken = &token;
                self.ledger().app_token(token, call);
                self.tally().went_well(Ask::App, begun.elapsed());
                *self.last_success.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Instant::now());
                Some(token.clone())
            }
            Err(error) => {
                self.ledger().app_token_failed(call, error.kind().as_str());
                self.tally().failed(Ask::App, error.kind().as_str(), begun.elapsed());
                None
            }
        }
    }

    fn user_token(&self, ask: Ask, user: &str, begun: Instant, asked: Result<UserToken, Error>) {
        match asked {
            Ok(token) => {
                self.ledger().user_token(token.access_token().expose(), user, wall::now());
                self.tally().went_well(ask, begun.elapsed());
            }
            Err(error) => self.tally().failed(ask, error.kind().as_str(), begun.elapsed()),
        }
    }
}

/// The tasks of all callers.
#[derive(Debug)]
pub(crate) struct Callers {
    tasks: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Callers {
    pub(crate) fn start(runtime: &Handle, shared: &Arc<Shared>, seed: u64) -> Self {
        let mut callers = Self { tasks: Vec::new(), shared: Arc::clone(shared) };
        let mut seeds = fastrand::Rng::with_seed(seed);
        callers.spawn(runtime, &mut seeds, PATIENT, patient);
        callers.spawn(runtime, &mut seeds, HASTY, hasty);
        callers.spawn(runtime, &mut seeds, REPORTERS, reporter);
        callers.spawn(runtime, &mut seeds, BY_USER_ID, by_user_id);
        callers.spawn(runtime, &mut seeds, BY_PASSWORD, by_password);
        callers
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        runtime: &Handle,
        seeds: &mut fastrand::Rng,
        count: usize,
        caller: fn(Arc<Shared>, fastrand::Rng) -> F,
    ) {
        for _ in 0..count {
            self.tasks.push(runtime.spawn(caller(Arc::clone(&self.shared), seeds.fork())));
        }
    }

    /// Tells them to stop and waits for their last calls. Answers how many never came back.
    pub(crate) async fn stop(self) -> usize {
        self.shared.stop.store(true, Ordering::Relaxed);
        let last = Instant::now() + LONGEST_CALL;
        let mut lost = 0;
        for mut task in self.tasks {
            let left = last.saturating_duration_since(Instant::now());
            if !matches!(timeout(left, &mut task).await, Ok(Ok(()))) {
                task.abort();
                lost += 1;
            }
        }
        lost
    }
}

fn millis(chance: &mut fastrand::Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(chance.u64(range))
}

/// Asks for the app token again and again.
async fn patient(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 50..150)).await;
        shared.app_token().await;
    }
}

/// The same, and gives up soon.
async fn hasty(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 50..150)).await;
        if timeout(millis(&mut chance, 1..50), shared.app_token()).await.is_err() {
            shared.tally().gave_up(Ask::App);
        }
    }
}

/// Reports the app token as refused now and then: once, many times, or one that is replaced long
/// since.
async fn reporter(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    let mut older: Option<AppToken> = None;
    // More often, and there would be nothing but reports.
    let pause = shared.life.as_millis().try_into().unwrap_or(u64::MAX / 2);
    while !shared.stopped() {
        let wake = Instant::now() + millis(&mut chance, pause..pause * 2);
        while Instant::now() < wake && !shared.stopped() {
            sleep(Duration::from_millis(100)).await;
        }
        let Some(token) = shared.app_token().await else { continue };
        let reported = match older.take() {
            Some(older) if chance.bool() => older,
            _ => token.clone(),
        };
        let text = reported.access_token().expose();
        shared.ledger().reporting(text);
        for _ in 0..if chance.bool() { 1 } else { 100 } {
            shared.client.invalidate_app_token(&reported);
        }
        shared.ledger().reported(text);
        shared.tally().reported();
        older = Some(token);
    }
}

/// Asks for user tokens by user ID; every fourth time without patience.
async fn by_user_id(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 1_000..2_000)).await;
        let (user, _) = user(chance.usize(..USERS));
        let begun = Instant::now();
        let request = shared.client.user_token(user.as_str()).into_future();
        if chance.u8(..4) == 0 {
            match timeout(millis(&mut chance, 1..500), request).await {
                Ok(asked) => shared.user_token(Ask::ById, &user, begun, asked),
                Err(_) => shared.tally().gave_up(Ask::ById),
            }
        } else {
            let asked = request.await;
            shared.user_token(Ask::ById, &user, begun, asked);
        }
    }
}

/// Asks for user tokens by password; every tenth is wrong.
async fn by_password(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 1_000..2_000)).await;
        let (user, password) = user(chance.usize(..USERS));
        let begun = Instant::now();
        if chance.u8(..10) == 0 {
            let wrong = shared.client.user_token_by_password(user.as_str(), "wrong").await;
            match wrong {
                Ok(_) => shared.ledger().let_in(wall::now()),
                Err(error) if error.kind() == ErrorKind::InvalidPassword => {
                    shared.tally().went_well(Ask::ByPassword, begun.elapsed());
                }
                Err(error) => {
                    shared.tally().failed(Ask::ByPassword, error.kind().as_str(), begun.elapsed());
                }
            }
            continue;
        }
        let asked = shared.client.user_token_by_password(user.as_str(), password).await;
        shared.user_token(Ask::ByPassword, &user, begun, asked);
    }
}

//! The core alone under smol: one app token for many callers, driven by `Slot` and `Flow`.
#![expect(clippy::missing_errors_doc, reason = "`Answer` says what an error is")]

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use easemob_token_core::{
    AppToken, Decision, Flow, FlowLimits, Jitter, Moment, NextStep, ResponseError, Slot,
};
use event_listener::Event;
use smol::lock::Mutex;

/// A token, or why there is none; `None` where not even a response arrived.
pub type Answer = Result<AppToken, Option<ResponseError>>;
/// Sends one request with your HTTP library and reads its answer, on a thread that may block.
pub type Ask = Arc<dyn Fn() -> Answer + Send + Sync>;

/// The one app token of a program.
pub struct AppTokens(Ask, Instant, Mutex<(Slot, Answer)>, Event);

impl AppTokens {
    /// Nothing is sent before somebody asks.
    pub fn new(ask: Ask) -> Arc<Self> {
        let state = Mutex::new((Slot::new(), Err(None)));
        Arc::new(Self(ask, Instant::now(), state, Event::new()))
    }

    /// The kept token, or the one that the shared acquisition brings.
    pub async fn get(self: &Arc<Self>) -> Answer {
        loop {
            let ended = self.3.listen();
            let mut state = self.2.lock().await;
            let (decision, kept) = (state.0.decide(self.now()), state.1.clone());
            drop(state);
            if matches!(decision, Decision::Fetch | Decision::UseAndRefresh) {
                // Detached: it goes on where its caller gives up.
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
        let attempts = self.2.lock().await.0.allowance(self.now()).min(3);
        let limits = FlowLimits { attempts, ..FlowLimits::default() };
        let mut flow = Flow::new(limits, self.now().uptime);
        let answer = loop {
            self.2.lock().await.0.sent(self.now());
            let ask = Arc::clone(&self.0);
            let answer = smol::unblock(move || ask()).await;
            let Err(error) = answer else { break answer };
            let now = self.now().uptime;
            let step = match &error {
                Some(response) => flow.after_response(response, now, jitter()),
                None => flow.after_transport_failure(true, now, jitter()),
            };
            let NextStep::SendAt(time) = step else { break Err(error) };
            smol::Timer::after(time.saturating_sub(now)).await;
        };
        let (now, mut state) = (self.now(), self.2.lock().await);
        match &answer {
            Ok(token) => drop(state.0.succeeded(token.lifetime(), now, jitter())),
            Err(error) => state.0.failed(error.as_ref(), now, jitter()),
        }
        // A failure takes nothing away from a token that is good.
        if answer.is_ok() || !state.0.is_usable(now) {
            state.1 = answer;
        }
        self.3.notify(usize::MAX);
    }

    fn now(&self) -> Moment {
        Moment { wall: SystemTime::now(), uptime: self.1.elapsed() }
    }
}

//! Decisions about cached tokens, failed requests and queues, without a clock.

mod cooldown;
mod evidence;
mod fleet;
mod fleet_rate;
mod freshness;
mod now;
mod rate_limiter;
mod request_queue;
mod retry;
mod token_state;

pub use self::evidence::Refusal;
pub use self::fleet::{
    Fleet, FleetEvent, FleetRecord, FleetRest, FleetRun, FleetStart, FleetStep, FleetTrouble,
};
pub use self::fleet_rate::{RateAnswer, RateStep};
pub use self::freshness::Freshness;
pub use self::now::{Jitter, Now, Uptime, WallTime};
pub use self::rate_limiter::RateLimiter;
pub use self::request_queue::{Priority, RequestQueue, Ticket, Turn};
pub use self::retry::{NextStep, Retry, RetryLimits};
pub use self::token_state::{Decision, Keep, Report, RestingState, Success, TokenState};

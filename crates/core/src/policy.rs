//! What to do next, decided without a clock: about a kept token, and about a failed request.

mod flow;
mod freshness;
mod moment;
mod pacer;
mod slot;

pub use self::flow::{Flow, FlowLimits, NextStep};
pub use self::freshness::Freshness;
pub use self::moment::{Jitter, Moment};
pub use self::pacer::Pacer;
pub use self::slot::{Decision, Slot};

//! What threads meet at in the cache, from one place: `crates/schedules` compiles the cache with these
//! names standing for others, whose every step it can put in any order.

pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock};

pub(crate) use arc_swap::{ArcSwapOption, Guard};
pub(crate) use event_listener::Event;

//! Synchronization primitives: the real ones, or shuttle's in a `cfg(shuttle)` test build.

#[cfg(not(all(test, shuttle)))]
pub(crate) use self::real::*;
#[cfg(all(test, shuttle))]
pub(crate) use self::scheduled::*;

#[cfg(not(all(test, shuttle)))]
mod real {
    pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock};

    pub(crate) use arc_swap::{ArcSwapOption, Guard};
    pub(crate) use event_listener::Event;
}

#[cfg(all(test, shuttle))]
mod scheduled;

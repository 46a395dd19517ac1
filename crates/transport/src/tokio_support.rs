//! Helpers for adapters that run on tokio; the feature `tokio` adds them.

mod catch_panic;
mod context;
mod runtime;

pub use self::catch_panic::catch_panic;
pub use self::context::{check, ending};
pub use self::runtime::{TokioRuntime, exchange_runtime, own_runtime};

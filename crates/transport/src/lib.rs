//! The port between `easemob-token` and an HTTP library: one trait, what goes in, what comes out.
//!
//! A [`Transport`] sends one [`Exchange`] and gives back one complete response or one
//! [`TransportError`]. The contract that every adapter keeps is written on the trait. This crate
//! has no I/O of its own and knows nothing of tokens: an adapter needs this crate and its own HTTP
//! library, nothing else.

mod classify;
mod config_error;
mod connection_use;
mod error;
mod exchange;
mod exchange_limit;
mod fork_guard;
mod loopback;
mod plain_http;
mod proxy;
mod runtime;
mod timer;
mod transport;

pub use classify::{classify_connect, classify_exchange, find_in_chain};
pub use config_error::ConfigError;
pub use connection_use::ConnectionUse;
pub use error::{Delivery, TransportError, TransportErrorKind};
pub use exchange::{
    DEFAULT_CONNECT_TIMEOUT, DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUT, Exchange, MAX_HEAD_BYTES,
    MAX_HEAD_FIELDS, head_within_limits,
};
pub use exchange_limit::{ExchangeLimit, ExchangePermit};
pub use fork_guard::ForkGuard;
pub use loopback::{is_loopback, loopback_addresses};
pub use plain_http::check_scheme;
pub use proxy::{Proxy, ProxyRules, ProxyUrl};
pub use runtime::{Runtime, Task};
pub use timer::{Sleep, sleep};
pub use transport::Transport;

/// The attribute for implementing [`Transport`], so that an adapter needs no dependency of its own.
pub use async_trait::async_trait;

// The two crates whose types the port shows, for those who write an adapter.
pub use {bytes, http};

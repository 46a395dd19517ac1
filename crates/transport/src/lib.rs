//! The transport port of `easemob-token`: one trait between the client and an HTTP library.
//!
//! A [`Transport`] sends one [`Exchange`] and returns one complete response or one
//! [`TransportError`]. The trait documents the contract that every adapter keeps. This crate opens no
//! connection and knows nothing of tokens: an adapter depends on this crate and on its HTTP library only.

// docs.rs then shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod classify;
mod config_error;
mod connection_use;
mod descriptors;
mod error;
mod exchange;
mod exchange_limit;
mod fork_guard;
mod framing;
mod load_once;
mod loopback;
mod pem;
mod plain_http;
mod proxy;
mod roots;
mod runtime;
mod timer;
#[cfg(all(feature = "tokio", not(target_family = "wasm")))]
pub mod tokio_support;
mod transport;

pub use classify::{classify_connect, classify_exchange, find_in_chain, is_beyond_bounds_of_hyper};
pub use config_error::ConfigError;
pub use connection_use::ConnectionUse;
pub use descriptors::{check_descriptors, free_descriptors};
pub use error::{Delivery, TransportError, TransportErrorKind};
pub use exchange::{
    DEFAULT_CONNECT_TIMEOUT, DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUT, Exchange, MAX_HEAD_BYTES,
    MAX_HEAD_FIELDS, head_within_limits,
};
pub use exchange_limit::{ExchangeLimit, ExchangePermit};
pub use fork_guard::ForkGuard;
pub use framing::is_oddly_framed;
pub use load_once::LoadOnce;
pub use loopback::{is_loopback, loopback_addresses};
pub use pem::{ClientCertificate, ClientCertificateProblem, PemItem, certificates_from_pem};
pub use plain_http::check_scheme;
pub use proxy::{Proxy, ProxyRules, ProxyUrl};
pub use roots::{BaseRoots, NO_SYSTEM_ROOTS, RootSettings};
#[cfg(all(feature = "system-roots", not(target_family = "wasm")))]
pub use roots::{platform_roots, roots_from_environment};
pub use runtime::{Runtime, Task};
pub use timer::{Sleep, sleep};
#[cfg(all(feature = "tokio", not(target_family = "wasm")))]
pub use tokio_support::TokioRuntime;
pub use transport::Transport;

/// The attribute for implementing [`Transport`], so that an adapter needs no dependency of its own.
pub use async_trait::async_trait;

// The two crates whose types are part of the port, for authors of adapters.
pub use {bytes, http};

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

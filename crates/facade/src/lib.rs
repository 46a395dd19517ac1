//! Easemob (环信) IM tokens for Rust app servers.
//!
//! A [`Client`] gets app tokens and user tokens from `POST https://{host}/{org}/{app}/token` over a
//! [`Transport`](transport::Transport) of your choice.
//!
//! ```no_run
//! # #[cfg(feature = "hyper")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use easemob_token::{Client, hyper::HyperTransport};
//!
//! let client = Client::builder("https://a1.easemob.com", "easemob-demo#testapp")
//!     .client_credentials(std::env::var("CLIENT_ID")?, std::env::var("CLIENT_SECRET")?)
//!     .transport(HyperTransport::new())
//!     .build()?;
//! let token = client.user_token("alice").await?;
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `hyper` (default) | the module `hyper`: the transport over hyper and rustls, for tokio |
//! | `isahc` | the module `isahc`: the transport over isahc (libcurl), for any async runtime |
//! | `blocking` | the module `blocking` and `ClientBuilder::build_blocking`: the client for programs without an async runtime |
//! | `dynamic` | the module `dynamic` and `Client::dynamic_token`: user tokens made without a request |
//! | `fleet` | the module `store` and `ClientBuilder::token_store`: all processes of an app share one app token |
//! | `test-util` | `TestClock` and `ClientBuilder::clock`, for tests without waiting |
//! | `bundled-roots` | the method `bundled_roots` of each transport's builder: Mozilla's root certificates |
//!
//! Features only add names: the transport is chosen in code. With neither `hyper` nor `isahc`, bring
//! a transport of your own; [`transport`] defines the port and its contract.
//!
//! # Token lifecycle
//!
//! The app token is fetched once, shared by all callers, and refreshed in the background before it
//! expires: ten thousand callers cause one request, and no call fails while a token is usable. A
//! fresh token is returned as a [`TokenGuard`], without a lock, an allocation or a shared counter.
//!
//! | what | limit |
//! |---|---|
//! | one acquisition | at most 3 requests ([`max_attempts`](ClientBuilder::max_attempts)), at least a second apart ([`min_retry_interval`](ClientBuilder::min_retry_interval)), within 20 s ([`acquisition_deadline`](ClientBuilder::acquisition_deadline)); all waiters get its result |
//! | requests for one cached token | at most 10 in any minute: 4 at once, then one every ten seconds |
//! | reports that a token was refused | two replacements at once, then one a minute; the token stays in use until its replacement is there, unless the token endpoint refuses it for two users |
//! | refresh | starts at 75 to 85 % of the lifetime; after a failure, again after 1 s, 2 s, … up to a minute; the old token is used until shortly before its end (a tenth of its lifetime, at most a minute) |
//! | a failure while no token is usable | remembered for at most ten seconds, and returned at once; a refusal by the service and a 429 for a minute; `Retry-After` is obeyed between a second and an hour |
//! | a waiting caller | waits until the [`acquisition_deadline`](ClientBuilder::acquisition_deadline), counted from its call |
//! | an acquisition whose runtime is not driven | replaced after 2 s by one on the runtime of a waiting caller |
//! | a token of unknown lifetime | used for a minute, or as long as the token itself says, at most an hour |
//! | all requests of a client | at most 300 in any second ([`requests_per_second`](ClientBuilder::requests_per_second)), first come, first served |
//!
//! User tokens are cached only with [`cache_user_tokens`](ClientBuilder::cache_user_tokens); those
//! fetched by user ID then follow the same rules. Passwords are checked by the service every time.
//! A login hands on what is left of a token ([`remaining`](Issued::remaining)), not its lifetime.
//!
//! The service can refuse a token before it expires. [`Client::authorize`] handles the resulting 401
//! for calls of other REST endpoints; requests for user tokens by user ID handle it themselves.
//!
//! # Observability
//!
//! An [`Observer`] gets an event for each request, wait and failure. `tracing` gets the same events
//! with the target `easemob_token` and the field `event`, inside a span `acquire`. These have the
//! level WARN: a failed acquisition (`failed`: once at the start of an outage, then once a minute), a
//! lifetime that the service does not report (`unknown_lifetime`), evidence that a unit of
//! [`ClientBuilder::ttl_units`] is wrong (`ttl_unit_mismatch`), and a dynamic token that lives long
//! (`long_dynamic_ttl`). No event holds a secret, a token or a user ID.

// docs.rs then shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod acquire;
#[cfg(feature = "blocking")]
pub mod blocking;
mod cache;
mod client;
mod clock;
pub mod environment;
mod error;
#[cfg(feature = "fleet")]
mod fleet;
mod issued;
#[cfg(test)]
#[cfg(shuttle)]
mod schedules;
#[cfg(test)]
#[cfg(not(shuttle))]
mod simulated;
mod sync;
mod telemetry;
mod tokens;

pub use cache::TokenGuard;
pub use client::{
    Authorization, Client, ClientBuilder, PasswordTokenRequest, UserTokenFuture, UserTokenRequest,
};
#[cfg(any(test, feature = "test-util"))]
pub use clock::TestClock;
#[cfg(feature = "dynamic")]
pub use easemob_token_core::dynamic;
pub use easemob_token_core::inspect;
pub use easemob_token_core::{
    AccessToken, AppKey, BaseUrl, BuildError, ErrorCategory, Field, GrantType, Lifetime,
    OddCharacter, Secret, Ttl, TtlUnit, TtlUnits, UnitMismatch, User, UserId,
};
pub use easemob_token_transport::ConfigError;
#[cfg(feature = "hyper")]
pub use easemob_token_transport_hyper as hyper;
#[cfg(feature = "isahc")]
pub use easemob_token_transport_isahc as isahc;
#[cfg(feature = "reqwest")]
pub use easemob_token_transport_reqwest as reqwest;
pub use error::{Error, ErrorKind};
pub use issued::{AppToken, Issued, UserToken};
pub use telemetry::{Event, Observer};

pub mod transport {
    //! The transport port: what a [`Client`](crate::Client) needs of an HTTP library.
    //!
    //! An adapter implements [`Transport`], which sends one [`Exchange`], and may bring a
    //! [`Runtime`]. Its contract is on [`Transport::send`].

    #[cfg(any(feature = "hyper", feature = "reqwest"))]
    pub use easemob_token_transport::TokioRuntime;
    pub use easemob_token_transport::{
        ConnectionUse, DEFAULT_CONNECT_TIMEOUT, DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUT,
        Delivery, Exchange, ExchangeLimit, ExchangePermit, MAX_HEAD_BYTES, MAX_HEAD_FIELDS, Proxy,
        ProxyRules, ProxyUrl, Runtime, Sleep, Task, Transport, TransportError, TransportErrorKind,
        async_trait, bytes, check_scheme, classify_connect, classify_exchange, find_in_chain,
        head_within_limits, http, is_loopback, loopback_addresses, sleep,
    };
}

#[cfg(feature = "fleet")]
pub mod store {
    //! The store port: what a [`Client`](crate::Client) needs of a place that processes share.
    //!
    //! A store implements [`TokenStore`], which reads and replaces one record. Its contract is there.

    pub use easemob_token_store::{
        MAX_RECORD_BYTES, MemoryStore, StoreError, StoreErrorKind, Stored, Swap, TokenStore,
        async_trait, bytes,
    };
}

/// Pages of the documentation, so that their Rust examples are compiled and run.
///
/// The pages show all transports, so their features are needed. `cargo xtask ci test` runs the
/// examples, and `docs` fails if a page with Rust examples is missing here. Pages in Chinese have the same
/// code.
#[cfg(all(doctest, feature = "fleet", feature = "hyper", feature = "isahc", feature = "reqwest"))]
#[cfg(feature = "test-util")]
mod pages {
    #[doc = include_str!("../README.md")]
    struct ReadmeOfTheCrate;

    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../../docs/log-in-a-user.md")]
    struct LogInAUser;

    #[doc = include_str!("../../../docs/testing.md")]
    struct Testing;

    #[doc = include_str!("../../../docs/deploy.md")]
    struct Deploy;

    #[doc = include_str!("../../../docs/transports.md")]
    struct Transports;

    #[doc = include_str!("../../../docs/writing-a-transport.md")]
    struct WritingATransport;

    #[doc = include_str!("../../../docs/observability.md")]
    struct Observability;

    #[doc = include_str!("../../../docs/emulator.md")]
    struct Emulator;

    #[doc = include_str!("../../../docs/fleet.md")]
    struct Fleet;

    #[doc = include_str!("../../../docs/stores.md")]
    struct Stores;

    #[doc = include_str!("../../../docs/revocation.md")]
    struct Revocation;
}

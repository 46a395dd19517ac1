//! Easemob (环信) IM tokens for Rust app servers.
//!
//! A [`Client`] gets app tokens and user tokens from `POST https://{host}/{org}/{app}/token`, over
//! the [`Transport`](transport::Transport) that you give it.
//!
//! ```no_run
//! # #[cfg(feature = "hyper")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use easemob_token::{Client, hyper::HyperTransport};
//!
//! let client = Client::builder()
//!     .base_url("https://a1.easemob.com")
//!     .app_key("easemob-demo#testapp")
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
//! | `isahc` | the module `isahc`: the transport over isahc (libcurl), for any executor |
//! | `blocking` | the module `blocking` and `ClientBuilder::build_blocking`: the client for programs without an async runtime |
//! | `dynamic` | the module `dynamic` and `Client::dynamic_token`: user tokens made without a request |
//! | `bundled-roots` | the method `bundled_roots` of each transport's builder: Mozilla's roots |
//!
//! A feature adds what is in its row and nothing else: which transport is used is said in code. With
//! neither, a transport of your own does it ([`transport`] has the port and its contract).
//!
//! # The life of a token
//!
//! The app token is fetched once, shared by every caller, and renewed before its end: one request
//! for ten thousand callers, and no failed call while a token lives. A token that is good is handed
//! out as a [`TokenGuard`], without a lock, an allocation or a shared counter.
//!
//! | what | how it is bounded |
//! |---|---|
//! | one acquisition | at most 3 requests ([`max_attempts`](ClientBuilder::max_attempts)), at least a second apart, within 20 s ([`acquisition_deadline`](ClientBuilder::acquisition_deadline)); all who wait get its result |
//! | requests for one cached token | at most 10 in any minute, whatever callers do: 4 at once, then one each ten seconds |
//! | reports that a token was refused | two replacements at once, then one a minute; the reported token stays in use until the new one is there, unless the token endpoint refuses it for two users |
//! | renewal | begins at 75 to 85 % of the life; in vain, again after 1 s, 2 s, … a minute; the old token serves until a tenth of its life, at most a minute, before its end |
//! | a failure while no token is good | remembered for ten seconds at most, and callers get it at once; a refusal of the service's own and a 429 for a minute; `Retry-After` is obeyed between a second and an hour |
//! | a caller's waiting | until the [`acquisition_deadline`](ClientBuilder::acquisition_deadline), counted from its call |
//! | an acquisition whose runtime rests | taken over by a caller on another runtime after 2 s without a sign of life |
//! | a token whose lifetime the service does not tell | used for a minute, or for as long as it says itself, an hour at most |
//! | all requests of a client | at most 300 in any second ([`requests_per_second`](ClientBuilder::requests_per_second)), in the order of asking |
//!
//! User tokens are not kept unless [`keep_user_tokens`](ClientBuilder::keep_user_tokens) asks for
//! it; then those got by user ID live by the same rules. A password is checked by the service every
//! time.
//!
//! A token can die before its time. [`Client::authorize`] helps those who call other endpoints of
//! the REST API through the 401 that tells of it; user tokens got by user ID do it by themselves.
//!
//! # What it tells
//!
//! An [`Observer`] is told of every request, wait and failure; `tracing` gets the same as events with
//! the target `easemob_token` and the field `event`, inside a span `acquire`. At WARN are a failed
//! acquisition (`failed`), a lifetime that the service does not tell (`unknown_lifetime`), a `ttl`,
//! `expires_in` and lifetime that speak against the unit that is set (`ttl_unit_mismatch`;
//! [`ClientBuilder::ttl_units`]), and a dynamic token that lives long (`long_dynamic_ttl`). No event
//! holds a secret, a token or a user ID.

mod acquire;
#[cfg(feature = "blocking")]
pub mod blocking;
mod cache;
mod client;
mod clock;
mod error;
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
pub use client::{Authorization, Client, ClientBuilder, PasswordTokenRequest, UserTokenRequest};
#[cfg(feature = "dynamic")]
pub use easemob_token_core::dynamic;
pub use easemob_token_core::inspect;
pub use easemob_token_core::{
    AccessToken, AppKey, AppToken, BaseUrl, BuildError, ErrorCategory, GrantType, Lifetime,
    ResponseError, Secret, Ttl, TtlUnit, TtlUnits, UnitMismatch, User, UserToken,
};
pub use easemob_token_transport as transport;
pub use easemob_token_transport::ConfigError;
#[cfg(feature = "hyper")]
pub use easemob_token_transport_hyper as hyper;
#[cfg(feature = "isahc")]
pub use easemob_token_transport_isahc as isahc;
pub use error::{Error, ErrorKind};
pub use telemetry::{Event, Observer};

/// The pages of the book, so that the Rust in them is compiled and run like every other example.
///
/// Both features have to be on, since the pages speak of both transports. `cargo xtask ci docs` runs
/// what is here, and fails for a page with Rust in it that is missing.
#[cfg(all(doctest, feature = "hyper", feature = "isahc"))]
mod pages {
    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../../README.zh-CN.md")]
    struct ReadmeInChinese;

    #[doc = include_str!("../../../docs/transports.md")]
    struct Transports;

    #[doc = include_str!("../../../docs/observability.md")]
    struct Observability;
}

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
//! | `dynamic` | the module `dynamic` and `Client::dynamic_token`: user tokens made without a request |
//! | `bundled-roots` | the method `bundled_roots` of each transport's builder: Mozilla's roots |
//!
//! A feature adds what is in its row and nothing else: which transport is used is said in code. With
//! neither, a transport of your own does it ([`transport`] has the port and its contract).
//!
//! # The app token
//!
//! It is fetched once, shared by every caller, and renewed before its end: one request for ten
//! thousand callers, and no failed call while a token lives. User tokens are not kept: each call
//! asks the service.
//!
//! # Warnings
//!
//! Where the `ttl` asked for, `expires_in` and the token's own lifetime speak against the unit that
//! is set ([`ClientBuilder::ttl_units`]), the token is kept by the shortest reading, carries a
//! [`UnitSuspicion`], and the client says so once: a `tracing` event of level WARN with the target
//! `easemob_token` and the field `event = "ttl_unit_suspicion"`. No event holds a secret.

mod acquire;
mod app_token;
mod authorization;
#[cfg(feature = "blocking")]
pub mod blocking;
mod book;
mod builder;
mod cache;
mod client;
mod clock;
mod error;
mod event;
mod on_behalf;
mod pacing;
mod received;
mod request;
mod telemetry;
mod user_tokens;
mod warnings;

pub use authorization::Authorization;

pub use builder::ClientBuilder;
pub use cache::Shared;
pub use client::Client;
#[cfg(feature = "dynamic")]
pub use easemob_token_core::dynamic;
pub use easemob_token_core::inspect;
pub use easemob_token_core::{
    AccessToken, AppKey, AppToken, BaseUrl, BuildError, Lifetime, ResponseError, Secret, Ttl,
    TtlUnit, TtlUnits, UnitSuspicion, User, UserToken,
};
pub use easemob_token_transport as transport;
pub use easemob_token_transport::ConfigError;
#[cfg(feature = "hyper")]
pub use easemob_token_transport_hyper as hyper;
#[cfg(feature = "isahc")]
pub use easemob_token_transport_isahc as isahc;
pub use error::{Error, ErrorKind};
pub use event::{Event, GrantType, Observer};
pub use request::{PasswordTokenRequest, UserTokenRequest};

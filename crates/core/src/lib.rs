//! Requests and responses of the Easemob (环信) token endpoint, and what to do next, without any I/O.
//!
//! The service issues tokens at `POST {scheme}://{host}/{org}/{app}/token`. This crate builds
//! the [`http::Request`] of each grant and turns the [`http::Response`] into a typed token or a
//! typed refusal. It opens no socket, reads no clock, no environment and no file, and logs
//! nothing; time comes in as an argument. Embed it under any HTTP stack, in any runtime or none.
//!
//! | grant | token |
//! |---|---|
//! | [`ClientCredentials`] | an [`AppToken`], for the app server itself |
//! | [`Password`] | a [`UserToken`], by user ID and password |
//! | [`Inherit`] | a [`UserToken`], by user ID, authorized by an app token |
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use easemob_token_core::{AppKey, BaseUrl, Password, Secret, TokenEndpoint, TtlUnits};
//!
//! let base: BaseUrl = "https://a1.easemob.com".parse()?;
//! let app: AppKey = "easemob-demo#testapp".parse()?;
//! let endpoint = TokenEndpoint::new(&base, &app, TtlUnits::STANDARD)?;
//!
//! let grant = Password::new("C", Secret::new("1"))?.with_ttl(Duration::from_secs(1_024_000));
//! let request = endpoint.request(&grant)?;
//! assert_eq!(request.uri(), "https://a1.easemob.com/easemob-demo/testapp/token");
//!
//! // Your HTTP stack sends `request` and brings back a status, headers and bytes.
//! let body = br#"{"access_token":"YWMt-sample","expires_in":1024000,"user":{"username":"c"}}"#;
//! let token = endpoint.parse(&grant, http::Response::new(&body[..]), SystemTime::now())?;
//! assert_eq!(token.lifetime().duration(), Some(Duration::from_secs(1_024_000)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! - No `Debug`, `Display` or error of any type here shows a secret, a token, or a byte of a
//!   successful body.
//! - Any bytes with any status parse to a token or an error: no panic, and no memory beyond a
//!   small multiple of the body's length.
//! - A `ttl` is never rounded up, and one that the wire's unit would turn into `0` ("permanent")
//!   is an error.

// docs.rs then shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod build_error;
#[cfg(feature = "dynamic")]
pub mod dynamic;
mod endpoint;
mod grant;
mod policy;
mod response;
mod secret;
mod token;

pub use build_error::{BuildError, Field};
pub use easemob_token_host::OddCharacter;
pub use endpoint::{AppKey, BaseUrl, TokenEndpoint};
pub use grant::{ClientCredentials, Grant, GrantType, Inherit, Password, Payload};
pub use policy::{
    Decision, Fleet, FleetEvent, FleetRecord, FleetRest, FleetRun, FleetStart, FleetStep,
    FleetTrouble, Freshness, Jitter, Keep, NextStep, Now, Priority, RateAnswer, RateLimiter,
    RateStep, Refusal, Report, RequestQueue, RestingState, Retry, RetryLimits, Success, Ticket,
    TokenState, Turn, Uptime, WallTime,
};
pub use response::{ErrorCategory, ErrorScope, ResponseError, ResponseErrorKind, RetryAdvice};
pub use secret::Secret;
pub use token::inspect;
pub use token::{
    AccessToken, AppToken, IssuedToken, Lifetime, Ttl, TtlUnit, TtlUnits, UnitMismatch, User,
    UserId, UserIdText, UserToken,
};

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

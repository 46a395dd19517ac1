//! An emulator of the Easemob token service: a real HTTP server for tests and first steps.
//!
//! [`Emulator`] answers `POST /{org}/{app}/token` as the public documentation describes the service,
//! on a loopback port of its own, in the process of the test. Nothing leaves the machine and no
//! account is banned for sending too many requests. A test can script what rarely happens: a quota
//! that is used up, the HTML page of a gateway, an app token that is revoked early.
//!
//! ```
//! use easemob_token_emulator::{Emulator, Fault, Grant};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::start().await?;
//!
//! // Give the client under test `emulator.base_url()` and the demo credentials. Its next request
//! // for a user token is refused with a rate limit; the one after that succeeds:
//! emulator.inject(Fault::rate_limited(None).on(Grant::Password))?;
//!
//! for request in emulator.requests() {
//!     println!("{request}"); // one line, secrets masked
//! }
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! [`Emulator::advance`] moves the emulator's clock. Move the client's with it: `TestClock` of
//! `easemob-token` (feature `test-util`) shows an example with a renewal, an expiry and a suspended
//! machine, without waiting.
//!
//! # With `curl`
//!
//! [`Emulator::start`] knows the public sample credentials: the application [`DEMO_APP_KEY`], the
//! client [`DEMO_CLIENT_ID`] with [`DEMO_CLIENT_SECRET`], and one user, [`DEMO_USER`] with the
//! password [`DEMO_PASSWORD`]. The request of the documentation works unchanged:
//!
//! ```sh
//! curl -X POST -H 'Content-Type: application/json' -H 'Accept: application/json' -d '{
//!   "grant_type": "password", "username": "C", "password": "1", "ttl": "1024000"
//! }' 'http://127.0.0.1:PORT/easemob-demo/testapp/token'
//! ```
//!
//! # Responses
//!
//! | request | response |
//! |---|---|
//! | a valid request for one of the three grants | 200 with the documented members |
//! | no `client_id`, no `client_secret` | 400 `illegal_argument` |
//! | wrong `client_id`, wrong `client_secret` | 400 `invalid_grant` |
//! | wrong password; a user registered without one | 400 `invalid_grant` |
//! | a banned user ([`Emulator::ban`]) | 400 `invalid_grant`, `user not activated` |
//! | `autoCreateUser` with an invalid user ID | 400 `illegal_argument` |
//! | a body that is not a JSON object | 400 `json_parse` |
//! | `inherit` with no app token, or with an expired, revoked or malformed one | 401 `unauthorized` |
//! | `inherit` with a user token, or with a token of another application or system | 401 `auth_bad_access_token` |
//! | an unknown user | 404, see [`Builder::unknown_user_as`] |
//! | an unknown organization or application | 404 `organization_application_not_found` |
//! | `autoCreateUser` while another request creates that user | 409 `concurrent_operation_error` |
//! | a body over the limit | 413, an HTML page |
//! | a body that is neither JSON nor a form | 415 `web_application` |
//! | more than 300 requests within a second | 429 `reach_limit` |
//! | `/{org}/{app}/users…` with an app token: list, register, read, delete, `password`, `activate`, `deactivate` | 200 with the documented members; 401 as for `inherit` |
//! | `GET /easemob/server.json` | 200 with a list of hosts that names the emulator |
//! | `OPTIONS`; each response of the service has `Access-Control-Allow-Origin: *` | 204 |
//! | another path, or an unknown user in a path | 404 `service_resource_not_found` |
//! | another method | 405 `web_application` |
//!
//! Like the service, it takes JSON under any `Content-Type` or none, a form, the grant in the query of a
//! `GET`, and client ID and secret by `Basic`. [`Builder::strict`] ends that.
//!
//! Script everything else with a [`Fault`]: any documented [`Refusal`], failures of servers and
//! gateways, redirects, delays, a request without a response, a closed connection, changed members.
//!
//! # Undocumented behavior
//!
//! The documentation leaves these open. The emulator has to choose, and a client must not rely on it:
//!
//! - `expires_in` of a permanent token is set by [`PermanentAs`]; inside the token the lifetime is
//!   zero, as in the one public sample;
//! - the description is `invalid password` for a wrong password, and `invalid username or password`
//!   for a user registered without one;
//! - the description for an unknown user is `user not found` in the password grant and `User null
//!   not found` in `inherit`;
//! - a missing or unknown `grant_type`, a missing `username` or `password`, and a `ttl` that is
//!   negative, fractional or not a number are 400 `illegal_argument`;
//! - `exception` in errors is the emulator's own;
//! - the body of a 405, the reasons in `data` of a list of users, and the order of its checks;
//! - `Basic` comes before client ID and secret in the body, as in Apache Usergrid;
//! - the client secret and the password are checked before `ttl`, the app token before the body of
//!   `inherit`, the request limit before the body;
//! - a fraction of a second is rounded up, in `expires_in` in seconds and inside the token.
//!
//! # Tokens
//!
//! Tokens have the layout of the public sample tokens (130 characters, `YWMt…`), with a keyed digest
//! of this emulator, which is checked when a token comes back. A token of another emulator or of the
//! real service is therefore refused as one of another system. [`Emulator::advance`] lets tokens
//! expire without waiting, and [`Emulator::revoke_app_tokens`] ends them early.
//!
//! # Security
//!
//! The emulator speaks plain HTTP and listens on loopback addresses only, unless
//! [`Builder::allow_remote`] is called. It writes no log. `Debug` and `Display` of every type mask
//! secrets; methods of [`ReceivedRequest`] without `masked` in their name return unmasked data.

// docs.rs then shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod access_token;
mod accounts;
mod builder;
mod carrier;
mod clock;
mod control;
mod cors;
mod demo;
mod emulator;
mod error;
mod exchange;
mod fault;
mod front;
mod grant;
mod hold;
mod journal;
mod mask;
mod naming;
mod origin;
mod rate;
mod received;
mod refusal;
mod response;
mod secret;
mod server;
mod service;
mod settings;
mod stub;
#[cfg(feature = "tls")]
mod tls;
mod ttl;

pub use builder::Builder;
pub use control::ControlError;
pub use demo::{
    DEMO_APP, DEMO_APP_KEY, DEMO_APPLICATION_ID, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_ORG,
    DEMO_PASSWORD, DEMO_USER,
};
pub use emulator::Emulator;
pub use error::{SetupError, StartError, StartErrorKind};
pub use fault::{BodyKind, Fault};
pub use grant::Grant;
pub use hold::Hold;
pub use journal::Subscription;
pub use received::{Outcome, ReceivedRequest};
pub use refusal::Refusal;
pub use settings::{BannedAs, UnknownUserAs};
pub use stub::Stub;
pub use ttl::{PermanentAs, Unit};

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

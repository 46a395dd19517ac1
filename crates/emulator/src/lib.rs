//! A stand-in for the Easemob token service: a real HTTP server for tests and first steps.
//!
//! It answers `POST /{org}/{app}/token` as the public documentation describes the service, on a
//! loopback port of its own, in the process of the test. Nothing leaves the machine, nobody's
//! account is banned for asking too often, and what hardly ever happens (a quota used up, a
//! gateway's HTML, an app token that dies early) happens when the test says so.
//!
//! ```
//! use easemob_token_emulator::{Emulator, Fault, Grant};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::start().await?;
//!
//! // The client under test is given `emulator.base_url()` and the demo credentials. Its next
//! // request for a user token meets a rate limit, the one after that succeeds:
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
//! # With `curl`
//!
//! `Emulator::start()` knows the public sample credentials: the application
//! [`DEMO_APP_KEY`], the client [`DEMO_CLIENT_ID`] with [`DEMO_CLIENT_SECRET`], and one user,
//! [`DEMO_USER`] with the password [`DEMO_PASSWORD`]. The documentation's own request works:
//!
//! ```sh
//! curl -X POST -H 'Content-Type: application/json' -H 'Accept: application/json' -d '{
//!   "grant_type": "password", "username": "C", "password": "1", "ttl": "1024000"
//! }' 'http://127.0.0.1:PORT/easemob-demo/testapp/token'
//! ```
//!
//! # What it answers by itself
//!
//! | the request | the answer |
//! |---|---|
//! | one of the three grants, in order | 200 with the documented members |
//! | no `client_id`, no `client_secret` | 400 `illegal_argument` |
//! | wrong `client_id`, wrong `client_secret` | 400 `invalid_grant` |
//! | wrong password; a user registered without one | 400 `invalid_grant` |
//! | a banned user ([`Emulator::ban`]) | 400 `invalid_grant`, `user not activated` |
//! | `autoCreateUser` with a user ID that breaks the rules | 400 `illegal_argument` |
//! | a body that is no JSON object | 400 `json_parse` |
//! | `inherit` with no app token, an expired one, a revoked one, rubbish | 401 `unauthorized` |
//! | `inherit` with a user token, or a token of another application or system | 401 `auth_bad_access_token` |
//! | an unknown user | 404, see [`Builder::unknown_user_as`] |
//! | an unknown organization or application | 404 `organization_application_not_found` |
//! | `autoCreateUser` while another request creates that user | 409 `concurrent_operation_error` |
//! | a body over the limit | 413, a gateway's HTML |
//! | a `Content-Type` that is not JSON | 415 `web_application` |
//! | more than 300 requests within a second | 429 `reach_limit` |
//!
//! Everything else is scripted with a [`Fault`]: any documented [`Refusal`] out of turn, failures
//! of servers and gateways, redirects, delays, silence, a closed connection, changed members.
//!
//! # Where the documentation is silent
//!
//! The emulator has to do something, and a client must not rely on it:
//!
//! - a permanent token says [`PermanentAs`] in `expires_in`, and the largest number inside;
//! - a wrong password is told `invalid password`, a user registered without one `invalid
//!   username or password`;
//! - an unknown user is told `user not found` by the password grant and `User null not found`
//!   by `inherit`;
//! - a missing or unknown `grant_type`, a missing `username` or `password`, a `ttl` that is
//!   negative, broken or no number are 400 `illegal_argument` in words of our own;
//! - `exception` in errors is a word of our own;
//! - another method is 405, another path 404, both with a gateway's HTML;
//! - the client secret and the password are checked before `ttl` is, the app token before
//!   anything in the body of `inherit`, the request limit before the body;
//! - a part of a second counts as a whole one, in `expires_in` in seconds and inside the token.
//!
//! # Tokens
//!
//! They have the layout of the public sample tokens (130 characters, `YWMt…`), with a keyed digest
//! of this emulator's own, which is checked when a token comes back. So a token of another
//! emulator, or of the real service, is one "of another system". [`Emulator::advance`] lets
//! them expire without a pause, [`Emulator::revoke_app_tokens`] before their time.
//!
//! # Safe use
//!
//! It speaks plain HTTP and is no gatekeeper: it listens on loopback addresses alone unless
//! [`Builder::allow_remote`] is called. It writes no log at all. `Debug` and `Display` of
//! everything here mask secrets; the methods of [`ReceivedRequest`] that show what was really
//! sent say so.

mod access_token;
mod accounts;
mod answer;
mod builder;
mod clock;
mod demo;
mod emulator;
mod error;
mod exchange;
mod fault;
mod grant;
mod hold;
mod journal;
mod mask;
mod naming;
mod rate;
mod received;
mod refusal;
mod secret;
mod server;
mod service;
mod settings;
mod ttl;

pub use builder::Builder;
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
pub use ttl::{PermanentAs, Unit};

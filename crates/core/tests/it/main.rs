//! Tests of the public API: requests, responses, refusals, properties, redaction of secrets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[cfg(feature = "dynamic")]
mod dynamic;
mod encodings;
mod fleet;
mod gateways;
mod inspect;
mod life;
mod ornaments;
mod properties;
mod redaction;
mod refusals;
mod reports;
mod requests;
mod retry;
mod secrets;
mod token_responses;
mod token_state;
mod token_state_model;
mod unit_guard;

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use easemob_token_core::{
    AccessToken, AppToken, ClientCredentials, Grant, Inherit, IssuedToken, Lifetime, Now, Password,
    ResponseError, TokenEndpoint, TtlUnits, UnitMismatch, Uptime, WallTime,
};

/// The sample token of the password page.
const SAMPLE_TOKEN: &str = "YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnNonWqRx7gTPwR7Kzl-Q_xISNOAwMAAAF9UPZqbQAPoAAtYK9fWgaTNyuWoB3-6nGf_TXBx3Nt3XRZST-elU0x2A";

fn endpoint(units: TtlUnits) -> TokenEndpoint {
    let base = "https://a1.easemob.com".parse().unwrap();
    let app = "easemob-demo#testapp".parse().unwrap();
    TokenEndpoint::new(&base, &app, units).unwrap()
}

fn app_grant() -> ClientCredentials {
    ClientCredentials::new("YXA6i-Ak8Ol4Eei2l11ZjV-EAg", "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc").unwrap()
}

fn password_grant() -> Password {
    Password::new("C", "1").unwrap()
}

fn inherit_grant() -> Inherit {
    Inherit::new("C", &app_token("YWMt-app-token")).unwrap()
}

fn app_token(text: &str) -> AppToken {
    AppToken::from_parts(AccessToken::new(text).unwrap(), Lifetime::Unknown, received_at())
}

/// 2021-11-24T08:01:06Z, about when the sample token was issued.
fn received_at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_637_740_866)
}

/// A response with this status and body.
fn response(status: u16, body: &[u8]) -> http::Response<&[u8]> {
    http::Response::builder().status(status).body(body).unwrap()
}

/// The error of the inherit grant for this response.
fn refusal(status: u16, body: &str) -> ResponseError {
    refusal_of(&inherit_grant(), status, body)
}

fn refusal_of<G: Grant>(grant: &G, status: u16, body: &str) -> ResponseError {
    let response = response(status, body.as_bytes());
    endpoint(TtlUnits::STANDARD).parse(grant, response, received_at()).err().unwrap()
}

/// The time at this distance from the origin of both clocks.
fn at(millis: u64) -> Now {
    let time = Duration::from_millis(millis);
    Now { wall: WallTime::from_unix(time), uptime: Uptime::from_origin(time) }
}

/// A token with the properties that a cache needs.
struct Token(AccessToken, Lifetime);

impl Token {
    fn new(text: &str, lifetime: Lifetime) -> Self {
        Self(AccessToken::new(text).unwrap(), lifetime)
    }
}

impl IssuedToken for Token {
    fn access_token(&self) -> &AccessToken {
        &self.0
    }

    fn lifetime(&self) -> Lifetime {
        self.1
    }

    fn unit_mismatch(&self) -> Option<&UnitMismatch> {
        None
    }

    fn names_its_user(&self) -> bool {
        true
    }
}

/// The sample token with another lifetime in it, in seconds.
fn sample_with_lifetime(seconds: u32) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(SAMPLE_TOKEN).unwrap();
    let start = "ac-".len() + 58;
    bytes[start..start + 4].copy_from_slice(&seconds.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

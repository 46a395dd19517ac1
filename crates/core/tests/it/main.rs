//! The core seen from outside: requests, answers, refusals, properties, silence about secrets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
#[cfg(feature = "dynamic")]
mod dynamic;
mod encodings;
mod inspect;
mod policy;
mod properties;
mod redaction;
mod refusals;
mod requests;
mod secrets;
mod unit_guard;

use std::time::{Duration, SystemTime};

use easemob_token_core::{
    AccessToken, ClientCredentials, Inherit, Password, TokenEndpoint, TtlUnits,
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
    Inherit::new("C", &AccessToken::new("YWMt-app-token").unwrap()).unwrap()
}

/// 2021-11-24T08:01:06Z, about when the sample token was issued.
fn received_at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_637_740_866)
}

/// A response with this status and body.
fn response(status: u16, body: &[u8]) -> http::Response<&[u8]> {
    http::Response::builder().status(status).body(body).unwrap()
}

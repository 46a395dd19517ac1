//! The documented samples of requests and responses, used in every measurement.

use std::time::{Duration, SystemTime};

use easemob_token_core::{AppKey, BaseUrl, TokenEndpoint, TtlUnits};
use http::HeaderValue;

/// The content type of responses.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// As long as ours.
pub(crate) const USER_AGENT: HeaderValue = HeaderValue::from_static("easemob-token/0.1.0");

pub(crate) const BASE_URL: &str = "https://a1.easemob.com";
pub(crate) const APP_KEY: &str = "easemob-demo#testapp";
pub(crate) const URI: &str = "https://a1.easemob.com/easemob-demo/testapp/token";

pub(crate) const CLIENT_ID: &str = "YXA6i-Ak8Ol4Eei2l11ZjV-EAg";
pub(crate) const CLIENT_SECRET: &str = "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc";
pub(crate) const USERNAME: &str = "test2333";
pub(crate) const PASSWORD: &str = "hunter2hunter2";
/// The requested lifetime of the user token, in seconds.
pub(crate) const TTL: u64 = 1_024_000;

/// An app token, and the response with it.
pub(crate) const APP_TOKEN: &str = "YWMte3bGuOukEeiTkNP4grL7iwAAAAAAAAAAAAAAAAAAAAGL4CTw6XgR6LaXXVmNX4QCAgMAAAFnKdc-ZgBPGgBFTrLhhyK8woMEI005emtrLJFJV6aoxsZSioSIZkr5kw";
pub(crate) const APP_RESPONSE: &str = r#"{"access_token":"YWMte3bGuOukEeiTkNP4grL7iwAAAAAAAAAAAAAAAAAAAAGL4CTw6XgR6LaXXVmNX4QCAgMAAAFnKdc-ZgBPGgBFTrLhhyK8woMEI005emtrLJFJV6aoxsZSioSIZkr5kw","expires_in":5184000,"application":"8be024f0-XXXX-XXXX-b697-5d598d5f8402"}"#;
/// A response with a user token.
pub(crate) const USER_RESPONSE: &str = r#"{"access_token":"YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnNonWqRx7gTPwR7Kzl-Q_xISNOAwMAAAF9UPZqbQAPoAAtYK9fWgaTNyuWoB3-6nGf_TXBx3Nt3XRZST-elU0x2A","expires_in":1024000,"user":{"uuid":"aa471ee0-XXXX-XXXX-ace5-f90ff121234e","type":"user","created":1637740861395,"modified":1637740861395,"username":"test2333","activated":true}}"#;

/// A body on the heap, for a constant alignment. The address of a constant changes the check of UTF-8
/// by hundreds of instructions.
pub(crate) fn on_heap(body: &str) -> Box<[u8]> {
    body.as_bytes().into()
}

/// The endpoint of the documented samples.
pub(crate) fn endpoint() -> TokenEndpoint {
    let (base, app): (BaseUrl, AppKey) = (good(BASE_URL.parse()), good(APP_KEY.parse()));
    good(TokenEndpoint::new(&base, &app, TtlUnits::STANDARD))
}

/// The time at which the sample tokens were received, about.
pub(crate) fn received_at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_637_740_866)
}

/// Unwraps a result. A failure in a measurement is an error of the benchmark.
#[track_caller]
pub(crate) fn good<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("a measurement went wrong: {error:?}"),
    }
}

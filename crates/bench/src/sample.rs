//! What is sent and answered in every measurement: the documented samples.

use std::time::{Duration, SystemTime};

use easemob_token_core::{AppKey, BaseUrl, TokenEndpoint, TtlUnits};

pub(crate) const BASE_URL: &str = "https://a1.easemob.com";
pub(crate) const APP_KEY: &str = "easemob-demo#testapp";
pub(crate) const URI: &str = "https://a1.easemob.com/easemob-demo/testapp/token";

pub(crate) const CLIENT_ID: &str = "YXA6i-Ak8Ol4Eei2l11ZjV-EAg";
pub(crate) const CLIENT_SECRET: &str = "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc";
pub(crate) const USERNAME: &str = "test2333";
pub(crate) const PASSWORD: &str = "hunter2hunter2";
/// What the user token is asked to live for, in seconds.
pub(crate) const TTL: u64 = 1_024_000;

/// An app token, and the answer that brings it.
pub(crate) const APP_TOKEN: &str = "YWMte3bGuOukEeiTkNP4grL7iwAAAAAAAAAAAAAAAAAAAAGL4CTw6XgR6LaXXVmNX4QCAgMAAAFnKdc-ZgBPGgBFTrLhhyK8woMEI005emtrLJFJV6aoxsZSioSIZkr5kw";
pub(crate) const APP_ANSWER: &str = r#"{"access_token":"YWMte3bGuOukEeiTkNP4grL7iwAAAAAAAAAAAAAAAAAAAAGL4CTw6XgR6LaXXVmNX4QCAgMAAAFnKdc-ZgBPGgBFTrLhhyK8woMEI005emtrLJFJV6aoxsZSioSIZkr5kw","expires_in":5184000,"application":"8be024f0-XXXX-XXXX-b697-5d598d5f8402"}"#;
/// The answer that brings a user token.
pub(crate) const USER_ANSWER: &str = r#"{"access_token":"YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnNonWqRx7gTPwR7Kzl-Q_xISNOAwMAAAF9UPZqbQAPoAAtYK9fWgaTNyuWoB3-6nGf_TXBx3Nt3XRZST-elU0x2A","expires_in":1024000,"user":{"uuid":"aa471ee0-XXXX-XXXX-ace5-f90ff121234e","type":"user","created":1637740861395,"modified":1637740861395,"username":"test2333","activated":true}}"#;

/// An answer as it arrives: on the heap, so that its address is as even as any other's there. Where
/// the linker puts a constant changes by hundreds of instructions how UTF-8 is checked.
pub(crate) fn arrived(answer: &str) -> Box<[u8]> {
    answer.as_bytes().into()
}

/// The endpoint of the documented samples.
pub(crate) fn endpoint() -> TokenEndpoint {
    let (base, app): (BaseUrl, AppKey) = (good(BASE_URL.parse()), good(APP_KEY.parse()));
    good(TokenEndpoint::new(&base, &app, TtlUnits::STANDARD))
}

/// About when the sample tokens were received.
pub(crate) fn received_at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_637_740_866)
}

/// What is known to be good; a measurement of a failure would be worth nothing.
#[track_caller]
pub(crate) fn good<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("a measurement went wrong: {error:?}"),
    }
}

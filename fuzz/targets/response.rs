//! Any response to any grant: a usable token, or an error that shows nothing of it.
//!
//! The first line holds a letter for the grant, a status, and optionally a `Retry-After`.
#![no_main]

use std::time::Duration;

use easemob_token_core::{
    AccessToken, ClientCredentials, Inherit, Lifetime, Password, ResponseError, ResponseErrorKind,
    Ttl, TtlUnits, UserToken,
};
use easemob_token_fuzz::{app_token, check, endpoint, everything, first_line, received_at};
use libfuzzer_sys::fuzz_target;

/// Text that no error may show: the corpus has it in place of tokens and names.
const MARK: &str = "MARK";
const TEN_YEARS: Duration = Duration::from_secs(315_360_000);

fuzz_target!(|bytes: &[u8]| {
    let (line, body) = first_line(bytes);
    let line = String::from_utf8_lossy(line);
    let mut words = line.splitn(3, ' ');
    let grant = words.next().unwrap_or_default();
    let status = words.next().and_then(|word| word.parse().ok()).unwrap_or(200_u16);
    let mut response = http::Response::builder().status(status);
    if let Some(retry_after) = words.next() {
        response = response.header("retry-after", retry_after).header("location", retry_after);
    }
    let Ok(response) = response.body(body) else { return };
    let units = if grant.ends_with('5') { TtlUnits::VIP5 } else { TtlUnits::STANDARD };
    let ttl = if grant.contains('p') { Ttl::Permanent } else { Ttl::ServerDefault };
    let endpoint = endpoint(units);
    let app_token = app_token("YWMt-app-token").unwrap();
    let result = match grant.chars().next() {
        Some('a') => {
            let grant = ClientCredentials::new("id", "secret").unwrap().with_ttl(ttl);
            endpoint.parse(&grant, response, received_at()).map(|token| {
                usable(token.access_token(), token.lifetime(), ttl);
                assert_eq!(token.received_at(), received_at());
                format!("{token:?}")
            })
        }
        Some('i') => {
            let grant = Inherit::new("C", &app_token).unwrap().with_ttl(ttl);
            endpoint.parse(&grant, response, received_at()).map(|token| user_token(&token, ttl))
        }
        _ => {
            let grant = Password::new("C", "1").unwrap().with_ttl(ttl);
            endpoint.parse(&grant, response, received_at()).map(|token| user_token(&token, ttl))
        }
    };
    match result {
        Ok(shown) => assert_eq!(status, 200, "{shown}"),
        Err(error) => refused(&error, status),
    }
});

fn user_token(token: &UserToken, ttl: Ttl) -> String {
    usable(token.access_token(), token.lifetime(), ttl);
    assert_eq!(token.received_at(), received_at());
    if let Some(named) = token.user().and_then(|user| user.username()) {
        assert_eq!(named.to_lowercase(), "c");
    }
    let shown = format!("{token:?}");
    let own = token.access_token().expose();
    // Short ones occur by chance.
    assert!(own.len() < 16 || !shown.contains(own), "{shown}");
    shown
}

fn usable(token: &AccessToken, lifetime: Lifetime, ttl: Ttl) {
    let text = token.expose();
    assert!((1..=8192).contains(&text.len()));
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    assert!(lifetime.duration().is_none_or(|time| time <= TEN_YEARS));
    assert!(!lifetime.is_permanent() || ttl == Ttl::Permanent);
}

fn refused(error: &ResponseError, status: u16) {
    check(error);
    assert_eq!(error.status().as_u16(), status);
    // An error that the body names is shown; `error_body` looks at that.
    if status == 200 && error.kind() == ResponseErrorKind::Malformed {
        let shown = everything(error);
        assert!(!shown.contains(MARK), "{shown}");
    }
}

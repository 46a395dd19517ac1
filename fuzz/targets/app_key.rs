//! Any text as an App Key: an accepted one is exactly two path segments for every parser.
#![no_main]

use easemob_token_core::{AppKey, BaseUrl, TokenEndpoint, TtlUnits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let key: AppKey = match text.parse() {
        Ok(key) => key,
        Err(error) => {
            let shown = format!("{error}");
            assert!(!shown.chars().any(char::is_control), "{shown:?}");
            return;
        }
    };
    assert_eq!(key.to_string(), text);
    assert_eq!(AppKey::new(key.org(), key.app()).expect("its own names"), key);
    for name in [key.org(), key.app()] {
        assert!(!name.is_empty() && name != "." && name != "..");
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)), "{name}");
    }
    let base: BaseUrl = "https://a1.easemob.com".parse().expect("a base URL");
    let endpoint = TokenEndpoint::new(&base, &key, TtlUnits::STANDARD).expect("an endpoint");
    let segments: Vec<&str> = endpoint.uri().path().split('/').collect();
    assert_eq!(segments, ["", key.org(), key.app(), "token"]);
    assert_eq!(endpoint.uri().host(), Some("a1.easemob.com"));
    assert_eq!(endpoint.uri().query(), None);
});

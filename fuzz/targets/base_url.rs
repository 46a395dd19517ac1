//! Any text as a base URL: an accepted one leads to the host that a reader sees.
#![no_main]

use std::net::Ipv6Addr;

use easemob_token_core::{AppKey, BaseUrl, TokenEndpoint, TtlUnits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let url: BaseUrl = match text.parse() {
        Ok(url) => url,
        Err(error) => {
            let shown = format!("{error} {error:?}");
            assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
            return;
        }
    };
    let host = url.host();
    assert!(!host.is_empty() && host.is_ascii() && host == host.to_ascii_lowercase());
    assert!(!host.contains(['@', '/', '?', '#', '\\', '%', ' ']), "{host}");
    assert!(url.port() > 0);
    // The typed text begins with a scheme and this host, letter by letter.
    let typed = text.to_ascii_lowercase();
    let scheme = if url.is_https() { "https://" } else { "http://" };
    let rest = typed.strip_prefix(scheme).expect("the scheme as typed");
    match host.strip_prefix('[') {
        // An IPv6 address has many spellings.
        Some(address) => {
            let (typed, _) = rest.trim_start_matches('[').split_once(']').expect("brackets");
            let own = address.trim_end_matches(']');
            assert_eq!(typed.parse::<Ipv6Addr>().ok(), own.parse::<Ipv6Addr>().ok());
        }
        None => {
            let rest = rest.strip_prefix(host).expect("the host as typed");
            assert!(rest.is_empty() || rest.starts_with([':', '/']), "{rest}");
        }
    }
    // It reads back as itself.
    let shown = url.to_string();
    assert_eq!(shown.parse::<BaseUrl>().expect("its own text"), url);
    // The URI of requests has the same parts when it is parsed again.
    let app: AppKey = "org#app".parse().expect("an App Key");
    let endpoint = TokenEndpoint::new(&url, &app, TtlUnits::STANDARD).expect("an endpoint");
    let uri = endpoint.uri();
    assert_eq!(uri.host(), Some(host));
    assert_eq!(uri.scheme_str(), Some(scheme.trim_end_matches("://")));
    assert_eq!(uri.port_u16().unwrap_or(if url.is_https() { 443 } else { 80 }), url.port());
    assert_eq!((uri.path(), uri.query()), ("/org/app/token", None));
    assert!(!uri.authority().expect("an authority").as_str().contains('@'));
});

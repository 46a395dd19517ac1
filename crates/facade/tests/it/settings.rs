//! Settings: a missing or invalid one is named by `build`.

use std::borrow::Cow;
use std::time::Duration;

use easemob_token::transport::ProxyUrl;
use easemob_token::{AppKey, BaseUrl, Client, ClientBuilder, ErrorKind, Secret, Ttl, TtlUnits};

use crate::memory::{Memory, builder, response};

fn good() -> ClientBuilder {
    builder(Memory::default())
}

fn problem(builder: ClientBuilder) -> String {
    builder.build().expect_err("a wrong setting").to_string()
}

const URL: &str = "https://a1.easemob.com";
const KEY: &str = "org#app";

#[test]
fn base_url_and_app_key_are_text_or_parsed_values() {
    let (url, key): (BaseUrl, AppKey) = (URL.parse().unwrap(), KEY.parse().unwrap());
    for builder in [
        Client::builder(URL, KEY),
        Client::builder(&URL.to_owned(), &KEY.to_owned()),
        Client::builder(URL.to_owned(), KEY.to_owned()),
        Client::builder(&url, &key),
        Client::builder(url, key),
    ] {
        let client = builder.transport(Memory::default()).build().unwrap();
        assert_eq!(client.app_key().to_string(), KEY);
        let again = Client::builder(client.base_url(), client.app_key());
        let client = again.transport(Memory::default()).build().unwrap();
        assert_eq!(
            client.endpoint_url(["users", "a/b"]).unwrap(),
            format!("{URL}/org/app/users/a%2Fb")
        );
        assert_eq!(client.endpoint_url([".."]).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

/// Compiles: whatever holds a text is accepted, borrowed or owned.
#[test]
fn text_is_taken_in_every_form() {
    let (owned, boxed) = ("x".to_owned(), Box::<str>::from("x"));
    let secret = Secret::new(&owned);
    let client = good()
        .client_credentials("x", "x")
        .client_credentials(&owned, &owned)
        .client_credentials(boxed.clone(), boxed.clone())
        .client_credentials(Cow::Borrowed("x"), Cow::Borrowed("x"))
        .client_credentials(owned.clone(), &secret)
        .build()
        .unwrap();
    drop([client.user_token("x"), client.user_token(&owned), client.user_token(&*boxed)]);
    drop(client.user_token_by_password(&owned, &owned));
    drop(client.user_token_by_password(boxed.clone(), boxed).send());
    #[cfg(feature = "dynamic")]
    client.dynamic_token(&owned, Duration::from_secs(60)).unwrap();
}

#[test]
fn each_missing_or_wrong_setting_is_named() {
    let with = |url, key| problem(Client::builder(url, key).transport(Memory::default()));
    assert!(with("https://a1.easemob.com@evil.com", KEY).starts_with("base_url: "));
    assert!(with("https://a1.easemob.com:99999", KEY).contains("the port"));
    assert!(with(URL, "org").starts_with("app_key: has no #"));
    assert!(with(URL, "org#app\n").starts_with("app_key: ends with U+000A (line feed)"));
    assert!(with(URL, "a#b#c").contains("more than one #"));
    assert!(problem(Client::builder(URL, KEY)).starts_with("transport: missing"));
    assert!(problem(good().client_credentials("", "s")).contains("client ID"));
    assert!(problem(good().client_credentials("id", "")).contains("client secret"));
    let secret = problem(good().client_credentials("id", "MARK\u{a0}"));
    assert!(secret.contains("client secret: ends with U+00A0 (no-break space) at character 5"));
    assert!(problem(good().app_token_ttl(Duration::from_millis(5))).starts_with("app_token_ttl: "));
    assert!(problem(good().request_timeout(Duration::ZERO)).starts_with("request_timeout: "));
    let no_time = good().acquisition_deadline(Duration::ZERO);
    assert!(problem(no_time).starts_with("acquisition_deadline: "));
    assert!(problem(good().max_attempts(0)).starts_with("max_attempts: "));
    let often = |millis| good().min_retry_interval(Duration::from_millis(millis));
    if cfg!(feature = "test-util") {
        assert!(often(0).build().is_ok());
    } else {
        assert!(often(100).build().is_ok());
        assert!(problem(often(99)).starts_with("min_retry_interval: "));
    }
    assert!(problem(good().requests_per_second(0)).starts_with("requests_per_second: "));
    assert!(problem(good().user_agent("my：app")).starts_with("user_agent: has U+FF1A"));
    assert!(problem(good().cache_user_tokens(0)).starts_with("cache_user_tokens: "));
    let bare = Client::builder(URL, KEY).transport(Memory::default());
    for needs_credentials in [bare.clone().authorize_password(), bare.cache_user_tokens(1)] {
        assert!(problem(needs_credentials).starts_with("client_credentials: missing"));
    }
}

#[cfg(feature = "fleet")]
#[test]
fn each_wrong_setting_of_the_store_is_named() {
    use easemob_token::store::MemoryStore;

    let with_store = || good().token_store(std::sync::Arc::new(MemoryStore::new()));
    let bare = Client::builder(URL, KEY).transport(Memory::default());
    let second = Duration::from_secs(1);
    for (builder, expected) in [
        (bare.token_store(MemoryStore::new()), "client_credentials: missing; token_store"),
        (good().store_timeout(second), "store_timeout: has no effect; set a token_store too"),
        (good().store_key("a"), "store_key: has no effect; set a token_store too"),
        (with_store().store_timeout(Duration::ZERO), "store_timeout: is zero"),
        (with_store().store_timeout(20 * second), "store_timeout: is not shorter than"),
        (with_store().store_key(""), "store_key: is empty"),
        (with_store().store_key("MARK： x"), "store_key: has U+FF1A (full-width :) at character 5"),
        (with_store().store_key("x".repeat(129)), "store_key: has 129 characters"),
    ] {
        let problem = problem(builder);
        assert!(problem.starts_with(expected) && !problem.contains("MARK"), "{problem}");
    }
    let short = with_store().acquisition_deadline(Duration::from_millis(100));
    let fine = with_store().store_key("my-app:{prod}").store_timeout(second);
    assert!(short.build().is_ok() && fine.build().is_ok());
}

#[test]
fn base_url_and_proxy_have_one_rule_for_hosts() {
    let parse = |host: &str| {
        let url = format!("http://{host}");
        (url.parse::<BaseUrl>(), url.parse::<ProxyUrl>())
    };
    for host in [
        "a1.easemob.com",
        "a1.easemob.com.",
        "4b2c557fd0ad",
        "a1.4b2c557fd0ad:8080",
        "0xg",
        "im.10.example",
        "im_rest.internal",
        "im.localhost.",
        "127.0.0.1",
        "[::1]:80",
        "xn--fiqs8s.example",
    ] {
        let (base_url, proxy) = parse(host);
        let base_url = base_url.expect(host).to_string();
        assert_eq!(proxy.expect(host).to_string().trim_end_matches(":80"), base_url);
    }
    for host in [
        "1.2.3",
        "127.1",
        "2130706433",
        "0x7f.1",
        "1.2.3.4.",
        "a.0x1",
        "[fe80::1%eth0]",
        "[fe80::1%25eth0]",
        "::1",
        "fe80::1:80",
        "a..b",
        "-a",
        ".",
        "a:0",
        "a:b",
        "a b",
        "a。b",
        "a：80",
        "环信.com",
        "\"a\"",
        "a%2f",
        "a\r\n",
        "a\u{200b}",
        "",
    ] {
        let (base_url, proxy) = parse(host);
        let (base_url, proxy) = (base_url.expect_err(host), proxy.expect_err(host));
        assert_eq!(base_url.problem(), proxy.problem(), "{host}");
    }
}

#[test]
fn a_ttl_too_short_for_seconds_is_fine_in_milliseconds() {
    let short = good().app_token_ttl(Ttl::For(Duration::from_millis(5)));
    assert!(short.ttl_units(TtlUnits::VIP5).build().is_ok());
}

#[tokio::test]
async fn plain_http_is_for_loopback_or_if_allowed() {
    let at = |url| Client::builder(url, KEY).client_credentials("id", "MARK-secret");
    let elsewhere = at("http://im.internal").transport(Memory::default());
    assert!(problem(elsewhere).contains("plain http://"));
    assert!(at("http://127.0.0.1:8080").transport(Memory::default()).build().is_ok());

    let memory = Memory::responding([response(200, r#"{"access_token":"t","expires_in":60}"#)]);
    let client = at("http://im.internal")
        .allow_plain_http()
        .request_timeout(Duration::from_secs(3))
        .max_response_bytes(1024)
        .transport(memory.clone())
        .build()
        .unwrap();
    client.app_token().await.unwrap();
    let sent = &memory.sent()[0];
    assert!(sent.plain_http_allowed);
    assert_eq!((sent.timeout, sent.max_response_bytes), (Duration::from_secs(3), 1024));
}

#[test]
fn nothing_that_prints_shows_a_secret() {
    let wrong = Client::builder("https://u:MARK@x", "MARK").client_credentials("id", "MARK-secret");
    let client = good().build().unwrap();
    let request = client.user_token_by_password("c", "MARK-password");
    let text = format!("{wrong:?} {client:?} {request:?} {:?}", client.user_token("c"));
    assert!(!text.contains("MARK"), "{text}");
    assert!(!problem(wrong).contains("MARK"));
}

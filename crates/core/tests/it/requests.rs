//! Complete requests: method, URI, headers and body, with masked secrets.

use std::time::Duration;

use easemob_token_core::{Field, Grant, Payload, TokenEndpoint, Ttl, TtlUnit, TtlUnits};
use http::Request;

use crate::{
    SAMPLE_TOKEN, app_grant, endpoint, inherit_grant, password_grant, received_at, response,
};

/// A request as text. Sensitive headers print as `Sensitive`, the body as its masked form.
fn whole(request: &Request<Payload>) -> String {
    let mut lines = vec![format!("{} {} {:?}", request.method(), request.uri(), request.version())];
    lines.extend(request.headers().iter().map(|(name, value)| format!("{name}: {value:?}")));
    lines.push(String::new());
    lines.push(request.body().masked().to_string());
    lines.join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

fn of<G: Grant>(endpoint: &TokenEndpoint, grant: &G) -> String {
    whole(&endpoint.request(grant).unwrap())
}

#[test]
fn an_endpoint_returns_its_parts() {
    let endpoint = endpoint(TtlUnits::VIP5);
    assert_eq!(endpoint.uri(), "https://a1.easemob.com/easemob-demo/testapp/token");
    assert_eq!(endpoint.app_key().to_string(), "easemob-demo#testapp");
    assert_eq!(endpoint.units(), TtlUnits::VIP5);
}

#[test]
fn a_request_has_the_user_agent_that_was_set() {
    let with = |text: &str| endpoint(TtlUnits::STANDARD).with_user_agent(text);
    let longest = "a".repeat(256);
    for text in ["my-app/1.0", "Mozilla/5.0 (X11; Linux x86_64) \"q\" <~!>", "a", &longest] {
        let request = with(text).unwrap().request(&inherit_grant()).unwrap();
        let sent: Vec<_> = request.headers().get_all("user-agent").iter().collect();
        assert_eq!(sent, [text]);
    }
    for (text, problem) in [
        ("", "is empty"),
        ("应用/1.0", "has U+5E94 as character 1; write visible ASCII and spaces"),
        ("app：1", "has U+FF1A as character 4"),
        ("app/1\r\nx: MARK", "has U+000D as character 6"),
        ("app\t1", "has U+0009 as character 4"),
        ("app\u{a0}1", "has U+00A0 as character 4"),
        ("app\0", "has U+0000 as character 4"),
        ("app\u{7f}", "has U+007F as character 4"),
        (" app", "begins or ends with a space"),
        ("app ", "begins or ends with a space"),
        (" ", "begins or ends with a space"),
        (&format!("{longest}a"), "is longer than 256 characters"),
    ] {
        let error = with(text).unwrap_err();
        assert_eq!(error.field(), Field::UserAgent);
        assert!(error.problem().starts_with(problem), "{error}");
        assert!(!error.to_string().contains("MARK"));
    }
}

#[test]
fn client_credentials() {
    let endpoint = endpoint(TtlUnits::STANDARD);
    insta::assert_snapshot!("client_credentials", of(&endpoint, &app_grant()));
    let hour = app_grant().with_ttl(Duration::from_secs(3600));
    insta::assert_snapshot!("client_credentials_for_an_hour", of(&endpoint, &hour));
}

#[test]
fn password() {
    let endpoint = endpoint(TtlUnits::STANDARD);
    insta::assert_snapshot!("password", of(&endpoint, &password_grant()));
    let timed = password_grant().with_ttl(Duration::from_secs(1_024_000));
    insta::assert_snapshot!("password_for_1024000_seconds", of(&endpoint, &timed));
    let permanent = password_grant().with_ttl(Ttl::Permanent);
    insta::assert_snapshot!("password_permanent", of(&endpoint, &permanent));
}

#[test]
fn password_with_an_app_token() {
    let endpoint = endpoint(TtlUnits::STANDARD);
    let body = format!(r#"{{"access_token":"{SAMPLE_TOKEN}","expires_in":3600}}"#);
    let app_token =
        endpoint.parse(&app_grant(), response(200, body.as_bytes()), received_at()).unwrap();
    let request = endpoint.request(&password_grant().authorized_by(&app_token)).unwrap();
    insta::assert_snapshot!("password_with_an_app_token", whole(&request));
    assert_eq!(request.headers()["authorization"], format!("Bearer {SAMPLE_TOKEN}"));
}

#[test]
fn inherit() {
    let endpoint = endpoint(TtlUnits::STANDARD);
    insta::assert_snapshot!("inherit", of(&endpoint, &inherit_grant()));
    let creating = inherit_grant().with_auto_create_user(true).with_ttl(Ttl::Permanent);
    insta::assert_snapshot!("inherit_creating_and_permanent", of(&endpoint, &creating));
}

#[test]
fn requests_to_a_vip_5_cluster_are_in_milliseconds() {
    let timed = password_grant().with_ttl(Duration::from_secs(1_024_000));
    insta::assert_snapshot!("password_on_vip_5", of(&endpoint(TtlUnits::VIP5), &timed));
}

#[test]
fn the_unit_of_the_response_does_not_change_the_request() {
    let timed = password_grant().with_ttl(Duration::from_secs(60));
    let units = TtlUnits { request: TtlUnit::Seconds, response: TtlUnit::Milliseconds };
    assert_eq!(of(&endpoint(units), &timed), of(&endpoint(TtlUnits::STANDARD), &timed));
}

#[test]
fn a_ttl_that_would_become_permanent_is_refused() {
    let grant = password_grant().with_ttl(Duration::from_millis(999));
    let error = endpoint(TtlUnits::STANDARD).request(&grant).unwrap_err();
    insta::assert_snapshot!(error, @"ttl: is shorter than one second and would be sent as 0, which means permanent; ask for a second or more, or for a permanent token by name");
    assert!(endpoint(TtlUnits::VIP5).request(&grant).is_ok());
}

//! The forms in which clients send a grant: as the SDKs do, and as Apache Usergrid takes them.

use easemob_token_emulator::{Emulator, Fault, Grant};

use crate::client::{PATH, app_token, raw, request};

const FORM: &str = "application/x-www-form-urlencoded";
const APP: &str = r#"{"grant_type":"client_credentials","client_id":"YXA6i-Ak8Ol4Eei2l11ZjV-EAg","client_secret":"YXA6VunqiNxoB7IwXHInk1cGiXOOJfc"}"#;
const APP_FORM: &str = "grant_type=client_credentials&client_id=YXA6i-Ak8Ol4Eei2l11ZjV-EAg\
                        &client_secret=YXA6VunqiNxoB7IwXHInk1cGiXOOJfc";
const BASIC: &str =
    "Basic WVhBNmktQWs4T2w0RWVpMmwxMVpqVi1FQWc6WVhBNlZ1bnFpTnhvQjdJd1hISW5rMWNHaVhPT0pmYw==";
const USER: &str = r#"{"grant_type":"password","username":"C","password":"1","ttl":"1024000"}"#;
const NO_TYPE: &str = "415 web_application: Unsupported Media Type";

/// Method, query, `Content-Type`, `Authorization`, body; the error, or nothing for a token.
type Row = (
    &'static str,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    &'static str,
    &'static str,
);

/// A `POST` without a query and without credentials.
const fn post(content_type: Option<&'static str>, body: &'static str, error: &'static str) -> Row {
    ("POST", "", content_type, None, body, error)
}

const fn get(query: &'static str, error: &'static str) -> Row {
    ("GET", query, None, None, "", error)
}

const BAD_PASSWORD: &str = "400 invalid_grant: invalid password";
const NO_GRANT: &str = "400 illegal_argument: grant_type must be provided";
const BRACKET: &str = "400 json_parse: Unexpected character ('[' (code 91)) at line 1, column 1";
const LETTER: &str = "400 json_parse: Unexpected character ('x' (code 120)) at line 1, column 2";

const ROWS: &[Row] = &[
    // The PHP SDK and the push SDK: JSON under a form's type. The Java SDK 1.x: no type.
    post(Some(FORM), APP, ""),
    post(None, APP, ""),
    // Go clients: the type with parameters.
    post(Some("application/json;charset=UTF-8"), USER, ""),
    post(Some("text/plain; charset=utf-8"), USER, ""),
    post(
        None,
        "\u{feff}\r\n\t {\"grant_type\":\"password\",\"username\":\"c\",\"password\":\"1\"}\n",
        "",
    ),
    post(Some(FORM), APP_FORM, ""),
    post(
        Some("Application/X-WWW-Form-Urlencoded; charset=utf-8"),
        "grant_type=password&username=C&password=%31&ttl=60",
        "",
    ),
    post(Some(FORM), "grant_type=password&username=c&password=1+1", BAD_PASSWORD),
    post(
        Some(FORM),
        "grant_type=password&username=c&password=1&ttl=",
        "400 illegal_argument: ttl must be a number >= 0",
    ),
    post(Some(FORM), "", NO_GRANT),
    post(None, APP_FORM, NO_TYPE),
    post(Some("text/plain"), APP_FORM, NO_TYPE),
    post(None, "", NO_TYPE),
    post(Some("multipart/form-data; boundary=x"), "--x\r\n", NO_TYPE),
    post(None, "[1]", BRACKET),
    post(Some(FORM), "{x", LETTER),
    get(
        "?grant_type=client_credentials&client_id=YXA6i-Ak8Ol4Eei2l11ZjV-EAg&client_secret=YXA6VunqiNxoB7IwXHInk1cGiXOOJfc",
        "",
    ),
    get("?grant_type=password&username=c&password=1&ttl=0", ""),
    get("?grant_type=password&username=c&password=2", BAD_PASSWORD),
    get("", NO_GRANT),
    ("GET", "?grant_type=client_credentials", None, Some(BASIC), "", ""),
    ("POST", "", Some(FORM), Some(BASIC), "grant_type=client_credentials", ""),
    ("POST", "", None, Some(BASIC), r#"{"grant_type":"client_credentials","client_id":"x"}"#, ""),
    ("POST", "", None, Some("Basic eDp5"), APP, "400 invalid_grant: client_id does not match"),
    ("POST", "", None, Some("Basic !"), APP, ""),
];

#[tokio::test]
async fn every_form_that_clients_send_is_taken() {
    let emulator = Emulator::start().await.unwrap();
    for (index, (method, query, content_type, authorization, body, error)) in
        ROWS.iter().enumerate()
    {
        let fields = [("Content-Type", content_type), ("Authorization", authorization)];
        let headers: Vec<_> =
            fields.iter().filter_map(|(name, it)| it.map(|it| (*name, it))).collect();
        let sent = request(method, &format!("{PATH}{query}"), &headers, body.as_bytes());
        let reply = raw(&emulator, &sent).await.unwrap();
        let got = if reply.status == 200 { String::new() } else { reply.error() };
        assert_eq!(got, *error, "row {index}: {body}{query}");
        let record = emulator.requests().remove(index);
        assert_eq!(record.masked_json()["content_type"].as_str(), *content_type, "row {index}");
    }
}

#[tokio::test]
async fn the_app_key_and_user_ids_are_percent_decoded() {
    let emulator = Emulator::start().await.unwrap();
    for (path, error) in [
        ("/easemob%2Ddemo/testapp/token", ""),
        ("/easemob%2ddemo/%74estapp/token", ""),
        ("/easemob-demo/testapp/t%6Fken", ""),
        (
            "/easemob-demo%23testapp/x/token",
            "404 organization_application_not_found: Could not find application for \
             easemob-demo#testapp/x from URI: easemob-demo%23testapp/x/token",
        ),
        (
            "/easemob-demo%2Ftestapp/token",
            "404 service_resource_not_found: Service resource not found",
        ),
        ("/%ff/testapp/token", "404 service_resource_not_found: Service resource not found"),
    ] {
        let reply = raw(&emulator, &request("POST", path, &[], APP.as_bytes())).await.unwrap();
        assert_eq!(
            if reply.status == 200 { String::new() } else { reply.error() },
            error,
            "{path}"
        );
    }
}

#[tokio::test]
async fn faults_find_grant_user_and_app_in_every_form() {
    let emulator = Emulator::start().await.unwrap();
    app_token(&emulator).await;
    let fault = || Fault::gateway(502).on(Grant::Password).for_user("c");
    for (method, path, body) in [
        ("POST", PATH, "grant_type=password&username=C&password=hunter22"),
        (
            "GET",
            "/easemob%2Ddemo/testapp/token?grant_type=password&username=C&password=hunter22",
            "",
        ),
    ] {
        emulator.inject(fault().on_app("easemob-demo", "testapp")).unwrap();
        let sent = request(method, path, &[("Content-Type", FORM)], body.as_bytes());
        assert_eq!(raw(&emulator, &sent).await.unwrap().status, 502);
    }
    assert_eq!(emulator.pending_faults(), 0);
}

#[tokio::test]
async fn secrets_of_every_form_are_masked_where_a_response_repeats_them() {
    let emulator = Emulator::start().await.unwrap();
    let basic = [("Content-Type", FORM), ("Authorization", "Basic aWQ6aHVudGVyMjI=")];
    let form = [("Content-Type", FORM)];
    for (method, query, headers, body) in [
        ("POST", "", &form[..], "grant_type=password&password=hunter%322"),
        ("GET", "?grant_type=password&password=hunter22", &[], ""),
        ("POST", "", &basic, "grant_type=client_credentials"),
        ("POST", "", &[], r#"[{"username":"dora","password":"hunter22"}]"#),
    ] {
        emulator.inject(Fault::error(500, "oops", Some("no hunter22"))).unwrap();
        let sent = request(method, &format!("{PATH}{query}"), headers, body.as_bytes());
        assert!(raw(&emulator, &sent).await.unwrap().text().contains("no hunter22"));
    }
    let records = emulator.requests();
    let lines: Vec<_> =
        records.iter().map(|it| format!("{it} {it:?} {}", it.masked_json())).collect();
    for line in &lines {
        assert!(line.contains("no ***") && !line.contains("hunter"), "{line}");
    }
}

//! The emulator logs nothing, and its values show no secret.

#![expect(clippy::unwrap_used, reason = "a request that cannot be made is a failed test")]

use std::fmt::Debug;
use std::time::Duration;

use easemob_token_adapter_trials::leaks::secrets::{
    self, ALL, APP_TOKEN, AUTHORIZATION, CLIENT_SECRET, PASSWORD, PROXY_PASSWORD, USER_TOKEN,
};
use easemob_token_adapter_trials::leaks::{capture, controls};
use easemob_token_emulator::{BodyKind, Builder, Emulator, Fault, Grant, ReceivedRequest, Refusal};
use easemob_token_transport::{Exchange, Transport};
use easemob_token_transport_hyper::HyperTransport;
use serde_json::{Value, json};

/// `Debug`, `Display` and masked texts of the emulator's values.
#[derive(Default)]
struct Shown(String);

impl Shown {
    fn debug(&mut self, value: &dyn Debug) {
        self.0 += &format!("{value:?} {value:#?}\n");
    }

    fn error(&mut self, error: &dyn std::error::Error) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.0 += &format!("{error} {error:?} {error:#?}\n");
            next = error.source();
        }
    }

    fn request(&mut self, request: &ReceivedRequest) {
        self.debug(request);
        self.debug(&request.outcome());
        self.0 += &format!("{request}\n{}\n", request.masked_body());
        self.0 += &format!("{:?}\n", request.masked_response_body());
        for name in ["authorization", "proxy-authorization", "content-type", "cookie"] {
            self.0 += &format!("{:?}\n", request.masked_header(name));
        }
    }
}

async fn post(emulator: &Emulator, authorization: Option<&str>, body: &str) -> Option<Value> {
    let mut request = http::Request::post(emulator.token_url())
        .header("content-type", "application/json")
        .header("proxy-authorization", format!("Basic {PROXY_PASSWORD}"));
    if let Some(token) = authorization {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let exchange = Exchange::new(request.body(body.to_owned()).unwrap())
        .with_timeout(Duration::from_millis(300));
    let response = HyperTransport::new().send(exchange).await.ok()?;
    serde_json::from_slice(response.body()).ok()
}

fn credentials(secret: &str) -> String {
    json!({"grant_type": "client_credentials", "client_id": "id", "client_secret": secret})
        .to_string()
}

fn password(user: &str, password: &str) -> String {
    json!({"grant_type": "password", "username": user, "password": password}).to_string()
}

fn every_fault() -> Vec<Fault> {
    let response = json!({"access_token": USER_TOKEN, "expires_in": 60}).to_string();
    vec![
        Fault::refusal(Refusal::InvalidPassword),
        Fault::quota_exceeded(),
        Fault::rate_limited(None),
        Fault::conflict(),
        Fault::error(400, "invalid_grant", Some(&format!("{PASSWORD} is wrong"))),
        Fault::server_error(500, BodyKind::Html),
        Fault::gateway(502),
        Fault::redirect(&format!("http://127.0.0.1:1/?access_token={APP_TOKEN}")),
        Fault::response(200, [("content-type", "application/json")], response.into_bytes()),
        Fault::delay(Duration::from_millis(1)).header("x-token", APP_TOKEN),
        Fault::set_member("access_token", json!(USER_TOKEN)),
        Fault::set_member("nested", json!({"access_token": [APP_TOKEN]})),
        Fault::remove_member("expires_in"),
        Fault::hang(),
        Fault::close(),
    ]
}

/// Shows settings, valid or not, and the errors of those that are not.
async fn show_settings(shown: &mut Shown, builder: &Builder) {
    shown.debug(builder);
    for invalid in [
        builder.clone().client("", CLIENT_SECRET),
        builder.clone().client("id", ""),
        builder.clone().further_app("/", "app", "id", CLIENT_SECRET),
        builder.clone().user("not a name!", PASSWORD),
        builder.clone().user("d", &PASSWORD.repeat(20)),
        builder.clone().listen("nowhere at all"),
        builder.clone().app_key("org", "a/b"),
    ] {
        shown.debug(&invalid);
        shown.error(&invalid.start().await.unwrap_err());
    }
}

/// Sends valid and invalid requests. Returns the tokens that the emulator issued.
async fn send_requests(emulator: &Emulator) -> Vec<String> {
    let inherit = json!({"grant_type": "inherit", "username": "c"}).to_string();
    let app_token = post(emulator, None, &credentials(CLIENT_SECRET)).await.unwrap();
    let app_token = app_token["access_token"].as_str().unwrap();
    let by_password = post(emulator, None, &password("c", PASSWORD)).await.unwrap();
    let by_user_id = post(emulator, Some(app_token), &inherit).await.unwrap();
    for (token, body) in
        [(AUTHORIZATION, &inherit), (APP_TOKEN, &inherit), (USER_TOKEN, &password("c", USER_TOKEN))]
    {
        post(emulator, Some(token), body).await;
    }
    for invalid in [
        credentials(PASSWORD),
        credentials(APP_TOKEN),
        password("nobody", PASSWORD),
        password("nobody", APP_TOKEN),
        format!("{{\"client_secret\": \"{CLIENT_SECRET}"),
        format!("{CLIENT_SECRET} {PASSWORD}"),
        format!("grant_type=password&password={PASSWORD}"),
        json!([{"password": PASSWORD}]).to_string(),
        json!({"grant_type": "password", "username": "c", "password": {"deep": [PASSWORD]}})
            .to_string(),
        json!({"grant_type": "client_credentials", "client_secret": [CLIENT_SECRET]}).to_string(),
    ] {
        post(emulator, None, &invalid).await;
    }
    let user_tokens = [&by_password, &by_user_id].map(|body| body["access_token"].as_str());
    [Some(app_token)].into_iter().chain(user_tokens).map(|token| token.unwrap().into()).collect()
}

#[tokio::test]
async fn nothing_is_logged_and_no_value_shows_a_secret() {
    capture::capture_log().unwrap();
    capture::capture_tracing().unwrap();
    capture::capture_panics();
    controls::assert_secrets_are_found();

    let mut shown = Shown::default();
    let builder = Emulator::builder().client("id", CLIENT_SECRET).user("c", PASSWORD);
    show_settings(&mut shown, &builder).await;
    let emulator = builder.start().await.unwrap();
    shown.error(&emulator.add_user("not a name!", PASSWORD).unwrap_err());
    let issued = send_requests(&emulator).await;
    for fault in every_fault() {
        shown.debug(&fault);
        emulator.inject(fault).unwrap();
        post(&emulator, Some(AUTHORIZATION), &password("c", PASSWORD)).await;
    }
    shown.debug(&emulator);
    shown.debug(&emulator.subscribe());
    shown.debug(&emulator.hold());
    let requests = emulator.requests();
    assert!(requests.len() > 25, "{} requests", requests.len());
    assert!(requests.iter().any(|request| request.grant() == Some(Grant::Inherit)));
    for request in &requests {
        shown.request(request);
    }
    emulator.shutdown().await;

    for secret in ALL.into_iter().chain(issued.iter().map(String::as_str)) {
        assert_eq!(secrets::find(&shown.0, secret), None, "shown");
    }
    let entries = capture::take();
    let transcript = capture::transcript(&entries);
    assert_eq!(secrets::find(&transcript, secrets::STEM), None, "logged");
    // The client's libraries log, the emulator does not, and nothing panics.
    let own = entries.iter().filter(|own| own.sink == "panic" || own.target.contains("emulator"));
    assert_eq!(own.count(), 0, "{transcript}");
    // The positive control: the search finds a secret in unmasked data.
    let sent = requests.iter().map(|request| String::from_utf8_lossy(request.body()).into_owned());
    assert!(secrets::find(&sent.collect::<String>(), CLIENT_SECRET).is_some());
}

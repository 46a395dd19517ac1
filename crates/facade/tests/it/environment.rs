//! Settings from environment variables arrive in the requests.

use std::time::Duration;

use easemob_token::environment::Environment;
use easemob_token::{ClientBuilder, ErrorKind};

use crate::memory::{Memory, response};

fn from(settings: &'static [(&str, &str)]) -> ClientBuilder {
    let environment = Environment::from_fn(move |name| {
        let value = match name {
            "EASEMOB_BASE_URL" => "https://im.example",
            "EASEMOB_APP_KEY" => "org#app",
            "EASEMOB_CLIENT_ID" => "id",
            "EASEMOB_CLIENT_SECRET" => " secret\r\n",
            name => settings.iter().find(|(own, _)| *own == name)?.1,
        };
        Some(value.into())
    });
    ClientBuilder::from_environment(&environment).unwrap()
}

#[tokio::test]
async fn each_variable_has_its_effect() {
    let memory = Memory::responding([response(200, r#"{"access_token":"t","expires_in":60000}"#)]);
    let builder = from(&[
        ("EASEMOB_TTL", "1m"),
        ("EASEMOB_TTL_UNIT", "milliseconds"),
        ("EASEMOB_TIMEOUT", "3s"),
    ]);
    let client = builder.transport(memory.clone()).build().unwrap();
    client.app_token().await.unwrap();
    let sent = &memory.sent()[0];
    assert_eq!(
        (sent.uri.as_str(), sent.timeout),
        ("https://im.example/org/app/token", Duration::from_secs(3))
    );
    for member in [r#""client_id":"id""#, r#""client_secret":"secret""#, r#""ttl":60000"#] {
        assert!(sent.body.contains(member), "{member}");
    }
}

#[tokio::test]
async fn attempts_and_deadline_limit_the_retries() {
    let limits: [&[(&str, &str)]; 2] =
        [&[("EASEMOB_MAX_ATTEMPTS", "1")], &[("EASEMOB_DEADLINE", "500ms")]];
    for limit in limits {
        let memory = Memory::responding([response(503, "{}")]);
        let client = from(limit).transport(memory.clone()).build().unwrap();
        let error = client.app_token().await.unwrap_err();
        assert_eq!((error.kind(), memory.sent().len()), (ErrorKind::ServerError, 1), "{limit:?}");
    }
}

//! Grants: the request of each method, its token, its error.

use std::error::Error as _;
use std::time::Duration;

use easemob_token::transport::{TransportError, TransportErrorKind};
use easemob_token::{AppToken, Client, ErrorKind, Lifetime, Ttl};

use crate::memory::{Memory, builder, response};

const APP: &str = r#"{"access_token":"app-token","expires_in":5184000,"application":"uuid"}"#;
const USER: &str = r#"{"access_token":"user-token","expires_in":3600,"user":{"username":"c"}}"#;

#[tokio::test]
async fn an_app_token_is_one_request_without_authorization() {
    let memory = Memory::responding([response(200, APP)]);
    let client = builder(memory.clone()).app_token_ttl(Duration::from_secs(60)).build().unwrap();
    let token = client.app_token().await.unwrap();
    assert_eq!(token.access_token().expose(), "app-token");
    assert_eq!(token.application(), Some("uuid"));
    let [sent] = &memory.sent()[..] else { panic!("one request") };
    assert_eq!(sent.uri, "https://a1.easemob.com/org/app/token");
    assert!(sent.body.contains(r#""client_secret":"MARK-secret","ttl":60"#), "{}", sent.body);
    assert_eq!(sent.authorization, None);
    assert_eq!(sent.timeout, Duration::from_secs(10));
    assert_eq!(sent.max_response_bytes, 64 * 1024);
    assert!(!sent.plain_http_allowed);
}

#[tokio::test]
async fn an_app_token_is_fetched_once_and_shared_by_clones_and_user_tokens() {
    let memory = Memory::responding([response(200, APP), response(200, USER), response(200, USER)]);
    let client = builder(memory.clone()).build().unwrap();
    for client in [client.clone(), client.clone()] {
        let owned: AppToken = client.app_token().await.unwrap().clone();
        assert_eq!(owned.access_token().expose(), "app-token");
        client.user_token("c").await.unwrap();
    }
    assert_eq!(memory.sent().len(), 3);
}

#[tokio::test]
async fn a_user_token_fetches_the_app_token_that_it_needs() {
    let memory = Memory::responding([response(200, APP), response(200, USER)]);
    let client = builder(memory.clone()).build().unwrap();
    let token =
        client.user_token("C").auto_create_user(true).ttl(Ttl::Permanent).send().await.unwrap();
    assert_eq!(token.user().unwrap().username(), Some("c"));
    assert_eq!(token.lifetime(), Lifetime::Expires(Duration::from_secs(3600)));
    let [app, user] = &memory.sent()[..] else { panic!("two requests") };
    assert!(app.body.contains("client_credentials"));
    assert_eq!(
        user.body,
        r#"{"grant_type":"inherit","username":"C","autoCreateUser":true,"ttl":0}"#
    );
    assert_eq!(user.authorization.as_deref(), Some("Bearer app-token"));
}

#[tokio::test]
async fn a_password_is_sent_alone_or_with_an_app_token() {
    let memory = Memory::responding([response(200, USER)]);
    let client = builder(memory.clone()).build().unwrap();
    client.user_token_by_password("c", "pw").ttl(Duration::from_secs(9)).await.unwrap();
    let [sent] = &memory.sent()[..] else { panic!("one request") };
    assert_eq!(sent.body, r#"{"grant_type":"password","username":"c","password":"pw","ttl":9}"#);
    assert_eq!(sent.authorization, None);

    let memory = Memory::responding([response(200, APP), response(200, USER)]);
    let client = builder(memory.clone()).authorize_password().build().unwrap();
    client.user_token_by_password("c", "pw").await.unwrap();
    assert_eq!(memory.sent()[1].authorization.as_deref(), Some("Bearer app-token"));
}

#[tokio::test]
async fn only_passwords_need_no_client_credentials() {
    let memory = Memory::responding([response(200, USER)]);
    let client = Client::builder("https://a1.easemob.com", "org#app")
        .transport(memory.clone())
        .build()
        .unwrap();
    assert!(client.user_token_by_password("c", "pw").await.is_ok());
    for error in [client.app_token().await.unwrap_err(), client.user_token("c").await.unwrap_err()]
    {
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0));
        assert!(error.to_string().starts_with("client_credentials: missing"), "{error}");
    }
    assert_eq!(memory.sent().len(), 1);
}

#[tokio::test]
async fn an_empty_user_id_costs_no_request() {
    let memory = Memory::default();
    let client = builder(memory.clone()).build().unwrap();
    let errors = [
        client.user_token("").await.unwrap_err(),
        client.user_token_by_password("", "pw").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), "user ID: is empty");
    }
    assert!(memory.sent().is_empty());
}

#[tokio::test]
async fn a_refusal_is_typed_and_sent_once() {
    let body = r#"{"error":"invalid_grant","error_description":"invalid password MARK-pw"}"#;
    let memory = Memory::responding([response(400, body)]);
    let client = builder(memory.clone()).build().unwrap();
    let error = client.user_token_by_password("c", "MARK-pw").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPassword);
    assert_eq!((error.status(), error.code()), (Some(400), Some("invalid_grant")));
    assert_eq!(error.description(), Some("invalid password ***"));
    assert_eq!((error.is_retryable(), error.attempts()), (false, 1));
    assert!(!format!("{error} {error:?}").contains("MARK"));
    assert_eq!(memory.sent().len(), 1);
}

#[tokio::test]
async fn a_failed_app_token_ends_a_user_token() {
    let body = r#"{"error":"invalid_grant","error_description":"client_secret does not match"}"#;
    let memory = Memory::responding([response(400, body)]);
    let error = builder(memory.clone()).build().unwrap().user_token("c").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidClient);
    assert_eq!(memory.sent().len(), 1);
}

#[tokio::test]
async fn a_transport_failure_keeps_its_kind_and_its_cause() {
    let failure = TransportError::with_source(TransportErrorKind::Tls, "certificate expired");
    let memory = Memory::responding([Err(failure)]);
    let error = builder(memory.clone()).build().unwrap().app_token().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Tls, None));
    assert!(!error.is_retryable());
    assert_eq!(error.source().unwrap().to_string(), "certificate expired");
}

//! The shared app token: kept, renewed, refused, failed; over a transport in memory.

use easemob_token::transport::Transport;
use easemob_token::{Client, ClientBuilder, ErrorKind};

use crate::memory::{Memory, Outcome, answer};

fn app(token: &str, expires_in: u64) -> Outcome {
    answer(200, &format!(r#"{{"access_token":"{token}","expires_in":{expires_in}}}"#))
}

const USER: &str = r#"{"access_token":"user-token","expires_in":3600,"user":{"username":"c"}}"#;

pub(crate) fn builder(transport: impl Transport) -> ClientBuilder {
    Client::builder()
        .base_url("https://a1.easemob.com")
        .app_key("org#app")
        .client_credentials("id", "secret")
        .transport(transport)
}

#[tokio::test]
async fn it_is_fetched_once_and_shared_by_clones_and_user_tokens() {
    let memory = Memory::answering([app("a", 3600), answer(200, USER), answer(200, USER)]);
    let client = builder(memory.clone()).build().unwrap();
    for client in [client.clone(), client.clone()] {
        assert_eq!(client.app_token().await.unwrap().access_token().expose(), "a");
        client.user_token("c").await.unwrap();
    }
    assert_eq!(memory.sent().len(), 3);
}

#[tokio::test]
async fn one_of_unknown_lifetime_is_cached() {
    let memory = Memory::answering([answer(200, r#"{"access_token":"a"}"#), app("b", 3600)]);
    let client = builder(memory.clone()).build().unwrap();
    for _ in 0..3 {
        assert_eq!(client.app_token().await.unwrap().access_token().expose(), "a");
    }
    assert_eq!(memory.sent().len(), 1);
}

#[tokio::test]
async fn a_401_on_a_user_token_renews_the_app_token_once() {
    let refused = || answer(401, r#"{"error":"unauthorized"}"#);
    let memory = Memory::answering([app("a", 3600), refused(), app("b", 3600), answer(200, USER)]);
    let client = builder(memory.clone()).build().unwrap();
    client.user_token("c").await.unwrap();
    let sent: Vec<_> = memory.sent().into_iter().map(|sent| sent.authorization).collect();
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    assert_eq!(sent, [None, bearer("a"), None, bearer("b")]);

    let memory = Memory::answering([app("a", 3600), refused(), app("b", 3600), refused()]);
    let error = builder(memory.clone()).build().unwrap().user_token("c").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthorized, 2));
}

#[tokio::test]
async fn a_passing_failure_is_asked_again_and_the_attempts_are_counted() {
    let memory = Memory::answering([answer(503, ""), app("a", 3600)]);
    assert!(builder(memory).build().unwrap().app_token().await.is_ok());
    let memory = Memory::answering([answer(503, ""), answer(503, "")]);
    let client = builder(memory.clone()).max_attempts(2).build().unwrap();
    let error = client.app_token().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::ServerError, 2));
}

#[tokio::test]
async fn reports_of_every_token_cause_two_replacements_and_fail_no_call() {
    let memory = Memory::answering((0..20).map(|number| app(&number.to_string(), 3600)));
    let client = builder(memory.clone()).build().unwrap();
    for _ in 0..100 {
        let token = client.app_token().await.unwrap();
        client.invalidate_app_token(&token);
        // A replacement, if one has started, runs to its end.
        tokio::task::yield_now().await;
    }
    assert_eq!(client.app_token().await.unwrap().access_token().expose(), "2");
    assert_eq!(memory.sent().len(), 3);
}

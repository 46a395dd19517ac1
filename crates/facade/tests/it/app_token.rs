//! The shared app token: kept, renewed, refused, failed; over a transport in memory.

use std::time::Duration;

use easemob_token::transport::{
    Exchange, Runtime, Task, Transport, TransportError, TransportErrorKind, async_trait,
};
use easemob_token::{Client, ClientBuilder, ErrorKind};

use crate::memory::{Memory, Outcome, Tokio, answer};

fn app(token: &str, expires_in: u64) -> Outcome {
    answer(200, &format!(r#"{{"access_token":"{token}","expires_in":{expires_in}}}"#))
}

const USER: &str = r#"{"access_token":"user-token","expires_in":3600,"user":{"username":"c"}}"#;

fn builder(transport: impl Transport) -> ClientBuilder {
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
async fn one_of_unknown_lifetime_is_handed_out_and_not_kept() {
    let memory = Memory::answering([answer(200, r#"{"access_token":"a"}"#), app("b", 3600)]);
    let client = builder(memory.clone()).build().unwrap();
    assert_eq!(client.app_token().await.unwrap().access_token().expose(), "a");
    assert_eq!(client.app_token().await.unwrap().access_token().expose(), "b");
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
async fn a_reported_token_is_replaced_once_and_an_older_report_is_ignored() {
    let memory = Memory::answering([app("a", 3600), app("b", 3600)]);
    let client = builder(memory.clone()).build().unwrap();
    let first = client.app_token().await.unwrap();
    for _ in 0..1_000 {
        client.invalidate_app_token(&first);
    }
    let second = client.app_token().await.unwrap();
    client.invalidate_app_token(&first);
    assert_eq!(client.app_token().await.unwrap().access_token().expose(), "b");
    assert_eq!(second.access_token().expose(), "b");
    assert_eq!(memory.sent().len(), 2);
}

#[tokio::test]
async fn refused_credentials_are_remembered_and_not_hammered() {
    let body = r#"{"error":"invalid_grant","error_description":"client_id does not match"}"#;
    let memory = Memory::answering([answer(400, body)]);
    let client = builder(memory.clone()).build().unwrap();
    for _ in 0..100 {
        assert_eq!(client.app_token().await.unwrap_err().kind(), ErrorKind::InvalidClient);
    }
    assert_eq!(memory.sent().len(), 1);
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
async fn tokens_that_are_refused_as_they_are_made_are_asked_for_ten_times_a_minute_at_most() {
    let memory = Memory::answering((0..20).map(|_| app("a", 3600)));
    let client = builder(memory.clone()).build().unwrap();
    let mut last = Ok(());
    for _ in 0..100 {
        match client.app_token().await {
            Ok(token) => client.invalidate_app_token(&token),
            Err(error) => last = Err(error.kind()),
        }
    }
    assert_eq!(last, Err(ErrorKind::RateLimited));
    assert!(memory.sent().len() <= 10, "{}", memory.sent().len());
}

/// A transport that panics.
#[derive(Debug)]
struct Panics;

#[async_trait]
impl Transport for Panics {
    async fn send(&self, _: Exchange) -> Outcome {
        panic!("a defect of the transport")
    }

    fn runtime(&self) -> Option<std::sync::Arc<dyn Runtime>> {
        Some(std::sync::Arc::new(Tokio))
    }
}

/// A runtime that cannot run anything.
#[derive(Debug)]
struct Gone;

#[async_trait]
impl Runtime for Gone {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        drop(task);
        Err(TransportErrorKind::Internal.into())
    }

    async fn sleep(&self, _: Duration) {}
}

#[tokio::test]
async fn a_panicking_transport_and_a_runtime_that_is_gone_end_in_an_error_for_everybody() {
    for client in [
        builder(Panics).build().unwrap(),
        builder(Memory::default()).runtime(Gone).build().unwrap(),
    ] {
        let waiting: Vec<_> = (0..10)
            .map(|_| {
                tokio::spawn({
                    let client = client.clone();
                    async move { client.app_token().await }
                })
            })
            .collect();
        for caller in waiting {
            let error = tokio::time::timeout(Duration::from_secs(5), caller);
            let error = error.await.unwrap().unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal);
        }
    }
}

#[test]
fn a_runtime_that_ends_releases_those_who_wait_on_another() {
    #[derive(Debug)]
    struct Silent;

    #[async_trait]
    impl Transport for Silent {
        async fn send(&self, _: Exchange) -> Outcome {
            std::future::pending().await
        }

        fn runtime(&self) -> Option<std::sync::Arc<dyn Runtime>> {
            Some(std::sync::Arc::new(Tokio))
        }
    }

    let client = builder(Silent).build().unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    first.block_on(async {
        // The acquisition starts here, on this runtime; its caller gives up at once.
        let caller = tokio::time::timeout(Duration::from_millis(20), client.app_token());
        assert!(caller.await.is_err());
    });
    let waiting = std::thread::spawn({
        let client = client.clone();
        move || runtime().block_on(client.app_token())
    });
    drop(first);
    assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn a_transport_without_a_runtime_asks_for_one() {
    #[derive(Debug)]
    struct Bare;

    #[async_trait]
    impl Transport for Bare {
        async fn send(&self, _: Exchange) -> Outcome {
            answer(200, "{}")
        }
    }

    let error = builder(Bare).build().unwrap_err();
    assert!(error.to_string().starts_with("runtime: missing"), "{error}");
    assert!(builder(Bare).runtime(Tokio).build().is_ok());
}

//! The blocking client: every grant, one request for many threads, and an error where it may not wait.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use easemob_token::blocking::Client;
use easemob_token::transport::{Runtime, Task, TransportError, async_trait};
use easemob_token::{Error, ErrorKind};

use crate::app_token::builder;
use crate::calls::block_on;
use crate::memory::{Memory, Numbering, answer};
use crate::runtimes::{Gone, Panics};

/// A runtime for transports in memory: a thread for each task.
#[derive(Debug)]
struct Threads;

#[async_trait]
impl Runtime for Threads {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        thread::spawn(move || block_on(task));
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        easemob_token::transport::sleep(time).await;
    }
}

/// Nobody hangs: what comes of a call within a time that is long enough for anything.
fn in_time<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(call()));
    receiver.recv_timeout(Duration::from_secs(15)).expect("a call hangs")
}

/// What each method says that has to wait.
fn errors(client: &Client) -> [Error; 4] {
    [
        client.app_token().map(drop).unwrap_err(),
        client.authorize().map(drop).unwrap_err(),
        client.user_token("c").send().unwrap_err(),
        client.user_token_by_password("c", "1").send().unwrap_err(),
    ]
}

#[test]
fn row_49_a_panicking_transport_and_a_runtime_that_is_gone_are_errors_and_no_hang() {
    for client in [
        builder(Panics).runtime(Threads).build_blocking().unwrap(),
        builder(Panics).runtime(Threads).keep_user_tokens(9).build_blocking().unwrap(),
        builder(Memory::default()).runtime(Gone).build_blocking().unwrap(),
    ] {
        let callers: Vec<_> = (0..10)
            .map(|_| {
                let client = client.clone();
                thread::spawn(move || in_time(move || errors(&client)))
            })
            .collect();
        for caller in callers {
            for error in caller.join().unwrap() {
                assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
            }
        }
    }
}

#[test]
fn errors_and_input_are_those_of_the_async_client() {
    let refused = r#"{"error":"invalid_grant","error_description":"invalid password"}"#;
    let memory = Memory::answering([answer(400, refused)]);
    let client = builder(memory.clone()).runtime(Threads).build_blocking().unwrap();
    let error = client.user_token_by_password("c", "wrong").send().unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidPassword, 1));
    let error = client.user_token("").send().unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0));
    assert_eq!(memory.sent().len(), 1);
    assert_eq!(client.app_key().to_string(), "org#app");
    let request = client.user_token_by_password("c", "MARK-password");
    assert!(!format!("{client:?} {request:?}").contains("MARK"));
}

#[test]
fn kept_user_tokens_are_kept_and_reported() {
    let service = Numbering::default();
    let client = builder(service.clone()).runtime(Threads).keep_user_tokens(10);
    let client = client.build_blocking().unwrap();
    let token = client.user_token("c").send().unwrap();
    let again = client.user_token("C").send().unwrap();
    assert_eq!(token.access_token().expose(), again.access_token().expose());
    client.user_token("c").invalidate(&token);
    let new = client.user_token("c").send().unwrap();
    assert_ne!(token.access_token().expose(), new.access_token().expose());
    assert_eq!(service.asked_for("c"), 2);
}

#[cfg(any(feature = "hyper", feature = "isahc"))]
mod over_sockets {
    use std::error::Error as _;
    use std::sync::{Arc, Barrier};

    use easemob_token::transport::Transport;
    use easemob_token::{AppToken, Lifetime};
    use easemob_token_emulator::Emulator;
    use tokio::task::spawn_blocking;

    use super::*;
    use crate::end_to_end::client_of;

    async fn start(transport: impl Transport) -> (Emulator, Client) {
        let emulator = Emulator::start().await.unwrap();
        let client = client_of(&emulator, transport).build_blocking().unwrap();
        (emulator, client)
    }

    fn text(token: &AppToken) -> String {
        token.access_token().expose().to_owned()
    }

    async fn every_grant(transport: impl Transport) {
        let (emulator, client) = start(transport).await;
        let work = move || {
            let app = client.app_token().unwrap();
            assert_eq!(app.lifetime(), Lifetime::Expires(Duration::from_secs(5_184_000)));
            let hour = Duration::from_secs(3600);
            let alice = client.user_token("Alice").auto_create_user(true).ttl(hour).send().unwrap();
            assert_eq!(alice.user().unwrap().username(), Some("alice"));
            assert_eq!(alice.lifetime(), Lifetime::Expires(hour));
            let c = client.user_token_by_password("C", "1").ttl(hour).send().unwrap();
            assert_eq!(c.user().unwrap().username(), Some("c"));
            assert_eq!(c.lifetime(), Lifetime::Expires(hour));
            text(&client.app_token().unwrap()) == text(&app)
        };
        assert!(spawn_blocking(work).await.unwrap());
        assert_eq!(emulator.request_count(), 3);
    }

    async fn row_41_two_hundred_cold_threads_are_served_by_one_request(transport: impl Transport) {
        let (emulator, client) = start(transport).await;
        let hold = emulator.hold();
        let started = Arc::new(Barrier::new(201));
        let callers: Vec<_> = (0..200)
            .map(|_| {
                let (client, started) = (client.clone(), Arc::clone(&started));
                thread::spawn(move || {
                    started.wait();
                    text(&client.app_token().unwrap())
                })
            })
            .collect();
        spawn_blocking(move || started.wait()).await.unwrap();
        emulator.wait_for_requests(1).await;
        hold.release();
        let tokens = spawn_blocking(move || {
            let tokens = callers.into_iter().map(|caller| caller.join().unwrap());
            tokens.collect::<Vec<_>>()
        });
        let tokens = tokens.await.unwrap();
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        assert_eq!(emulator.request_count(), 1);
    }

    async fn within_a_task_it_is_an_error_that_says_so_and_nothing_is_sent(
        transport: impl Transport,
    ) {
        fn check(client: &Client) {
            for error in errors(client) {
                assert_eq!((error.kind(), error.attempts()), (ErrorKind::Internal, 0), "{error}");
                let cause = error.source().unwrap().to_string();
                assert!(cause.contains("inside an async runtime"), "{cause}");
                assert!(cause.contains("spawn_blocking"), "{cause}");
            }
        }
        let (emulator, client) = start(transport).await;
        // This runtime has many threads; a task of its own, and the one that it was started with.
        check(&client);
        let task = client.clone();
        tokio::spawn(async move { check(&task) }).await.unwrap();
        // One with this thread alone.
        let task = client.clone();
        let single = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async { check(&task) });
        });
        spawn_blocking(move || single.join().unwrap()).await.unwrap();
        assert_eq!(emulator.request_count(), 0);

        // A thread for blocking work may wait, and what is kept need not be waited for.
        let worker = client.clone();
        spawn_blocking(move || worker.app_token().map(drop)).await.unwrap().unwrap();
        client.app_token().unwrap();
        client.authorize().unwrap();
        assert_eq!(emulator.request_count(), 1);
    }

    async fn an_authorization_is_a_header_and_one_more_try(transport: impl Transport) {
        let (emulator, client) = start(transport).await;
        let emulator = Arc::new(emulator);
        let service = Arc::clone(&emulator);
        let work = move || {
            let mut authorization = client.authorize().unwrap();
            let first = text(authorization.app_token());
            assert!(authorization.header().is_sensitive());
            assert_eq!(authorization.header(), format!("Bearer {first}"));
            assert!(authorization.renew().unwrap());
            let second = text(authorization.app_token());
            assert_ne!(first, second);
            assert_eq!(authorization.header(), format!("Bearer {second}"));
            let hold = service.hold();
            assert!(!authorization.renew().unwrap());
            assert!(!format!("{authorization:?}").contains(&second));
            // The reported token stays in use until its replacement is there.
            let kept = client.app_token().unwrap();
            client.invalidate_app_token(&kept);
            assert_eq!(text(&client.app_token().unwrap()), second);
            let mut next = client.authorize().unwrap();
            hold.release();
            assert!(next.renew().unwrap());
            assert_ne!(text(next.app_token()), second);
            assert_eq!(text(&client.app_token().unwrap()), text(next.app_token()));
        };
        spawn_blocking(work).await.unwrap();
        assert_eq!(emulator.request_count(), 3);
    }

    async fn a_client_that_is_dropped_ends_neither_its_clones_nor_whoever_waits(
        transport: impl Transport,
    ) {
        let (emulator, client) = start(transport).await;
        let hold = emulator.hold();
        let waiting = client.clone();
        let waiting = spawn_blocking(move || {
            let result = waiting.app_token().map(|token| text(&token));
            drop(waiting);
            result
        });
        emulator.wait_for_requests(1).await;
        drop(client);
        hold.release();
        waiting.await.unwrap().unwrap();
        assert_eq!(emulator.request_count(), 1);
    }

    over_each_transport!(
        every_grant,
        row_41_two_hundred_cold_threads_are_served_by_one_request,
        within_a_task_it_is_an_error_that_says_so_and_nothing_is_sent,
        an_authorization_is_a_header_and_one_more_try,
        a_client_that_is_dropped_ends_neither_its_clones_nor_whoever_waits,
    );
}

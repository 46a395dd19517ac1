//! The blocking client: grants, shared acquisitions, errors inside an async runtime, leftovers.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use easemob_token::blocking::Client;
use easemob_token::transport::{Runtime, Task, TransportError, async_trait};
use easemob_token::{Error, ErrorKind};

use crate::driving::block_on;
use crate::memory::builder;
use crate::memory::{Memory, Numbering, response};
use crate::runtimes::{Gone, Panics};

/// A runtime for transports in memory, with a thread for each task.
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

/// Runs a call on another thread, and fails if it hangs.
fn in_time<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(call()));
    receiver.recv_timeout(Duration::from_secs(15)).expect("a call hangs")
}

/// The errors of all methods that wait.
fn errors(client: &Client) -> [Error; 4] {
    [
        client.app_token().map(drop).unwrap_err(),
        client.authorize().map(drop).unwrap_err(),
        client.user_token("c").send().unwrap_err(),
        client.user_token_by_password("c", "1").send().unwrap_err(),
    ]
}

#[test]
fn row_49_a_panic_of_the_transport_and_a_missing_runtime_are_errors() {
    for client in [
        builder(Panics).runtime(Threads).build_blocking().unwrap(),
        builder(Panics).runtime(Threads).cache_user_tokens(9).build_blocking().unwrap(),
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
    let memory = Memory::responding([response(400, refused)]);
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
fn user_tokens_are_cached_and_reported() {
    let service = Numbering::default();
    let client = builder(service.clone()).runtime(Threads).cache_user_tokens(10);
    let client = client.build_blocking().unwrap();
    let token = client.user_token("c").send().unwrap();
    let again = client.user_token("C").send().unwrap();
    assert_eq!(token.access_token().expose(), again.access_token().expose());
    client.invalidate_user_token(&token);
    let new = client.user_token("c").send().unwrap();
    assert_ne!(token.access_token().expose(), new.access_token().expose());
    assert_eq!(service.requests_for("c"), 2);
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
        let client = client_of(&emulator, transport).cache_user_tokens(10);
        (emulator, client.build_blocking().unwrap())
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
            let left = [c.remaining(), alice.clone().remaining()].map(Option::unwrap);
            assert!(left.iter().all(|left| (hour / 2..=hour).contains(left)), "{left:?}");
            text(&client.app_token().unwrap()) == text(&app)
        };
        assert!(spawn_blocking(work).await.unwrap());
        assert_eq!(emulator.request_count(), 3);
    }

    async fn row_41_two_hundred_threads_are_served_by_one_request(transport: impl Transport) {
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

    async fn inside_a_task_only_a_cached_token_is_returned(transport: impl Transport) {
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

        // A thread for blocking work may wait, and a cached token needs no waiting.
        let worker = client.clone();
        let tokens = spawn_blocking(move || {
            Ok::<_, Error>((worker.app_token()?.clone(), worker.user_token("c").send()?))
        });
        let (app, user) = tokens.await.unwrap().unwrap();
        // Nor does one that is being replaced.
        let hold = emulator.hold();
        client.invalidate_app_token(&app);
        assert_eq!(text(&client.app_token().unwrap()), text(&app));
        client.authorize().unwrap();
        let same = client.user_token("C").send().unwrap();
        assert_eq!(same.access_token().expose(), user.access_token().expose());
        emulator.wait_for_requests(3).await;
        hold.release();
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
            let cached = client.app_token().unwrap();
            client.invalidate_app_token(&cached);
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

    async fn dropping_a_client_stops_neither_its_clones_nor_waiters(transport: impl Transport) {
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

    /// The number of threads of this process.
    #[cfg(target_os = "linux")]
    fn threads() -> usize {
        std::fs::read_dir("/proc/self/task").unwrap().count()
    }

    #[cfg(target_os = "linux")]
    fn a_client_dropped_during_a_refresh_leaves_no_thread(transport: impl Transport) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let emulator = runtime.block_on(Emulator::start()).unwrap();
        let before = threads();
        let client = client_of(&emulator, transport).build_blocking().unwrap();
        let token = client.app_token().unwrap();
        let hold = emulator.hold();
        client.invalidate_app_token(&token);
        runtime.block_on(emulator.wait_for_requests(2));
        drop((client, token));
        assert!(threads() > before, "no refresh is running");
        hold.release();
        let start = std::time::Instant::now();
        while threads() > before {
            assert!(start.elapsed() < Duration::from_secs(10), "{} threads", threads());
            thread::yield_now();
        }
    }

    #[cfg(all(target_os = "linux", feature = "hyper"))]
    #[test]
    fn a_client_over_hyper_leaves_no_thread() {
        let name = "blocking::over_sockets::a_client_over_hyper_leaves_no_thread";
        if crate::subprocess::runs_in_subprocess(name) {
            let transport = easemob_token::hyper::HyperTransport::new();
            a_client_dropped_during_a_refresh_leaves_no_thread(transport);
        }
    }

    #[cfg(all(target_os = "linux", feature = "isahc"))]
    #[test]
    fn a_client_over_isahc_leaves_no_thread() {
        let name = "blocking::over_sockets::a_client_over_isahc_leaves_no_thread";
        if crate::subprocess::runs_in_subprocess(name) {
            let transport = easemob_token::isahc::IsahcTransport::new();
            a_client_dropped_during_a_refresh_leaves_no_thread(transport);
        }
    }

    over_each_transport!(
        every_grant,
        row_41_two_hundred_threads_are_served_by_one_request,
        inside_a_task_only_a_cached_token_is_returned,
        an_authorization_is_a_header_and_one_more_try,
        dropping_a_client_stops_neither_its_clones_nor_waiters,
    );
}

#[cfg(feature = "fleet")]
#[test]
fn blocking_clients_share_a_token_through_a_store() {
    use easemob_token::store::MemoryStore;

    let (service, store) = (Numbering::default(), MemoryStore::new());
    let client = || {
        let builder = builder(service.clone()).runtime(Threads).token_store(store.clone());
        builder.build_blocking().unwrap()
    };
    let text = |client: Client| in_time(move || client.app_token().unwrap().clone());
    let (one, other) = (text(client()), text(client()));
    assert_eq!(one.access_token().expose(), other.access_token().expose());
    assert_eq!(service.received().len(), 1);
}

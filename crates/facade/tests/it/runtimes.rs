//! A transport that panics, a runtime that ends: rows 49 and 55 of the fault table.

use std::sync::Arc;
use std::time::Duration;

use easemob_token::ErrorKind;
use easemob_token::transport::{
    Exchange, Runtime, Task, Transport, TransportError, TransportErrorKind, async_trait,
};

use crate::driving::in_time;
use crate::memory::builder;
use crate::memory::{Memory, Outcome, Tokio, response};

/// A transport that panics.
#[derive(Debug)]
pub(crate) struct Panics;

#[async_trait]
impl Transport for Panics {
    async fn send(&self, _: Exchange) -> Outcome {
        panic!("a fault of the transport")
    }

    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        Some(Arc::new(Tokio))
    }
}

/// A runtime that spawns nothing.
#[derive(Debug)]
pub(crate) struct Gone;

#[async_trait]
impl Runtime for Gone {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        drop(task);
        Err(TransportErrorKind::Internal.into())
    }

    async fn sleep(&self, _: Duration) {}
}

#[tokio::test]
async fn row_49_a_panic_of_the_transport_and_a_missing_runtime_are_errors() {
    for (client, sent) in [
        (builder(Panics), 1),
        (builder(Panics).cache_user_tokens(10), 1),
        (builder(Memory::default()).runtime(Gone), 0),
        (builder(Memory::default()).runtime(Gone).cache_user_tokens(10), 0),
    ] {
        let client = client.build().unwrap();
        let waiting: Vec<_> = (0..10)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move {
                    let app = client.app_token().await.unwrap_err();
                    assert_eq!(app.attempts(), sent);
                    let user = client.user_token("c").await.unwrap_err();
                    let by_password = client.user_token_by_password("c", "1").await.unwrap_err();
                    [app, user, by_password]
                })
            })
            .collect();
        for caller in waiting {
            for error in in_time(caller).await.unwrap() {
                assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
            }
        }
    }
}

#[test]
fn a_transport_without_a_runtime_asks_for_one() {
    #[derive(Debug)]
    struct Bare;

    #[async_trait]
    impl Transport for Bare {
        async fn send(&self, _: Exchange) -> Outcome {
            response(200, "{}")
        }
    }

    let error = builder(Bare).build().unwrap_err();
    assert!(error.to_string().starts_with("runtime: missing"), "{error}");
    assert!(builder(Bare).runtime(Tokio).build().is_ok());
}

#[cfg(any(feature = "hyper", feature = "isahc"))]
mod over_sockets {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::thread;

    use easemob_token::Client;
    use easemob_token_emulator::Emulator;
    use tokio::runtime::Builder;

    use super::*;
    use crate::driving::{begin, block_on};
    use crate::end_to_end::client_of;

    fn runtime() -> tokio::runtime::Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    /// An emulator on its own runtime.
    struct Service {
        _runtime: tokio::runtime::Runtime,
        emulator: Emulator,
    }

    impl Service {
        fn start() -> Self {
            let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
            let runtime = runtime.unwrap();
            let emulator = runtime.block_on(Emulator::start()).unwrap();
            Self { _runtime: runtime, emulator }
        }

        fn client(&self, transport: impl Transport) -> Client {
            client_of(&self.emulator, transport).build().unwrap()
        }
    }

    /// Starts an acquisition on one runtime, waits for it on another, ends the first runtime, and then
    /// does something else. Returns the waiter's result.
    fn outlived(
        client: &Client,
        is_under_way: impl Future<Output = ()>,
        then: impl FnOnce(),
    ) -> Result<(), ErrorKind> {
        let first = runtime();
        first.block_on(async {
            let mut call = pin!(client.app_token());
            begin(call.as_mut()).await;
            in_time(is_under_way).await;
        });
        let (waits, is_waiting) = mpsc::channel();
        let waiting = thread::spawn({
            let client = client.clone();
            move || {
                runtime().block_on(async {
                    let mut call = pin!(client.app_token());
                    begin(call.as_mut()).await;
                    waits.send(()).unwrap();
                    in_time(call).await.map(drop).map_err(|error| error.kind())
                })
            }
        });
        is_waiting.recv().unwrap();
        drop(first);
        then();
        waiting.join().unwrap()
    }

    fn each_runtime_in_its_turn(transport: impl Transport) {
        let service = Service::start();
        let client = service.client(transport);
        for _ in 0..3 {
            let runtime = runtime();
            runtime.block_on(client.app_token()).unwrap();
            let user = client.user_token_by_password("c", "1").into_future();
            runtime.block_on(in_time(user)).unwrap();
        }
        assert_eq!(service.emulator.request_count(), 4);
    }

    #[cfg(feature = "hyper")]
    #[test]
    fn row_55_hyper_sends_again_on_the_runtime_of_a_waiter() {
        let service = Service::start();
        let client = service.client(easemob_token::hyper::HyperTransport::new());
        let hold = service.emulator.hold();
        let is_under_way = service.emulator.wait_for_requests(1);
        assert_eq!(outlived(&client, is_under_way, || hold.release()), Ok(()));
        assert_eq!(service.emulator.request_count(), 2);
    }

    #[cfg(feature = "isahc")]
    #[test]
    fn row_55_isahc_is_independent_of_the_runtime_that_ends() {
        let service = Service::start();
        let client = service.client(easemob_token::isahc::IsahcTransport::new());
        let hold = service.emulator.hold();
        let is_under_way = service.emulator.wait_for_requests(1);
        assert_eq!(outlived(&client, is_under_way, || hold.release()), Ok(()));
        assert_eq!(service.emulator.request_count(), 1);
    }

    #[cfg(feature = "hyper")]
    #[test]
    fn row_49_hyper_on_a_wrong_runtime_is_an_error_that_no_other_caller_gets() {
        let service = Service::start();
        let hyper = easemob_token::hyper::HyperTransport::new();
        let client = client_of(&service.emulator, hyper).cache_user_tokens(9).build().unwrap();
        let ended = runtime();
        let after_its_end = ended.handle().clone();
        ended.shutdown_background();
        let no_io = Builder::new_current_thread().enable_time().build().unwrap();
        let no_time = Builder::new_current_thread().enable_io().build().unwrap();
        // More often than a token may be requested at once.
        for _ in 0..5 {
            for (handle, part) in [
                (None, "no tokio runtime on this thread"),
                (Some(no_io.handle()), "no I/O driver"),
                (Some(no_time.handle()), "no time driver"),
                (Some(&after_its_end), "shutting down"),
            ] {
                let _context = handle.map(|handle| handle.enter());
                for error in [
                    block_on(client.app_token()).map(drop).unwrap_err(),
                    block_on(client.user_token("c").into_future()).unwrap_err(),
                ] {
                    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Internal, 0));
                    let cause = std::error::Error::source(&error).unwrap().to_string();
                    assert!(cause.contains(part), "{cause}");
                }
                let password = client.user_token_by_password("c", "1").into_future();
                assert_eq!(block_on(password).unwrap_err().kind(), ErrorKind::Internal);
            }
        }
        assert_eq!(service.emulator.request_count(), 0);
        runtime().block_on(client.user_token("c").into_future()).unwrap();
        assert_eq!(service.emulator.request_count(), 2);
    }

    #[cfg(feature = "isahc")]
    #[test]
    fn row_49_isahc_needs_no_runtime() {
        let service = Service::start();
        let client = service.client(easemob_token::isahc::IsahcTransport::new());
        block_on(client.app_token()).unwrap();
        block_on(client.user_token("c").into_future()).unwrap();
        block_on(client.user_token_by_password("c", "1").into_future()).unwrap();
        assert_eq!(service.emulator.request_count(), 3);
    }

    #[cfg(feature = "hyper")]
    #[test]
    fn row_49_hyper_serves_one_runtime_after_another() {
        each_runtime_in_its_turn(easemob_token::hyper::HyperTransport::new());
    }

    #[cfg(feature = "isahc")]
    #[test]
    fn row_49_isahc_serves_one_runtime_after_another() {
        each_runtime_in_its_turn(easemob_token::isahc::IsahcTransport::new());
    }
}

//! A fork during an acquisition (row 61 of the fault table), and one before the first use.
//!
//! Only the thread that forks exists in the child. So each test runs in its own process, and its
//! child ends without returning to the test harness.

use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use easemob_token::transport::Transport;
use easemob_token::{ClientBuilder, Error, ErrorKind, blocking};
use easemob_token_emulator::Emulator;
use fork::Fork;
use tokio::runtime::{Builder, Runtime};

use crate::driving::{begin, in_time};
use crate::end_to_end::client_of;
use crate::subprocess::runs_in_subprocess;

const DEADLINE: Duration = Duration::from_secs(5);

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Forks and makes these calls in the child, which must fail in time.
fn in_a_child(calls: impl FnOnce() -> Vec<Error> + Send + 'static) {
    run_in_a_child(move || {
        for error in calls() {
            assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
        }
    });
}

/// Forks and runs this in the child, which must end in time.
fn run_in_a_child(run: impl FnOnce() + Send + 'static) {
    match fork::fork().unwrap() {
        Fork::Parent(child) => {
            let status = fork::waitpid(child).unwrap();
            assert_eq!(status, 0, "the child hangs, or its panic stands above");
        }
        Fork::Child => {
            let (sender, end) = mpsc::channel();
            thread::spawn(move || {
                run();
                sender.send(()).unwrap();
            });
            process::exit(i32::from(end.recv_timeout(DEADLINE).is_err()));
        }
    }
}

fn forks_in_mid_acquisition(transport: impl Transport, keep: bool) {
    let (services, callers) = (runtime(), runtime());
    let emulator = services.block_on(Emulator::start()).unwrap();
    let client = with_settings(&emulator, transport, keep).build().unwrap();
    let hold = emulator.hold();
    let mut call = Box::pin(client.app_token());
    callers.block_on(async {
        begin(call.as_mut()).await;
        in_time(emulator.wait_for_requests(1)).await;
    });
    let in_child = client.clone();
    in_a_child(move || {
        let errors = runtime().block_on(async {
            vec![
                in_child.app_token().await.map(drop).unwrap_err(),
                in_child.authorize().await.map(drop).unwrap_err(),
                in_child.user_token("c").await.unwrap_err(),
                in_child.user_token_by_password("c", "1").await.unwrap_err(),
            ]
        });
        drop(in_child);
        errors
    });
    hold.release();
    callers.block_on(in_time(call)).unwrap();
    assert_eq!(emulator.request_count(), 1);
}

/// A daemon forks between building a client and using it.
fn forks_before_the_first_use(transport: impl Transport, keep: bool) {
    let services = runtime();
    let emulator = services.block_on(Emulator::start()).unwrap();
    let client = with_settings(&emulator, transport, keep).build().unwrap();
    run_in_a_child(move || {
        runtime().block_on(async {
            for _ in 0..2 {
                client.app_token().await.unwrap();
                client.user_token("c").await.unwrap();
            }
            drop(client);
        });
    });
    assert_eq!(emulator.request_count(), if keep { 2 } else { 3 });
}

fn forks_while_a_thread_waits(transport: impl Transport, keep: bool) {
    let services = runtime();
    let emulator = services.block_on(Emulator::start()).unwrap();
    let client = with_settings(&emulator, transport, keep).build_blocking().unwrap();
    let hold = emulator.hold();
    let waiting = client.clone();
    let waiting = thread::spawn(move || waiting.app_token().map(drop));
    services.block_on(in_time(emulator.wait_for_requests(1)));
    let in_child = client.clone();
    in_a_child(move || {
        let errors = blocking_errors(&in_child);
        drop(in_child);
        errors
    });
    hold.release();
    waiting.join().unwrap().unwrap();
    assert_eq!(emulator.request_count(), 1);
}

fn blocking_errors(client: &blocking::Client) -> Vec<Error> {
    vec![
        client.app_token().map(drop).unwrap_err(),
        client.authorize().map(drop).unwrap_err(),
        client.user_token("c").send().unwrap_err(),
        client.user_token_by_password("c", "1").send().unwrap_err(),
    ]
}

fn with_settings(emulator: &Emulator, transport: impl Transport, keep: bool) -> ClientBuilder {
    let builder = client_of(emulator, transport).acquisition_deadline(DEADLINE);
    if keep { builder.cache_user_tokens(10) } else { builder }
}

/// Defines a test that runs in its own process, with and without cached user tokens.
macro_rules! in_its_own_process {
    ($($test:ident: $feature:literal, $fork:ident, $transport:expr;)+) => {$(
        #[cfg(feature = $feature)]
        #[test]
        fn $test() {
            if runs_in_subprocess(concat!("fork::", stringify!($test))) {
                for keep in [false, true] {
                    $fork($transport, keep);
                }
            }
        }
    )+};
}

in_its_own_process! {
    row_61_over_hyper:
        "hyper", forks_in_mid_acquisition, easemob_token::hyper::HyperTransport::new();
    row_61_over_isahc:
        "isahc", forks_in_mid_acquisition, easemob_token::isahc::IsahcTransport::new();
    before_the_first_use_over_hyper:
        "hyper", forks_before_the_first_use, easemob_token::hyper::HyperTransport::new();
    before_the_first_use_over_isahc:
        "isahc", forks_before_the_first_use, easemob_token::isahc::IsahcTransport::new();
    row_61_blocking_over_hyper:
        "hyper", forks_while_a_thread_waits, easemob_token::hyper::HyperTransport::new();
    row_61_blocking_over_isahc:
        "isahc", forks_while_a_thread_waits, easemob_token::isahc::IsahcTransport::new();
}

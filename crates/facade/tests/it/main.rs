//! Tests of the client through its public API, over a transport in memory and over every transport
//! compiled in.
//!
//! The number in the name of a test is its row in the project's table of faults.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

/// Runs each of these tests, written once for any transport, over every transport compiled in.
#[cfg(any(feature = "hyper", feature = "isahc"))]
macro_rules! over_each_transport {
    ($($behaviour:ident),+ $(,)?) => {
        #[cfg(feature = "hyper")]
        mod over_hyper {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(easemob_token::hyper::HyperTransport::new()).await;
            })+
        }

        #[cfg(feature = "isahc")]
        mod over_isahc {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(easemob_token::isahc::IsahcTransport::new()).await;
            })+
        }
    };
}

#[cfg(feature = "hyper")]
mod abandoned;
#[cfg(feature = "blocking")]
mod blocking;
mod cached_users;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod cancellation;
#[cfg(all(feature = "hyper", feature = "test-util"))]
mod credentials;
mod driving;
#[cfg(feature = "dynamic")]
mod dynamic;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod end_to_end;
mod events;
#[cfg(all(unix, feature = "blocking", any(feature = "hyper", feature = "isahc")))]
mod fork;
mod grants;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod many_callers;
mod memory;
#[cfg(all(feature = "hyper", feature = "isahc"))]
mod providers;
mod rate_limit;
mod recorder;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod refusals;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod refused_tokens;
mod runtimes;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod server_errors;
mod settings;
#[cfg(any(
    all(feature = "hyper", feature = "isahc"),
    all(unix, feature = "blocking", any(feature = "hyper", feature = "isahc")),
))]
mod subprocess;
#[cfg(all(feature = "hyper", feature = "test-util"))]
mod test_clock;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod units;
#[cfg(feature = "hyper")]
mod warnings;

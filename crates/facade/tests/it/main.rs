//! The client seen by its users: settings, grants, errors, the life of a token; over a transport in
//! memory and over every transport compiled in.
//!
//! The number in the name of a test is that of its row in the project's table of faults.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

/// Runs each of these behaviours, written once for any transport, over every transport compiled in.
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

mod app_token;
#[cfg(feature = "blocking")]
mod blocking;
mod calls;
#[cfg(feature = "dynamic")]
mod dynamic;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod end_to_end;
mod events;
#[cfg(all(unix, feature = "blocking", any(feature = "hyper", feature = "isahc")))]
mod fork;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod giving_up;
mod grants;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod herd;
mod kept_users;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod left_alone;
mod memory;
mod pacing;
#[cfg(all(feature = "hyper", feature = "isahc"))]
mod providers;
mod recorder;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod refusals;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod refused_tokens;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod revoked_tokens;
mod runtimes;
mod settings;
#[cfg(any(
    all(feature = "hyper", feature = "isahc"),
    all(unix, feature = "blocking", any(feature = "hyper", feature = "isahc")),
))]
mod subprocess;
#[cfg(feature = "hyper")]
mod taking_over;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod trouble;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod units;
#[cfg(feature = "hyper")]
mod unsolicited;

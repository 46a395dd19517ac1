//! Both adapters behind nginx, which terminates TLS and forwards requests to the emulator.
//!
//! A real gateway closes connections. That fails no more calls than the contract allows, and no call
//! is sent twice.
//!
//! `cargo xtask ci servers` runs this; by hand:
//! `cargo test -p easemob-token-end-to-end --test nginx`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "measurements are printed with the result")]

mod calls;
mod gateway;
mod keep_alive;
mod nginx;
mod reload;

/// Makes one test per adapter of each function.
macro_rules! over_both_adapters {
    ($($behaviour:ident),+ $(,)?) => {
        mod hyper {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    super::$behaviour(&easemob_token_end_to_end::HYPER).await;
                }
            )+
        }
        mod isahc {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    super::$behaviour(&easemob_token_end_to_end::ISAHC).await;
                }
            )+
        }
    };
}
pub(crate) use over_both_adapters;

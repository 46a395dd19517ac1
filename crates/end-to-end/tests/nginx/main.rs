//! Both adapters behind nginx, which ends TLS and passes on to the emulator: what a real gateway
//! does to connections costs no call more than the contract allows, and never sends one twice.
//!
//! `cargo xtask ci servers` runs this, with nginx; by hand:
//! `cargo test -p easemob-token-end-to-end --test nginx`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "what was measured is shown with the result")]

mod adapters;
mod calls;
mod gateway;
mod keep_alive;
mod nginx;
mod reload;

/// Makes one test for each adapter of a behaviour that is written once.
macro_rules! over_both_adapters {
    ($($behaviour:ident),+ $(,)?) => {
        mod hyper {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    super::$behaviour(&crate::adapters::HYPER).await;
                }
            )+
        }
        mod isahc {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    super::$behaviour(&crate::adapters::ISAHC).await;
                }
            )+
        }
    };
}
pub(crate) use over_both_adapters;

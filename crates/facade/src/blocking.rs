//! The client for programs without an async runtime: the same methods, and they wait.
//!
//! It drives the same machinery as [`crate::Client`], on a runtime that the transport brings:
//! isahc needs none and takes a thread for each task; hyper gets a small tokio runtime on one
//! thread, which ends with the client.
//!
//! ```no_run
//! # #[cfg(feature = "hyper")]
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use easemob_token::{Client, hyper::HyperTransport};
//!
//! let client = Client::builder()
//!     .base_url("https://a1.easemob.com")
//!     .app_key("easemob-demo#testapp")
//!     .client_credentials(std::env::var("CLIENT_ID")?, std::env::var("CLIENT_SECRET")?)
//!     .transport(HyperTransport::new())
//!     .build_blocking()?;
//! let token = client.user_token("alice").auto_create_user(true).send()?;
//! println!("alice logs in with {}", token.access_token().expose());
//! # Ok(()) }
//! ```
//!
//! # Not inside an async runtime
//!
//! A thread that waits drives nothing else, and a runtime of one thread would wait for itself. So a
//! call that would have to wait, on a thread that polls a task of tokio's, is an
//! [`Internal`](crate::ErrorKind::Internal) error that says so. On a thread for blocking work
//! (`spawn_blocking`) it is welcome. Other executors leave no trace by which to know them.

mod authorization;
mod client;
mod request;
mod wait;

pub use self::authorization::Authorization;
pub use self::client::Client;
pub use self::request::{PasswordTokenRequest, UserTokenRequest};

//! The client for programs without an async runtime: the same methods, which block.
//!
//! The work is done by a [`crate::Client`] on a runtime that the transport brings: isahc needs none
//! and uses a thread for each task; hyper gets a tokio runtime on one thread, which ends with the
//! client.
//!
//! ```no_run
//! # #[cfg(feature = "hyper")]
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use easemob_token::{Client, hyper::HyperTransport};
//!
//! let client = Client::builder("https://a1.easemob.com", "easemob-demo#testapp")
//!     .client_credentials(std::env::var("CLIENT_ID")?, std::env::var("CLIENT_SECRET")?)
//!     .transport(HyperTransport::new())
//!     .build_blocking()?;
//! let token = client.user_token("alice").auto_create_user(true).send()?;
//! println!("alice logs in with {}", token.access_token().expose());
//! # Ok(()) }
//! ```
//!
//! # Async runtimes
//!
//! A blocked thread drives no other task, and a runtime with one thread would wait for itself. So a
//! call that would have to wait inside a task of tokio fails with
//! [`Internal`](crate::ErrorKind::Internal) instead. On a thread for blocking work
//! (`tokio::task::spawn_blocking`) it works. Other async runtimes cannot be recognized.

mod authorization;
mod client;
mod request;
mod wait;

pub use self::authorization::Authorization;
pub use self::client::Client;
pub use self::request::{PasswordTokenRequest, UserTokenRequest};

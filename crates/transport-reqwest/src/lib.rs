//! The transport port of `easemob-token` over reqwest, for applications that have tuned one already.
//!
//! Give it your [`reqwest::ClientBuilder`], with your TLS, your certificates, your resolver:
//!
//! ```
//! use easemob_token_transport_reqwest::ReqwestTransport;
//!
//! let tuned = reqwest::Client::builder().tcp_keepalive(None);
//! let transport = ReqwestTransport::builder(tuned).build()?;
//! # Ok::<(), easemob_token_transport::ConfigError>(())
//! ```
//!
//! The transport changes what the contract of
//! [`Transport`](easemob_token_transport::Transport) requires, whatever was set before:
//!
//! | setting of reqwest | value | since otherwise |
//! |---|---|---|
//! | redirects | none | the secrets in a request go to the address that the service names |
//! | retries | none | a request could be sent twice |
//! | decompression | off | a response of a kilobyte can fill the memory |
//! | `Referer` | off | |
//! | protocol | HTTP/1.1 | the bounds of a response are those of HTTP/1.1 |
//! | proxies | none, or that of [`proxy`](ReqwestTransportBuilder::proxy) | reqwest reads the environment by itself |
//! | resolver | yours, except for `localhost` and names below it | plain `http://` is permitted to them |
//! | connections | not reused, unless [`reuse_connections`](ReqwestTransportBuilder::reuse_connections) | an unsolicited response could be taken for that of the next request |
//! | connect timeout | 3 s, or that of [`connect_timeout`](ReqwestTransportBuilder::connect_timeout) | reqwest has none |
//!
//! Everything else stays as you set it. In particular:
//!
//! - **TLS** is that of your builder and of reqwest's features. If certificates are not verified there
//!   (`danger_accept_invalid_certs`), they are not verified here.
//! - **Default headers** of your builder are sent with each request. reqwest itself adds
//!   `Accept: */*` to a request without this field.
//! - **A total timeout** of your builder applies beside that of the exchange; the shorter one counts.
//! - **Logs.** reqwest logs hosts and connections, and with `connection_verbose(true)` every byte,
//!   secrets included: this adapter cannot see or undo that setting.
//!
//! Where reqwest leaves no choice, the adapter differs from the contract; the list is in
//! `tests/conformance/harness.rs` and on the project's page about transports.

mod builder;
mod resolver;
mod transport;

pub use builder::ReqwestTransportBuilder;
pub use transport::ReqwestTransport;

/// The library whose types this crate's methods take, in the version that fits.
pub use reqwest;

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

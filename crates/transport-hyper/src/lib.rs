//! The transport port of `easemob-token` over hyper and rustls, for applications that run on tokio.
//!
//! [`HyperTransport`] fulfils the whole contract of
//! [`Transport`](easemob_token_transport::Transport) over HTTP/1.1. Beyond the contract:
//!
//! - **Runtime.** Call it inside a tokio runtime with its time and I/O drivers on (`enable_all`).
//!   Anywhere else a call fails with an
//!   [`Internal`](easemob_token_transport::TransportErrorKind::Internal) error whose cause names what
//!   is missing. If that is a driver, tokio panics and the panic is caught, so the process's panic hook
//!   runs, and a program built with `panic = "abort"` ends. A blocking client runs it on a small tokio
//!   runtime of its own, on one thread.
//! - **Connections** are reused for a while, only by the runtime that opened them. A connection that
//!   died, received an unsolicited byte, or is from before the machine was suspended is not used again,
//!   and costs no pause. Reuse has one limitation, described on
//!   [`reuse_connections`](HyperTransportBuilder::reuse_connections), which turns it off. An
//!   exchange that requires a fresh connection gets one that carries no other exchange.
//! - **Many exchanges at once.** Beyond
//!   [`max_concurrent_exchanges`](HyperTransportBuilder::max_concurrent_exchanges) they wait for
//!   their turn.
//! - **TLS** is 1.2 or 1.3 by rustls, with *ring* unless another provider is given; the process's
//!   default provider is neither read nor set. The system's root certificates are loaded when the
//!   first TLS connection is made, with the rules of `rustls-native-certs`, which honours
//!   `SSL_CERT_FILE` and `SSL_CERT_DIR`; [`roots_pem`](HyperTransportBuilder::roots_pem) replaces
//!   them, and so does `bundled_roots`, a method that the feature `bundled-roots` adds. A server
//!   that asks for a certificate is shown that of
//!   [`client_certificate_pem`](HyperTransportBuilder::client_certificate_pem). If it refuses the
//!   certificate, the exchange fails as `Connect` under TLS 1.2, and as
//!   [`Interrupted`](easemob_token_transport::TransportErrorKind::Interrupted) under TLS 1.3, where the
//!   client may send before the server has checked.
//! - **Proxies.** None unless set, `CONNECT` only, `http://` or `https://`; the rules are those of
//!   [`Proxy`](easemob_token_transport::Proxy).
//! - **Fork.** A transport that was used before a fork fails with `Internal` in the child; one that
//!   was only built works there.
//! - **Name look-up** is the system's, on threads of the transport, since it cannot be cancelled. No
//!   exchange and no runtime that ends waits for a silent name server. Calls share the look-ups of a
//!   name, of which at most eight are under way. `localhost` and names below `.localhost` are not
//!   looked up: they are `127.0.0.1` and `::1`.
//! - **Logs.** This crate logs nothing. `hyper-util` logs the scheme, host and port of its
//!   connections to `tracing` at DEBUG and TRACE, and rustls logs handshakes to `log` if another
//!   crate turns on its feature `logging`. hyper itself logs only in builds with
//!   `hyper_unstable_tracing`. None of them shows a header's value, a query or a body.
//!
//! ```no_run
//! use easemob_token_transport::{Exchange, Transport};
//! use easemob_token_transport_hyper::HyperTransport;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = HyperTransport::new();
//! let request = http::Request::post("https://a1.easemob.com/org/app/token").body("{}")?;
//! let response = transport.send(Exchange::new(request)).await?;
//! println!("{}", response.status());
//! # Ok(())
//! # }
//! ```

// docs.rs then shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod builder;
mod certificate_advice;
mod classify;
mod client;
mod connection_state;
mod connector;
mod identity;
mod pace;
mod pool;
mod records;
mod resolver;
mod roots;
mod tls;
mod transport;
mod tunnel;
mod verifier;
mod wire;

pub use builder::HyperTransportBuilder;
pub use certificate_advice::handshake_advice;
pub use easemob_token_transport::TokioRuntime;
pub use transport::HyperTransport;

/// The libraries whose types this crate's methods take, in the versions that fit.
pub mod reexports {
    pub use {bytes, http_body_util, hyper_util, rustls};
}

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

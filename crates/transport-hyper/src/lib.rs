//! The port of `easemob-token` over hyper and rustls, for applications that run on tokio.
//!
//! [`HyperTransport`] keeps the whole contract of [`Transport`](easemob_token_transport::Transport)
//! over HTTP/1.1. Beyond it:
//!
//! - **Runtime.** It is called inside a tokio runtime with its time and I/O drivers on
//!   (`enable_all`); anywhere else the answer is an
//!   [`Internal`](easemob_token_transport::TransportErrorKind::Internal) error. Where a driver is
//!   missing, tokio panics and the panic is caught, so the process's panic hook sees it, and a
//!   program built with `panic = "abort"` ends there.
//!   A blocking client runs it on a small tokio runtime of its own, on one thread.
//! - **Connections** are reused for a while, by the runtime that opened them only. One that
//!   received a byte that nobody asked for is not used again; what that cannot cover is written on
//!   [`reuse_connections`](HyperTransportBuilder::reuse_connections), which turns reuse off. An
//!   exchange that asks for a fresh connection gets one that nobody else uses, before or after.
//! - **Many exchanges at once** wait for their turn beyond
//!   [`max_concurrent_exchanges`](HyperTransportBuilder::max_concurrent_exchanges).
//! - **TLS** is 1.2 or 1.3 by rustls, with *ring* unless another provider is given; the process's
//!   default provider is neither read nor set. The system's root certificates are loaded when the
//!   first TLS connection is made, with the rules of `rustls-native-certs`, which honours
//!   `SSL_CERT_FILE` and `SSL_CERT_DIR`; [`roots_pem`](HyperTransportBuilder::roots_pem) replaces
//!   them, and so does `bundled_roots`, a method that the feature `bundled-roots` adds. A server
//!   that asks for a certificate is shown that of
//!   [`client_certificate_pem`](HyperTransportBuilder::client_certificate_pem). One that then
//!   refuses us is `Connect` under TLS 1.2, and
//!   [`Interrupted`](easemob_token_transport::TransportErrorKind::Interrupted) under TLS 1.3, where the
//!   client may send before the server has looked.
//! - **Proxies.** None unless set, `CONNECT` only, `http://` or `https://`; the rules are those of
//!   [`Proxy`](easemob_token_transport::Proxy).
//! - **Fork.** A transport that was used before a fork answers `Internal` in the child; one that
//!   was only built works there.
//! - **Name look-up** is the system's and runs on tokio's blocking threads; one that is given up
//!   ends there in its own time. `localhost` and names below `.localhost` are not looked up: they
//!   are `127.0.0.1` and `::1`.
//! - **Logs.** Nothing here logs. `hyper-util` tells `tracing` the scheme, host and port of its
//!   connections at DEBUG and TRACE, and rustls, if another crate turns its `logging` feature on,
//!   tells `log` about handshakes. hyper itself logs only in builds with `hyper_unstable_tracing`.
//!   None of them shows a header's value, a query or a body.
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

mod body;
mod builder;
mod classify;
mod client;
mod connection_state;
mod connector;
mod context;
mod identity;
mod pace;
mod resolver;
mod roots;
mod runtime;
mod tls;
mod transport;
mod turn;
mod wire;

pub use builder::HyperTransportBuilder;
pub use runtime::TokioRuntime;
pub use transport::HyperTransport;

/// The libraries whose types this crate's methods take, in the versions that fit.
pub mod reexports {
    pub use {bytes, http_body_util, hyper_util, rustls};
}

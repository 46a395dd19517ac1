//! The transport port of `easemob-token` over [isahc], which is libcurl behind futures.
//!
//! [`IsahcTransport`] works on any executor and needs no runtime: the connections are served by threads
//! of its own, which never make a caller wait, and which end a second after the last exchange. It
//! speaks HTTP/1.1 only. TLS is rustls, compiled in, so the build needs a C compiler, but neither the
//! system's libcurl nor OpenSSL. (isahc compiles with one TLS library: a crate that turns on its
//! feature `native-tls` cannot be in the same build.)
//!
//! The contract is described on [`Transport`]. This page describes how isahc and curl differ.
//!
//! # Requests
//!
//! A request is sent as given, on a connection of its own, which closes when the response is there.
//! Over TLS libcurl sends its `close_notify` then, and may close only when its threads end. isahc
//! always adds two headers unless the caller sets them: `User-Agent` (this crate's name and version)
//! and `Accept: */*`. A `POST` without a `Content-Type` gets curl's
//! `application/x-www-form-urlencoded`. `Content-Length`, `Transfer-Encoding` and `Expect` of the
//! caller are left out, since curl frames the request itself. Two kinds of requests are refused as
//! [`Unsupported`]: a URI with user info or with `.` or `..` as a path segment, which curl would
//! rewrite, and a header value that is not visible ASCII.
//!
//! # Responses
//!
//! If a connection closes within the head of a response, that is no error for curl. Here it is
//! [`Interrupted`] if the head declares a `Content-Length`, and for every status 200 with an empty
//! body that does not declare `Content-Length: 0`. One case remains: a head that is cut after another
//! status and before its `Content-Length` is returned as that status with an empty body. A head of
//! more than 300 KiB in all, interim responses included, is `Interrupted` rather than [`TooLarge`].
//!
//! If a server closes TLS without `close_notify` and the close arrives together with the end of a
//! response, libcurl's rustls drops what it has read. The response is lost though it is whole, the
//! error is [`Interrupted`], and it says so. A retry would lose the next response too, so it is worth
//! [one retry](easemob_token_transport::TransportError::is_retryable_once) only. Every other break
//! inside TLS looks the same to this crate.
//!
//! A `Transfer-Encoding` other than a single `chunked`, and any in HTTP/1.0, is `Interrupted`, as it
//! is in the hyper transport.
//!
//! If a peer sends without end what belongs to no body, such as the extension of a chunk, the exchange
//! fails as [`TooLarge`] when that has taken a twenty-fifth of the time limit in processor time. This
//! is measured on Linux and Android, for requests with a body; otherwise the exchange ends with its
//! time limit. Zeros without end before a chunk's size are `Interrupted`.
//!
//! Each connection is fresh and marked so ([`ConnectionUse`]). Names below `.localhost` are not
//! looked up: libcurl knows that they are this machine.
//!
//! Errors show curl's phrase and number only: isahc drops the details, such as which name of a
//! certificate does not match, or the status of a proxy that opens no tunnel.
//!
//! # Logs
//!
//! This crate logs nothing. isahc itself logs headers and bodies to `tracing` at TRACE, and at DEBUG
//! the URI, the user name for a proxy and a `Transfer-Encoding` that curl does not know. This crate
//! prevents that, also if a crate of the build turns on the feature `log` of `tracing`. Three
//! limitations:
//!
//! - If that feature is on, no `tracing` subscriber is set, and a logger accepts the DEBUG or TRACE
//!   records of `isahc`, then the first exchange ends the records that `tracing` makes for `log` in
//!   the whole process. A logger with the filter `isahc=info` is never affected.
//! - If that feature is on, a subscriber or a level that is set during an exchange may receive the
//!   rest of this one exchange.
//! - With the feature `log-always` of `tracing` isahc logs to the logger at DEBUG and TRACE, and
//!   nothing prevents it: set the filter `isahc=info` or `isahc=off`.
//!
//! # Trust and proxies
//!
//! rustls' platform verifier reads the system's roots for each connection, never before. On Linux it
//! honours `SSL_CERT_FILE` and `SSL_CERT_DIR`. [`roots_pem`](IsahcTransportBuilder::roots_pem)
//! replaces them, and so does `bundled_roots`, a method that the feature `bundled-roots` adds. If a
//! server refuses the certificate of
//! [`client_certificate_pem`](IsahcTransportBuilder::client_certificate_pem), or misses one, the
//! exchange fails as [`Connect`] under TLS 1.2 and mostly as [`Interrupted`] under TLS 1.3, where the
//! client may send before the server has checked. Proxy variables are read only for
//! [`Proxy::Environment`]; `https://` proxies are not supported.
//!
//! # The process
//!
//! curl honours `SSLKEYLOGFILE`. The TLS layer below curl uses rustls' process default provider, and
//! installs aws-lc-rs as the default if there is none yet.
//!
//! The libcurl that `curl-sys` 0.4.91 compiles waits with `select()`, which supports no file
//! descriptor above 1 023: in a process that has that many open, every exchange fails as [`Connect`].
//! On Linux a running exchange holds eight, and an idle client seven. Building with
//! `CFLAGS=-DHAVE_POLL=1` makes it use `poll()`.
//!
//! Without free descriptors an exchange fails as [`Connect`], which may be retried, and isahc is not
//! called: it would panic. It takes eight free ones, or sixteen for a new client; where the system does
//! not count them, they are opened and closed again. Another part of the process can take them a
//! moment later, so a panic of isahc, which is caught, stays possible; with `panic = "abort"` it ends the process.
//! [`max_concurrent_exchanges`](IsahcTransportBuilder::max_concurrent_exchanges) leaves most
//! descriptors to others, unless it is set too high.
//!
//! A transport that was in use before the process forked fails with [`Internal`] in the child: build a
//! new one there. One that was only built works in whichever process uses it first, unless it is made
//! [`from_client`](IsahcTransport::from_client), since a ready client has its threads already.
//!
//! [`Transport`]: easemob_token_transport::Transport
//! [`ConnectionUse`]: easemob_token_transport::ConnectionUse
//! [`Unsupported`]: easemob_token_transport::TransportErrorKind::Unsupported
//! [`Interrupted`]: easemob_token_transport::TransportErrorKind::Interrupted
//! [`TooLarge`]: easemob_token_transport::TransportErrorKind::TooLarge
//! [`Connect`]: easemob_token_transport::TransportErrorKind::Connect
//! [`Internal`]: easemob_token_transport::TransportErrorKind::Internal
//! [`Proxy::Environment`]: easemob_token_transport::Proxy::Environment

// docs.rs then shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod agent_thread;
mod body;
mod builder;
mod client;
mod failure;
mod flood_watch;
mod identity;
mod idle_clients;
mod in_flight;
mod mute_logs;
mod pool;
mod private_file;
mod request;
mod response;
mod roots;
mod runtime;
#[cfg(test)]
mod test_jobs;
mod tls;
mod transport;
mod watcher;

pub use builder::IsahcTransportBuilder;
pub use runtime::ThreadRuntime;
pub use transport::IsahcTransport;

/// The HTTP library below, for naming the client that
/// [`from_client`](IsahcTransport::from_client) takes.
pub use isahc;

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

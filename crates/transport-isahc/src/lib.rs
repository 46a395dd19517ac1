//! The transport port of `easemob-token` over [isahc], which is libcurl behind futures.
//!
//! [`IsahcTransport`] works on any executor and needs no runtime around it: exchanges run on
//! threads of its own, which end a second after the last exchange, whether the caller polls or not. HTTP/1.1 only; TLS is rustls,
//! compiled in, so that the build needs a C compiler and nothing of the system's libcurl or
//! OpenSSL. (isahc compiles with one TLS library: a crate that turns its feature `native-tls` on
//! cannot be in the same build.)
//!
//! The contract is on [`Transport`]. What follows is what isahc or curl make different.
//!
//! # What goes out
//!
//! The request as given, on a connection of its own, which closes when the answer is there; over
//! TLS libcurl says farewell then, and may close only when its threads end. isahc cannot leave out
//! two headers: a `User-Agent` (this crate's name and version unless the caller sets one) and
//! `Accept: */*` (unless the caller sets one). A `POST` without a `Content-Type` gets curl's
//! `application/x-www-form-urlencoded`. `Content-Length`, `Transfer-Encoding` and `Expect` of the
//! caller are left out: curl writes its own. A URI with user info or with `.` or `..` as a path
//! segment, which curl would rewrite, and a header value that is not visible ASCII are refused as
//! [`Unsupported`].
//!
//! # What comes back
//!
//! To curl, a connection that closes within the head of a response is no error. It is one here
//! ([`Interrupted`]) where the head promises a `Content-Length`, and for every status 200 with an
//! empty body that does not say `Content-Length: 0`. What is left: a head that is cut after
//! another status and before its `Content-Length` comes back as that status with an empty body. A
//! head beyond 300 KiB in all, interim responses included, is `Interrupted` rather than [`TooLarge`].
//!
//! A `Transfer-Encoding` other than `chunked`, said once, and any in HTTP/1.0, is `Interrupted`, as it is
//! in the hyper transport.
//!
//! A peer that sends without end what belongs to no body, such as the extension of a chunk, is
//! [`TooLarge`] when that has taken a twenty-fifth of the time limit in processor time. This is
//! measured on Linux and Android, for requests with a body; otherwise it ends by the time limit.
//! Zeros without end before a chunk's size are `Interrupted`.
//!
//! Each connection is fresh and marked so ([`ConnectionUse`]). Names below `.localhost` are not
//! looked up: libcurl knows that they are this machine.
//!
//! Errors carry curl's phrase and number and no more: isahc drops what curl says beyond that, such
//! as which name of a certificate does not match.
//!
//! # What it logs
//!
//! Nothing of its own. isahc itself tells `tracing` headers and bodies at TRACE, and at DEBUG the
//! URI, the user name for a proxy and a `Transfer-Encoding` that curl does not know. It is kept from
//! that, also if a crate of the build turns on the feature `log` of `tracing`. What remains to know:
//!
//! - Where that feature is on, no `tracing` subscriber is set, and a logger wants the DEBUG or
//!   TRACE records of `isahc`, the first exchange ends the records that `tracing` makes for `log`
//!   in the whole process. A logger with the filter `isahc=info` is never touched.
//! - A subscriber or a level that is set while an exchange is under way may, where that feature is
//!   on, see the rest of this one exchange.
//! - With the feature `log-always` of `tracing` isahc speaks to the logger, at DEBUG and at TRACE,
//!   and nothing stops it: set the filter `isahc=info` or `isahc=off`.
//!
//! # The process around it
//!
//! The system's roots are read by rustls' platform verifier, on Linux by way of `SSL_CERT_FILE`
//! and `SSL_CERT_DIR` where they are set, for each connection and never before;
//! [`roots_pem`](IsahcTransportBuilder::roots_pem) avoids that, and so does `bundled_roots`, a method
//! that the feature `bundled-roots` adds. A server that refuses the certificate of
//! [`client_certificate_pem`](IsahcTransportBuilder::client_certificate_pem), or misses one, is
//! [`Connect`] under TLS 1.2 and mostly [`Interrupted`] under TLS 1.3, where the client may send before
//! the server has looked. curl honours `SSLKEYLOGFILE`. The TLS layer below curl takes rustls'
//! process default provider, and installs aws-lc-rs as that where there is none yet. Proxy
//! variables are read only for [`Proxy::Environment`]; `https://` proxies are not supported.
//!
//! The libcurl that `curl-sys` 0.4.91 compiles waits with `select()`, which knows no file
//! descriptor beyond 1 023: in a process that has that many open, every exchange fails as
//! [`Connect`]. On Linux an exchange under way holds eight, and a client that is kept for
//! the next one seven. Building with `CFLAGS=-DHAVE_POLL=1` makes it use `poll()`.
//!
//! Without free descriptors an exchange fails as [`Connect`], which may be tried again, and isahc is
//! not asked: it would panic. Eight, or sixteen for a new client, are opened and closed to see that. Another part of the process
//! can take them in the moment after, so a panic of isahc, which is caught, stays possible; with
//! `panic = "abort"` it ends the process. By
//! [`max_concurrent_exchanges`](IsahcTransportBuilder::max_concurrent_exchanges) exchanges leave
//! most descriptors to others, unless it is set too high.
//!
//! After a fork, a transport of the parent answers [`Internal`] in the child; build a new one
//! there.
//!
//! [`Transport`]: easemob_token_transport::Transport
//! [`ConnectionUse`]: easemob_token_transport::ConnectionUse
//! [`Unsupported`]: easemob_token_transport::TransportErrorKind::Unsupported
//! [`Interrupted`]: easemob_token_transport::TransportErrorKind::Interrupted
//! [`TooLarge`]: easemob_token_transport::TransportErrorKind::TooLarge
//! [`Connect`]: easemob_token_transport::TransportErrorKind::Connect
//! [`Internal`]: easemob_token_transport::TransportErrorKind::Internal
//! [`Proxy::Environment`]: easemob_token_transport::Proxy::Environment

mod agent_thread;
mod body;
mod builder;
mod call;
mod descriptors;
mod failure;
mod flood_watch;
mod identity;
mod idle_clients;
mod mute_logs;
mod pool;
mod pooled_client;
mod private_file;
mod reply;
mod request;
mod response;
mod roots;
mod runner;
mod runtime;
#[cfg(test)]
mod test_jobs;
mod tls;
mod transport;

pub use builder::IsahcTransportBuilder;
pub use runtime::ThreadRuntime;
pub use transport::IsahcTransport;

/// The HTTP library below, for naming the client that
/// [`from_client`](IsahcTransport::from_client) takes.
pub use isahc;

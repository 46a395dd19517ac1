//! The conformance suite of `easemob-token`'s transport port: it certifies any adapter.
//!
//! An adapter of the [port](easemob_token_transport::Transport) keeps a contract: it sends a request at
//! most once, returns its own response, follows no redirect, bounds the body, keeps deadlines and logs
//! no secret. This crate tries every rule over real sockets, against servers that break HTTP and TLS in
//! every row of a fault table. It checks the kind of the error, the number of requests, the time at
//! which the connection was closed, and what is left over.
//!
//! # Certifying an adapter
//!
//! Implement [`Harness`] and let [`conformance!`] make a test of every rule. This adapter needs no
//! runtime; one over tokio also provides an [`Executor`], see below.
//!
//! ```
//! use std::sync::Arc;
//! use easemob_token_transport::Transport;
//! use easemob_token_transport_testkit::{Exception, Harness, Needs, Unable};
//! # use easemob_token_transport::{Exchange, TransportError, TransportErrorKind, async_trait, bytes, http};
//! # #[derive(Debug)]
//! # struct MyTransport;
//! # #[async_trait]
//! # impl Transport for MyTransport {
//! #     async fn send(&self, _: Exchange) -> Result<http::Response<bytes::Bytes>, TransportError> {
//! #         Err(TransportError::new(TransportErrorKind::Connect))
//! #     }
//! # }
//! # impl MyTransport { fn with(_: std::time::Duration, _: Option<&str>) -> Self { Self } }
//!
//! struct Mine;
//!
//! impl Harness for Mine {
//!     fn name(&self) -> &str {
//!         "mine"
//!     }
//!
//!     fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable> {
//!         if !matches!(needs.proxy, easemob_token_transport::Proxy::Off) {
//!             // Reported with its reason, and not hidden.
//!             return Err(Unable::because("it has no proxies"));
//!         }
//!         let roots = needs.roots_pem.as_deref();
//!         Ok(Arc::new(MyTransport::with(needs.connect_timeout, roots)))
//!     }
//!
//!     fn exceptions(&self) -> &[Exception] {
//!         const KNOWN: &[Exception] = &[Exception::case(
//!             "row_28_compressed",
//!             "brotli",
//!             "its library inflates brotli and has no switch",
//!         )];
//!         KNOWN
//!     }
//! }
//!
//! // In `tests/conformance.rs`, alone in that file.
//! easemob_token_transport_testkit::conformance! { adapter = Mine }
//! # fn main() {}
//! ```
//!
//! An [`Executor`] runs the adapter's futures. A new one is made for every case:
//!
//! ```
//! use easemob_token_transport_testkit::{Executor, Task};
//! # struct Runtime;
//! # impl Runtime { fn block_on(&self, _: Task<'_>) {} }
//!
//! /// A runtime that runs only inside `block_on`, like tokio's `current_thread`.
//! struct Mine(Runtime);
//!
//! impl Executor for Mine {
//!     fn block_on(&self, task: Task<'_>) {
//!         self.0.block_on(task);
//!     }
//! }
//! ```
//!
//! [`Suite`] does the same outside of tests and returns a [`Report`]. [`table()`] formats several
//! reports side by side, and [`disagreements`] lists where they differ.
//!
//! # What a verdict means
//!
//! A case *passes* if its outcome is one of those allowed, the right number of requests arrived, the
//! time limit was kept, every connection was closed when the transport was dropped, and no marked
//! secret appeared in an error, in the transport's `Debug` or in [`Harness::captured_logs`]. After each
//! rule, the suite looks for threads and descriptors that did not exist before.
//!
//! An adapter that cannot keep a rule declares an [`Exception`] with a reason, which the report shows;
//! an exception that is not needed fails. If the adapter lacks a setting, it returns [`Unable`]. Cases
//! about the environment and process-wide state need a new process: [`conformance!`] starts it by
//! itself, a program of your own by [`Suite::subprocess`]. Without it they are *skipped*.
//!
//! A call may overrun its time limit by a tenth of a second. The suite measures by how much the machine
//! delays the threads of the process meanwhile, and allows for that. A case that was only too late is
//! tried up to three times.
//!
//! # What is not tried
//!
//! Use after a fork, which safe Rust cannot do; name servers that do not respond; and the rows that do
//! not concern transports ([`ROWS_OF_THE_CORE`]). Leftovers are counted on systems with `/proc`, that is
//! on Linux.
//!
//! # The scripted server
//!
//! [`ScriptedServer`] is useful on its own: it plays a [`Script`] for each connection and records every
//! byte that arrives. [`Authority`] issues certificates for it and for clients, and [`subprocess`] runs
//! a test in a process of its own.

mod case_report;
mod conformance;
mod harness;
mod outcome;
mod report;
mod rows;
mod rule;
mod scene;
mod server;
pub mod subprocess;
mod suite;
mod table;
mod trial;
mod watch;

pub use case_report::{CaseReport, Verdict};
#[doc(hidden)]
pub use conformance::__assert_rule;
pub use harness::executor::{Executor, Parking, Task};
pub use harness::{Exception, Harness, Needs, Unable};
pub use outcome::Outcome;
pub use report::comparison::{disagreements, table};
pub use report::{Report, RuleReport};
pub use rule::Rule;
pub use server::certificates::{Authority, Identity, KeyKind, LOOPBACK};
pub use server::closed_port::ClosedPort;
pub use server::request::Received;
pub use server::script::{Plan, Script};
pub use server::tls::ServerTls;
pub use server::{Connection, ScriptedServer, reply};
pub use suite::Suite;
pub use table::{ROWS_OF_THE_CORE, RULES};

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

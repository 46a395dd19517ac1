//! The conformance suite of `easemob-token`'s transport port: it certifies any adapter.
//!
//! An adapter of the [port](easemob_token_transport::Transport) signs a contract: at most one
//! sending, nobody else's answer, no redirect, whole and bounded bodies, deadlines, silence. This
//! crate tries every rule of it over real sockets, against servers that break HTTP and TLS in every
//! row of a fault table, and looks at what the adapter makes of it: the kind of the error, how often
//! the request was sent, when the connection was closed, what is left over.
//!
//! # Certifying an adapter
//!
//! Implement [`Harness`] and let [`conformance!`] make a test of every rule. Here for an adapter that
//! needs no runtime; one over tokio gives an [`Executor`] as well, see below.
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
//! // In `tests/conformance.rs`; nothing else belongs into that file.
//! easemob_token_transport_testkit::conformance! { adapter = Mine }
//! # fn main() {}
//! ```
//!
//! What the adapter's futures run on is an [`Executor`]. A new one is made for every case:
//!
//! ```
//! use easemob_token_transport_testkit::{Executor, Task};
//! # struct Runtime;
//! # impl Runtime { fn block_on(&self, _: Task<'_>) {} }
//!
//! /// A runtime that turns only inside `block_on`, like tokio's `current_thread`.
//! struct Mine(Runtime);
//!
//! impl Executor for Mine {
//!     fn block_on(&self, task: Task<'_>) {
//!         self.0.block_on(task);
//!     }
//! }
//! ```
//!
//! [`run_all`] does the same outside of tests and gives a [`Report`]; [`table`] prints several side
//! by side and [`disagreements`] finds where they differ. [`Suite`] has the finer choices.
//!
//! # What a verdict means
//!
//! A case is *kept* where its outcome is one of those allowed, as many requests arrived as there have
//! to be, the time was kept, every connection was closed when the transport was gone, and none of the
//! marked secrets stood in an error, in the transport's `Debug`, or in what [`Harness::overheard`]
//! tells. After each rule no thread and no descriptor may be there that was not there before.
//!
//! A case that an adapter cannot keep is an [`Exception`], with a reason that the report shows; one
//! that nothing needs (any more) fails. What an adapter has no setting for is [`Unable`]. What cannot
//! be tried in this process is *skipped*: the environment and the process-wide state are looked at in
//! a new process, which [`conformance!`] starts by itself and a program of your own by
//! [`Suite::again`].
//!
//! Time limits have to hold to a tenth of a second. Beside each call a thread takes short naps and
//! notes by how much it oversleeps; what the machine withheld from it is not held against the
//! adapter. A case that was only too late is tried up to three times.
//!
//! # What is not tried
//!
//! Use after a fork, which safe Rust cannot do; name servers that do not answer; and the rows that
//! are no matter of a transport ([`ROWS_OF_THE_CORE`]). Leftovers are counted on systems with
//! `/proc`, that is on Linux.
//!
//! # The scripted server
//!
//! [`ScriptedServer`] is of use by itself: it plays a [`Script`] for each connection, TLS with a
//! certificate of one's own [`Authority`] included, and remembers every byte that came.

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
pub use server::request::Received;
pub use server::script::{Plan, Responder, Script, Step};
pub use server::tls::ServerTls;
pub use server::{Connection, PATIENCE, ScriptedServer, reply};
pub use suite::{Suite, run_all};
pub use table::{ROWS_OF_THE_CORE, RULES};

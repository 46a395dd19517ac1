//! One exchange on its way to the thread of a client, and how it ended.

use std::time::Instant;

use bytes::Bytes;
use easemob_token_transport::{ExchangePermit, TransportError};
use http::{Request, Response};
use isahc::{AsyncBody, HttpClient};

use crate::body::Begun;
use crate::reply::Reply;
use crate::tls::IdentityFiles;

/// What an exchange comes to: its response or its error.
pub(crate) type Outcome = Result<Response<Bytes>, TransportError>;

/// An exchange, ready to be sent.
pub(crate) struct Job {
    pub(crate) request: Request<AsyncBody>,
    pub(crate) begun: Begun,
    pub(crate) max_response_bytes: usize,
    /// Whether it goes through a proxy, as far as the transport knows.
    pub(crate) is_proxied: bool,
    /// `None` for a client of the pool.
    pub(crate) client: Option<HttpClient>,
    /// Only held: curl opens them by path.
    pub(crate) files: Option<IdentityFiles>,
}

/// A job together with its deadline, its caller and its permit.
pub(crate) struct Call {
    pub(crate) job: Job,
    pub(crate) deadline: Instant,
    pub(crate) reply: Reply<Ended>,
    /// Held until the descriptors of the exchange are free again.
    pub(crate) permit: ExchangePermit,
}

/// How an exchange ended.
pub(crate) enum Ended {
    Done(Outcome),
    /// The agent of the reused client had died before, so nothing was sent.
    NotSent,
}

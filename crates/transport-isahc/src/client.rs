//! A client of isahc's, which one exchange has to itself.
//!
//! isahc runs each client on an agent thread. That thread notices an abandoned exchange only when
//! bytes arrive, and only dropping the client closes the connection before. That waits for the agent,
//! so it never happens on a caller's thread, which may be an executor's.

use std::panic::catch_unwind;

use easemob_token_transport::{TransportError, TransportErrorKind};
use isahc::HttpClient;
use isahc::net::dns::DnsCache;

use crate::failure::own;
use crate::mute_logs;

pub(crate) struct Client {
    pub(crate) http: HttpClient,
    pub(crate) origin: Origin,
    /// Whether isahc's agent logs nothing to any subscriber or logger, now or later.
    pub(crate) is_mute: bool,
}

/// Where a client comes from, which tells what its failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Made for this exchange.
    New,
    /// Made for an earlier exchange.
    Reused,
    /// Given to the transport. It may have other exchanges.
    Ready,
}

impl Client {
    pub(crate) fn make() -> Result<Self, TransportError> {
        let _muted = mute_logs::begin();
        match catch_unwind(own_client) {
            Ok(Ok(http)) => {
                let is_mute = mute_logs::is_latest_agent_mute();
                Ok(Self { http, origin: Origin::New, is_mute })
            }
            Ok(Err(_)) | Err(_) => Err(not_made()),
        }
    }
}

/// A client that reuses neither connections nor the addresses of a name.
///
/// On a reused connection curl sends a request again by itself, and takes whatever was waiting there
/// for the response. The addresses may change.
fn own_client() -> Result<HttpClient, isahc::Error> {
    HttpClient::builder().connection_cache_size(0).dns_cache(DnsCache::Disable).build()
}

/// The error for a client that could not start: nothing was sent, and a later attempt may succeed.
pub(crate) fn not_made() -> TransportError {
    own(TransportErrorKind::Connect, "isahc could not start: descriptors or threads may be short")
}

//! One token, one request: a grant sent over the transport and its answer read.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use easemob_token_core::{Grant, TokenEndpoint};
use easemob_token_transport::{Exchange, Transport};

use crate::error::Error;

/// What every acquisition of a client shares.
#[derive(Debug)]
pub(crate) struct Acquirer {
    pub(crate) endpoint: TokenEndpoint,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) timeout: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) plain_http_allowed: bool,
}

impl Acquirer {
    /// Sends the grant once and reads the answer.
    pub(crate) async fn acquire<G: Grant>(&self, grant: &G) -> Result<G::Token, Error> {
        let mut exchange = Exchange::new(self.endpoint.request(grant)?)
            .with_timeout(self.timeout)
            .with_max_response_bytes(self.max_response_bytes);
        if self.plain_http_allowed {
            exchange = exchange.allow_plain_http();
        }
        let response =
            self.transport.send(exchange).await.map_err(|error| Error::transport(error, 1))?;
        let (head, body) = response.into_parts();
        let response = http::Response::from_parts(head, &body[..]);
        self.endpoint
            .parse(grant, response, SystemTime::now())
            .map_err(|error| Error::response(error, 1))
    }
}

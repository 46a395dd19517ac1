//! Authorization of one call of another REST endpoint, with a retry after a 401; blocking.

use http::HeaderValue;

use super::wait::wait;
use crate::Client;
use crate::error::Error;
use crate::issued::AppToken;

/// An `Authorization` header for one call of another REST endpoint. Made by
/// [`Client::authorize`](super::Client::authorize).
///
/// ```no_run
/// # struct Response(u16);
/// # fn send(_: http::HeaderValue) -> Response { Response(200) }
/// # fn run(client: easemob_token::blocking::Client) -> Result<(), easemob_token::Error> {
/// let mut authorization = client.authorize()?;
/// let response = loop {
///     let response = send(authorization.header()); // your HTTP stack
///     if response.0 == 401 && authorization.renew()? {
///         continue;
///     }
///     break response;
/// };
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Authorization {
    inner: crate::Authorization,
    client: Client,
}

impl Authorization {
    pub(super) fn new(inner: crate::Authorization, client: Client) -> Self {
        Self { inner, client }
    }

    /// The value of the header `Authorization`: `Bearer <app token>`, marked sensitive.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.inner.header()
    }

    /// The app token in that header.
    #[must_use]
    pub fn app_token(&self) -> &AppToken {
        self.inner.app_token()
    }

    /// Gets another app token after a 401. Returns whether to send the call again, with the new
    /// [`header`](Self::header); see [`crate::Authorization::renew`].
    ///
    /// # Errors
    ///
    /// See [`Client::app_token`](super::Client::app_token).
    pub fn renew(&mut self) -> Result<bool, Error> {
        let mut inner = self.inner.clone();
        let renewal = async move { Ok((inner.renew().await?, inner)) };
        let (again, inner) = wait(&self.client, renewal)?;
        self.inner = inner;
        Ok(again)
    }
}

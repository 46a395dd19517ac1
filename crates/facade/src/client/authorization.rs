//! Authorization of one call of another REST endpoint, with a retry after a 401.

use easemob_token_core::{Refusal, Report};
use http::HeaderValue;

use crate::cache::Replacement;
use crate::error::Error;
use crate::issued::AppToken;
use crate::tokens::WithAppToken;

/// An `Authorization` header for one call of another REST endpoint. Made by
/// [`Client::authorize`](crate::Client::authorize).
///
/// The service can refuse a token before it expires. After a 401, renew the authorization and send
/// the call once more:
///
/// ```no_run
/// # struct Response(u16);
/// # async fn send(_: http::HeaderValue) -> Response { Response(200) }
/// # async fn run(client: easemob_token::Client) -> Result<(), easemob_token::Error> {
/// let mut authorization = client.authorize().await?;
/// let response = loop {
///     let response = send(authorization.header()).await; // your HTTP stack
///     if response.0 == 401 && authorization.renew().await? {
///         continue;
///     }
///     break response;
/// };
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Authorization {
    with_app_token: WithAppToken,
    token: AppToken,
    renewed: bool,
}

impl Authorization {
    pub(crate) fn new(with_app_token: &WithAppToken, token: &AppToken) -> Self {
        Self { with_app_token: with_app_token.clone(), token: token.clone(), renewed: false }
    }

    /// The value of the header `Authorization`: `Bearer <app token>`, marked sensitive.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.token.authorization()
    }

    /// The app token in that header.
    #[must_use]
    pub fn app_token(&self) -> &AppToken {
        &self.token
    }

    /// Gets another app token after a 401. Returns whether to send the call again, with the new
    /// [`header`](Self::header).
    ///
    /// At most one request is sent, however many callers report the same token; meanwhile, other
    /// callers go on with the reported token.
    ///
    /// Returns `false` the second time: a service that refuses a new token too refuses the call
    /// itself. Also returns `false`, without waiting, if there is no other token: the service issued
    /// the same one again, or reports have already caused two replacements, or one in this minute.
    ///
    /// # Errors
    ///
    /// See [`Client::app_token`](crate::Client::app_token).
    pub async fn renew(&mut self) -> Result<bool, Error> {
        let WithAppToken { context, app_tokens } = &self.with_app_token;
        // The time at which the call was sent is not known; it was not later than this.
        let refusal = Refusal { sent: context.clock.uptime(), user: None };
        let refused = self.token.access_token();
        let report = app_tokens.report(refused, &refusal);
        if self.renewed || report == Report::Ignored {
            return Ok(false);
        }
        let replacement = app_tokens.replacement(refused, context.deadline()).await?;
        let Replacement::Another(token) = replacement else { return Ok(false) };
        self.token = token.clone();
        self.renewed = true;
        Ok(true)
    }
}

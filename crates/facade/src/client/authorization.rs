//! The app token for other REST endpoints: a header, and what to do after a 401.

use easemob_token_core::{AppToken, Refusal, Report};
use http::HeaderValue;

use crate::cache::Replacement;
use crate::error::Error;
use crate::tokens::WithAppToken;

/// The right to call other endpoints of the service's REST API, for one call. Made by
/// [`Client::authorize`](crate::Client::authorize).
///
/// A token can die before its time. So after a 401, and only then, ask for another one and send
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

    /// The service answered 401 to the header: gets another token, which costs at most one request
    /// however many callers report the same one. Returns whether to send the call again, with
    /// [`header`](Self::header) as it is then.
    ///
    /// That is so once. A service that refuses a new token as well refuses the call, and it is
    /// `false`. It is `false` too, and nothing is waited for, if no other token is to be had: the
    /// service gave the same one again, or reports have caused two replacements at once and one a
    /// minute since. The other callers go on with the reported token until there is another one.
    ///
    /// # Errors
    ///
    /// As [`Client::app_token`](crate::Client::app_token).
    pub async fn renew(&mut self) -> Result<bool, Error> {
        let WithAppToken { context, app_tokens } = &self.with_app_token;
        // When the call was sent is not known; it was not later than this.
        let refusal = Refusal { sent: context.clock.uptime(), user: None };
        let refused = self.token.access_token();
        let report = app_tokens.report(refused, &refusal);
        if self.renewed || report == Report::Ignored {
            return Ok(false);
        }
        let replacement = app_tokens.replacement(refused, context.deadline()).await?;
        let Replacement::Another(token) = replacement else { return Ok(false) };
        self.token = AppToken::clone(&token);
        self.renewed = true;
        Ok(true)
    }
}

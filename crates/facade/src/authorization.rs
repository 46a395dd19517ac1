//! The app token for other REST endpoints: a header, and what to do after a 401.

use std::sync::Arc;

use easemob_token_core::AppToken;
use http::HeaderValue;

use crate::app_token::AppTokenCache;
use crate::error::Error;

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
    app_tokens: Arc<AppTokenCache>,
    token: AppToken,
    renewed: bool,
}

impl Authorization {
    pub(crate) fn new(app_tokens: &Arc<AppTokenCache>, token: &AppToken) -> Self {
        Self { app_tokens: Arc::clone(app_tokens), token: token.clone(), renewed: false }
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
    /// however many callers report the same one. Answers whether to send the call again, with
    /// [`header`](Self::header) as it is then.
    ///
    /// That is so once. A service that refuses a new token as well refuses the call, and it is
    /// `false`; the token is reported all the same.
    ///
    /// # Errors
    ///
    /// As [`Client::app_token`](crate::Client::app_token).
    pub async fn renew(&mut self) -> Result<bool, Error> {
        self.app_tokens.invalidate(self.token.access_token());
        if self.renewed {
            return Ok(false);
        }
        self.token = AppToken::clone(&*self.app_tokens.get().await?);
        self.renewed = true;
        Ok(true)
    }
}

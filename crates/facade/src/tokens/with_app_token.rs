//! Grants that carry the shared app token, with one retry if the service refuses it.

use std::borrow::Cow;
use std::sync::Arc;

use easemob_token_core::{BuildError, Grant, Refusal, Report, Uptime, UserId};

use super::AppTokenCache;
use crate::acquire::{GrantSource, Refused, RequestContext};
use crate::cache::Replacement;
use crate::error::Error;
use crate::issued::AppToken;

/// Request context and app token cache, which user tokens need.
#[derive(Clone, Debug)]
pub(crate) struct WithAppToken {
    pub(crate) context: Arc<RequestContext>,
    pub(crate) app_tokens: Arc<AppTokenCache>,
}

/// A grant of one user that carries an app token.
pub(crate) struct AppAuthorized<'a, F> {
    pub(crate) app_tokens: &'a Arc<AppTokenCache>,
    pub(crate) user_id: &'a UserId,
    pub(crate) make: F,
}

impl<G, F> GrantSource for AppAuthorized<'_, F>
where
    G: Grant + Clone + Send + Sync,
    F: Fn(&AppToken) -> Result<G, BuildError> + Sync,
{
    type Token = G::Token;
    type Grant = G;
    type AppToken = AppToken;

    fn current_app_token(&self) -> Option<AppToken> {
        self.app_tokens.peek_fresh().map(|token| token.clone())
    }

    async fn app_token(
        &self,
        refused: Option<&Refused<AppToken>>,
        deadline: Uptime,
    ) -> Result<AppToken, Error> {
        let Some(Refused { app_token: token, report, error }) = refused else {
            return Ok(self.app_tokens.get(|| deadline).await?.clone());
        };
        match self.app_tokens.replacement(token.access_token(), deadline).await? {
            Replacement::Another(token) => Ok(token.clone()),
            // The service has accepted it meanwhile.
            Replacement::Unchanged(token) if *report != Report::Ignored => Ok(token.clone()),
            // It would be refused again.
            Replacement::Unchanged(_) | Replacement::SameAgain => Err(error.clone()),
        }
    }

    fn grant(&self, app_token: &AppToken) -> Result<Cow<'_, G>, BuildError> {
        (self.make)(app_token).map(Cow::Owned)
    }

    fn accepted(&self, app_token: &AppToken, sent: Uptime) {
        self.app_tokens.accepted(app_token.access_token(), sent);
    }

    fn refused(&self, app_token: &AppToken, sent: Uptime) -> Report {
        let refusal = Refusal { sent, user: Some(self.user_id.clone()) };
        self.app_tokens.report(app_token.access_token(), &refusal)
    }

    fn is_same(&self, one: &AppToken, other: &AppToken) -> bool {
        one.access_token().expose() == other.access_token().expose()
    }
}

//! Whether a token is accepted right now, and whose it is.

use std::time::Duration;

use super::{AppKey, Apps, Service, authorization};
use crate::access_token::{Claims, TokenFault, TokenKind};
use crate::refusal::Refusal;

/// What a good token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) app: AppKey,
    /// The user of a user token; `None` for an app token.
    pub(crate) user: Option<String>,
    /// When it expires, since the Unix epoch; `None` if it does not.
    pub(crate) expires: Option<Duration>,
}

impl Service {
    /// Checks a token of any application.
    ///
    /// # Errors
    ///
    /// The refusal that an endpoint would answer.
    pub(crate) fn check_token(&self, token: &str) -> Result<Accepted, Refusal> {
        self.check_in(&self.lock(), token.as_bytes())
    }

    /// Checks a request with a token of an application or of one of its users.
    pub(super) fn check_member(
        &self,
        apps: &Apps,
        key: &AppKey,
        field: Option<&[u8]>,
    ) -> Result<(), Refusal> {
        match self.check_in(apps, authorization::bearer_of(field)?) {
            Ok(accepted) if accepted.app == *key => Ok(()),
            Ok(_) => Err(Refusal::AppTokenCorrupt),
            // To an endpoint other than that of tokens, the token is what is wrong.
            Err(Refusal::UserNotActivated) => Err(Refusal::AppTokenInvalid),
            Err(refusal) => Err(refusal),
        }
    }

    fn check_in(&self, apps: &Apps, token: &[u8]) -> Result<Accepted, Refusal> {
        let unverified = Claims::read(token).ok_or(Refusal::AppTokenInvalid)?;
        let is_of = |claims: &Claims, id| match claims.kind {
            TokenKind::App => claims.principal == id,
            TokenKind::User => claims.scope == id,
        };
        let found = apps.iter().find(|(_, app)| is_of(&unverified, app.id));
        let epoch = found.map_or(0, |(_, app)| app.token_epoch);
        let claims = self.issuer.verify(token, epoch).map_err(|fault| match fault {
            TokenFault::Malformed | TokenFault::Revoked => Refusal::AppTokenInvalid,
            TokenFault::Foreign => Refusal::AppTokenForeign,
        })?;
        // Issued here, for an application that is gone.
        let (key, app) = found.ok_or(Refusal::AppTokenCorrupt)?;
        if claims.is_expired(self.now(app)) {
            return Err(Refusal::AppTokenExpired);
        }
        let user = match claims.kind {
            TokenKind::App => None,
            TokenKind::User => {
                let mut users = app.users.iter();
                let found = users.find(|(_, user)| user.id == claims.principal);
                let (name, user) = found.ok_or(Refusal::AppTokenInvalid)?;
                if !user.activated {
                    return Err(Refusal::UserNotActivated);
                }
                Some(name.clone())
            }
        };
        Ok(Accepted { app: key.clone(), user, expires: claims.expires() })
    }
}

//! Whether a token is accepted right now, and whose it is.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{AppKey, Apps, Service, authorization};
use crate::access_token::{Claims, TokenFault, TokenKind};
use crate::accounts::App;
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

/// A token that was issued here and not revoked.
struct Issued<'a> {
    key: &'a AppKey,
    app: &'a App,
    claims: Claims,
}

impl Service {
    /// Checks a token of any application; fails with the refusal that an endpoint would answer.
    pub(crate) fn check_token(&self, token: &str) -> Result<Accepted, Refusal> {
        let apps = self.lock();
        let issued = self.issued(&apps, token.as_bytes())?;
        self.accepted(&issued)
    }

    /// Checks the field `Authorization`: `Bearer` and a valid app token of this application.
    ///
    /// If `users`, the token of a user is valid too.
    pub(super) fn check_bearer(
        &self,
        apps: &Apps,
        key: &AppKey,
        field: Option<&[u8]>,
        users: bool,
    ) -> Result<(), Refusal> {
        let issued = self.issued(apps, authorization::bearer(field)?)?;
        if issued.key != key || !(users || issued.claims.kind == TokenKind::App) {
            return Err(Refusal::AppTokenCorrupt);
        }
        match self.accepted(&issued) {
            // To an endpoint other than that of tokens, the token is what is wrong.
            Err(Refusal::UserNotActivated) => Err(Refusal::AppTokenInvalid),
            checked => checked.map(|_| ()),
        }
    }

    fn issued<'a>(&self, apps: &'a Apps, token: &[u8]) -> Result<Issued<'a>, Refusal> {
        let unverified = Claims::read(token).ok_or(Refusal::AppTokenInvalid)?;
        let is_of = |claims: &Claims, id| match claims.kind {
            TokenKind::App => claims.principal == id,
            TokenKind::User => claims.scope == id,
        };
        let found = apps.iter().find(|(_, app)| is_of(&unverified, app.id));
        let epoch = found.map_or(self.epoch.load(Ordering::SeqCst), |(_, app)| app.token_epoch);
        let claims = self.issuer.verify(token, epoch).map_err(|fault| match fault {
            TokenFault::Malformed | TokenFault::Revoked => Refusal::AppTokenInvalid,
            TokenFault::Foreign => Refusal::AppTokenForeign,
        })?;
        // Issued here, for an application that is gone.
        let (key, app) = found.ok_or(Refusal::AppTokenCorrupt)?;
        Ok(Issued { key, app, claims })
    }

    fn accepted(&self, Issued { key, app, claims }: &Issued<'_>) -> Result<Accepted, Refusal> {
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
        Ok(Accepted { app: (*key).clone(), user, expires: claims.expires() })
    }
}

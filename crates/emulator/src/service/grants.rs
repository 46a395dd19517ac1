//! The three grants: checks their requests and issues their tokens.

use std::collections::hash_map::Entry;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{AppKey, Call};
use crate::access_token::{TokenIssuer, TokenKind};
use crate::accounts::{App, User};
use crate::grant::Grant;
use crate::naming::{check_user_id, fold_user_id};
use crate::refusal::Refusal;
use crate::settings::{BannedAs, Settings, UnknownUserAs};
use crate::ttl::Lifetime;

type Members = Map<String, Value>;

/// The state that one request is served with.
pub(super) struct RequestContext<'a> {
    pub(super) settings: &'a Settings,
    pub(super) issuer: &'a TokenIssuer,
    pub(super) now: Duration,
    pub(super) key: &'a AppKey,
    pub(super) call: &'a Call<'a>,
    pub(super) app: &'a mut App,
    /// Whether the request has a valid app token.
    pub(super) authorized: Result<(), Refusal>,
}

impl RequestContext<'_> {
    /// Returns the body of a successful response, or the refusal.
    pub(super) fn serve(&mut self, body: &Members) -> Result<Value, Refusal> {
        let name = text(body, "grant_type")
            .ok_or_else(|| Refusal::IllegalArgument("grant_type must be provided".into()))?;
        match Grant::named(name) {
            Some(Grant::ClientCredentials) => self.client_credentials(body),
            Some(Grant::Password) => self.password(body),
            Some(Grant::Inherit) => self.inherit(body),
            None => Err(Refusal::IllegalArgument("grant_type is not supported".into())),
        }
    }

    fn client_credentials(&mut self, body: &Members) -> Result<Value, Refusal> {
        let id = text(body, "client_id").ok_or(Refusal::ClientIdMissing)?;
        let secret = text(body, "client_secret").ok_or(Refusal::ClientSecretMissing)?;
        let (_, expected) = self
            .app
            .clients
            .iter()
            .find(|(known, _)| known == id)
            .ok_or(Refusal::ClientIdMismatch)?;
        if !expected.matches(secret) {
            return Err(Refusal::ClientSecretMismatch);
        }
        let lifetime = self.lifetime(body)?;
        let app = &self.app;
        let token = self.issuer.issue(
            TokenKind::App,
            app.management_id(),
            app.id,
            self.now,
            lifetime,
            app.token_epoch,
        );
        Ok(json!({
            "access_token": token,
            "expires_in": self.expires_in(lifetime),
            "application": app.id.to_string(),
        }))
    }

    fn password(&mut self, body: &Members) -> Result<Value, Refusal> {
        if self.settings.password_needs_app_token {
            self.authorized.clone()?;
        }
        let username = username(body)?;
        let password = text(body, "password")
            .ok_or_else(|| Refusal::IllegalArgument("password must be provided".into()))?;
        let user =
            self.app.users.get(&username).ok_or_else(|| self.unknown_user(Grant::Password))?;
        match &user.password {
            // Registered without a password: no password is correct.
            None => return Err(Refusal::InvalidUsernameOrPassword),
            Some(expected) if !expected.matches(password) => return Err(Refusal::InvalidPassword),
            Some(_) => {}
        }
        self.user_token(body, &username)
    }

    fn inherit(&mut self, body: &Members) -> Result<Value, Refusal> {
        self.authorized.clone()?;
        let username = username(body)?;
        let create = match body.get("autoCreateUser") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(create)) => *create,
            Some(_) => {
                let problem = "autoCreateUser must be true or false";
                return Err(Refusal::IllegalArgument(problem.into()));
            }
        };
        if create {
            // Checked before the user is created, so that a refused request creates no user.
            self.lifetime(body)?;
            self.create_user(&username)?;
        } else if !self.app.users.contains_key(&username) {
            return Err(self.unknown_user(Grant::Inherit));
        }
        self.user_token(body, &username)
    }

    /// Creates the user, if there is none with that ID.
    fn create_user(&mut self, username: &str) -> Result<(), Refusal> {
        match self.app.users.entry(username.to_owned()) {
            Entry::Occupied(known) => {
                let known = known.get();
                // This request arrived before another one created the user, or so shortly after that
                // it counts as such.
                let end = known.created.saturating_add(self.settings.creation_window);
                if known.created_by_request && self.call.arrived < end {
                    return Err(Refusal::ConcurrentCreation);
                }
            }
            Entry::Vacant(entry) => {
                check_user_id(username).map_err(|it| Refusal::of_user_id(it, username))?;
                let user =
                    User::new(self.issuer.user_id(self.key, username, self.now), None, self.now);
                entry.insert(User { created_by_request: true, ..user });
            }
        }
        Ok(())
    }

    /// Issues the token; the last step of both user grants.
    fn user_token(&self, body: &Members, username: &str) -> Result<Value, Refusal> {
        let user = self.app.users.get(username).ok_or(Refusal::UserEntityNotFound)?;
        if !user.activated && self.settings.banned_as == BannedAs::Refused {
            return Err(Refusal::UserNotActivated);
        }
        let lifetime = self.lifetime(body)?;
        // User tokens have no epoch: revoking app tokens does not affect them.
        let token = self.issuer.issue(TokenKind::User, self.app.id, user.id, self.now, lifetime, 0);
        Ok(json!({
            "access_token": token,
            "expires_in": self.expires_in(lifetime),
            "user": user.to_json(username),
        }))
    }

    fn lifetime(&self, body: &Members) -> Result<Lifetime, Refusal> {
        let Settings { request_unit, default_ttl, .. } = *self.settings;
        Lifetime::requested(body.get("ttl"), request_unit, default_ttl)
            .ok_or_else(|| Refusal::IllegalArgument("ttl must be a number >= 0".into()))
    }

    fn expires_in(&self, lifetime: Lifetime) -> i64 {
        lifetime.expires_in(self.settings.response_unit, self.settings.permanent_as)
    }

    fn unknown_user(&self, grant: Grant) -> Refusal {
        match self.settings.unknown_user_as(grant) {
            UnknownUserAs::UserNotFound => Refusal::UserNotFound,
            UnknownUserAs::EntityNotFound => Refusal::UserEntityNotFound,
            UnknownUserAs::InvalidUsernameOrPassword => Refusal::InvalidUsernameOrPassword,
        }
    }
}

/// A member that must be text; any other type counts as absent.
fn text<'a>(body: &'a Members, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}

/// The member `username`, in lower case.
fn username(body: &Members) -> Result<String, Refusal> {
    text(body, "username")
        .map(fold_user_id)
        .ok_or_else(|| Refusal::IllegalArgument("username must be provided".into()))
}

//! Body of a 200: its members are read, checked, and handed to the grant.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Deserialize;

use super::error::ResponseError;
use super::member::{Member, Object};
use crate::token::{
    AccessToken, Granted, Lifetime, Ttl, TtlUnits, UnitMismatch, User, UserId, UserToken,
};

type Text<'a> = Member<Cow<'a, str>>;

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default)]
    access_token: Text<'a>,
    #[serde(default)]
    expires_in: Member<i64>,
    #[serde(borrow, default)]
    application: Text<'a>,
    #[serde(borrow, default)]
    user: Member<Object<UserMembers<'a>>>,
}

#[derive(Deserialize)]
struct UserMembers<'a> {
    #[serde(borrow, default)]
    uuid: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(default)]
    created: Member<i64>,
    #[serde(default)]
    modified: Member<i64>,
    #[serde(borrow, default)]
    username: Text<'a>,
    #[serde(default)]
    activated: Member<bool>,
}

/// A response that holds a token, from which a grant makes its own type of token.
#[expect(unnameable_types, reason = "a part of the sealed trait `Grant`")]
pub struct TokenResponse<'a> {
    pub(crate) granted: Granted,
    pub(crate) application: Text<'a>,
    user: Member<Object<UserMembers<'a>>>,
}

impl<'a> TokenResponse<'a> {
    /// Reads a body; `units` are those that the request was written with too.
    pub(crate) fn parse(
        body: &'a [u8],
        units: TtlUnits,
        requested: Ttl,
        received_at: SystemTime,
    ) -> Result<Self, ResponseError> {
        let wrong = ResponseError::wrong_shape;
        // One look at the whole body is cheaper than one at each string in it.
        let body: Member<Object<Members<'a>>> = match std::str::from_utf8(body) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(body),
        }
        .map_err(|error| not_readable(&error))?;
        let Some(Object(members)) = body.ok() else {
            return Err(wrong("the body is not a JSON object"));
        };
        let token = members.access_token.optional("access_token is not a string").map_err(wrong)?;
        let token = token.ok_or_else(|| wrong("access_token is missing"))?;
        let access_token =
            AccessToken::parse(&token).map_err(|fault| wrong(&format!("access_token {fault}")))?;
        let expires_in =
            members.expires_in.optional("expires_in is not a whole number").map_err(wrong)?;
        let mut lifetime = Lifetime::from_wire(expires_in, units.response, requested);
        // If the TTL cannot be encoded, the request carried none.
        let ttl = requested.to_wire(units.request).unwrap_or_default();
        let mismatch = UnitMismatch::find_in(&token, units, ttl, expires_in);
        if let Some(mismatch) = &mismatch {
            lifetime = mismatch.shortest(lifetime);
        }
        let unit_mismatch = mismatch.map(Arc::new);
        let granted = Granted { access_token, lifetime, received_at, unit_mismatch };
        Ok(Self { granted, application: members.application, user: members.user })
    }

    /// The token of the requested user. A response that names another user is an error, since the
    /// token is that user's.
    pub(crate) fn into_user_token(self, requested: &UserId) -> Result<UserToken, &'static str> {
        let user = match self.user.optional("user is not an object")? {
            Some(Object(user)) => Some(user.into_user()?),
            None => None,
        };
        let named = user.as_ref().and_then(User::username);
        if named.is_some_and(|named| !requested.is_named_by(named)) {
            return Err("user.username names another user than the one asked for");
        }
        Ok(UserToken::new(self.granted, user))
    }
}

impl UserMembers<'_> {
    fn into_user(self) -> Result<User, &'static str> {
        Ok(User {
            uuid: self.uuid.text("user.uuid is not a string")?,
            kind: self.kind.text("user.type is not a string")?,
            username: self.username.text("user.username is not a string")?,
            activated: self.activated.optional("user.activated is not a boolean")?,
            created: self.created.optional("user.created is not a whole number")?,
            modified: self.modified.optional("user.modified is not a whole number")?,
        })
    }
}

/// The error without the text of `serde_json`, which can quote the body.
fn not_readable(error: &serde_json::Error) -> ResponseError {
    // A member of a wrong type is not an error here. In well-formed JSON the only possible error is a
    // member of ours that occurs twice.
    if error.is_data() {
        return ResponseError::wrong_shape("a member occurs twice");
    }
    ResponseError::not_json(error.is_eof(), error.line(), error.column())
}

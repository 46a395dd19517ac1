//! Body of a 200: its members are read, checked, and handed to the grant.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess};

use super::error::ResponseError;
use super::foreign;
use super::member::{Member, Read};
use super::value::Name;
use crate::token::{
    AccessToken, AppToken, Granted, Lifetime, Ttl, TtlUnits, UnitMismatch, User, UserId, UserParts,
    UserToken,
};

/// What is needed is checked: the token, its lifetime, the user's name. The rest is read if it can be.
#[derive(Default)]
struct Members<'a> {
    access_token: Member<Cow<'a, str>>,
    expires_in: Member<i64>,
    application: Member<Name<'a>>,
    user: Member<UserMembers<'a>>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    AccessToken,
    ExpiresIn,
    Application,
    User,
    #[serde(other)]
    Other,
}

impl<'de: 'a, 'a> Read<'de> for Members<'a> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Member<Self>, A::Error> {
        let mut members = Self::default();
        while let Some(key) = object.next_key()? {
            match key {
                Key::AccessToken => members.access_token.add(object.next_value()?),
                Key::ExpiresIn => members.expires_in.add(object.next_value()?),
                Key::Application => members.application.replace(object.next_value()?),
                Key::User => match (&mut members.user, object.next_value()?) {
                    (Member::Value(user), Member::Value(other)) => user.merge(other),
                    (user, other) => user.replace(other),
                },
                Key::Other => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Member::Value(members))
    }
}

#[derive(Default)]
struct UserMembers<'a> {
    uuid: Member<Name<'a>>,
    kind: Member<Name<'a>>,
    created: Member<i64>,
    modified: Member<i64>,
    username: Member<Name<'a>>,
    activated: Member<bool>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum UserKey {
    Uuid,
    Type,
    Created,
    Modified,
    Username,
    Activated,
    #[serde(other)]
    Other,
}

impl<'de: 'a, 'a> Read<'de> for UserMembers<'a> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Member<Self>, A::Error> {
        let mut user = Self::default();
        while let Some(key) = object.next_key()? {
            match key {
                UserKey::Uuid => user.uuid.replace(object.next_value()?),
                UserKey::Type => user.kind.replace(object.next_value()?),
                UserKey::Created => user.created.replace(object.next_value()?),
                UserKey::Modified => user.modified.replace(object.next_value()?),
                UserKey::Username => user.username.add(object.next_value()?),
                UserKey::Activated => user.activated.replace(object.next_value()?),
                UserKey::Other => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Member::Value(user))
    }
}

/// A response that holds a token, from which a grant makes its own type of token.
#[expect(unnameable_types, reason = "a part of the sealed trait `Grant`")]
pub struct TokenResponse<'a> {
    pub(crate) granted: Granted,
    application: Member<Name<'a>>,
    user: Member<UserMembers<'a>>,
}

impl<'a> TokenResponse<'a> {
    /// Reads a body; `units` are those that the request was written with too.
    pub(crate) fn parse(
        body: &'a str,
        units: TtlUnits,
        requested: Ttl,
        received_at: SystemTime,
    ) -> Result<Self, ResponseError> {
        let wrong = ResponseError::wrong_shape;
        let members: Member<Members<'a>> =
            serde_json::from_str(body).map_err(|error| not_readable(body, &error))?;
        let members = members.ok().ok_or_else(|| wrong("the body is not a JSON object"))?;
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
        let received_at = received_at.into();
        let granted = Granted { access_token, lifetime, received_at, unit_mismatch };
        Ok(Self { granted, application: members.application, user: members.user })
    }

    /// The app token, with the app's UUID if that can be read.
    pub(crate) fn into_app_token(self) -> AppToken {
        let application = self.application.ok().map(Name::into_owned);
        AppToken::new(self.granted, application.map(Into::into))
    }

    /// The token of the requested user. A response that names another user is an error, since the
    /// token is that user's.
    pub(crate) fn into_user_token(self, requested: &UserId) -> Result<UserToken, &'static str> {
        let user = self.user.ok().map(UserMembers::into_user).transpose()?;
        let named = user.as_ref().and_then(User::username);
        if named.is_some_and(|named| !requested.is_named_by(named)) {
            return Err("user.username names another user than the one asked for");
        }
        Ok(UserToken::new(self.granted, user))
    }
}

impl UserMembers<'_> {
    /// Adds what another object of the same name says.
    fn merge(&mut self, other: Self) {
        self.uuid.replace(other.uuid);
        self.kind.replace(other.kind);
        self.created.replace(other.created);
        self.modified.replace(other.modified);
        self.username.add(other.username);
        self.activated.replace(other.activated);
    }

    fn into_user(self) -> Result<User, &'static str> {
        let username =
            self.username.optional("user.username is neither text nor a whole number")?;
        let (uuid, kind) = (self.uuid.ok(), self.kind.ok());
        Ok(User::new(&UserParts {
            uuid: Name::text_of(uuid.as_ref()),
            kind: Name::text_of(kind.as_ref()),
            username: Name::text_of(username.as_ref()),
            activated: self.activated.ok(),
            created: self.created.ok(),
            modified: self.modified.ok(),
        }))
    }
}

/// The error without the text of `serde_json`, which can quote the body.
fn not_readable(body: &str, error: &serde_json::Error) -> ResponseError {
    ResponseError::not_json(foreign::name(body), error.is_eof(), (error.line(), error.column()))
}

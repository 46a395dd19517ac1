//! Settings that decide how requests are answered.

use std::time::Duration;

use crate::grant::Grant;
use crate::ttl::{PermanentAs, Unit};

/// The response to an unknown user.
///
/// The documentation has three, without their grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownUserAs {
    /// 404 `invalid_grant`, `user not found`. The default for the password grant.
    UserNotFound,
    /// 404 `entity_not_found`, `User null not found`. The default for `inherit`.
    EntityNotFound,
    /// 400 `invalid_grant`, `invalid username or password`.
    InvalidUsernameOrPassword,
}

/// The response to a banned user whose request is valid otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BannedAs {
    /// 400 `invalid_grant`, `user not activated`. The default.
    #[default]
    Refused,
    /// A token, with `"activated": false` in the object `user`.
    NotActivated,
}

/// Settings other than names and secrets.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) request_unit: Unit,
    pub(crate) response_unit: Unit,
    pub(crate) default_ttl: Duration,
    pub(crate) permanent_as: PermanentAs,
    pub(crate) request_limit: Option<u32>,
    pub(crate) body_limit: usize,
    pub(crate) creation_window: Duration,
    pub(crate) password_needs_app_token: bool,
    pub(crate) strict: bool,
    /// Of the emulator as a whole; not used in the settings of one application.
    pub(crate) apps_on_demand: bool,
    pub(crate) banned_as: BannedAs,
    unknown_by_password: UnknownUserAs,
    unknown_by_inherit: UnknownUserAs,
}

impl Settings {
    pub(crate) fn unknown_user_as(&self, grant: Grant) -> UnknownUserAs {
        match grant {
            Grant::Inherit => self.unknown_by_inherit,
            Grant::Password | Grant::ClientCredentials => self.unknown_by_password,
        }
    }

    pub(crate) fn set_unknown_user_as(&mut self, grant: Grant, response: UnknownUserAs) {
        match grant {
            Grant::Inherit => self.unknown_by_inherit = response,
            Grant::Password => self.unknown_by_password = response,
            // That grant has no users.
            Grant::ClientCredentials => {}
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            request_unit: Unit::Seconds,
            response_unit: Unit::Seconds,
            default_ttl: Duration::from_secs(60 * 24 * 60 * 60),
            permanent_as: PermanentAs::default(),
            request_limit: Some(300),
            body_limit: 64 * 1024,
            creation_window: Duration::ZERO,
            password_needs_app_token: false,
            strict: false,
            apps_on_demand: false,
            banned_as: BannedAs::default(),
            unknown_by_password: UnknownUserAs::UserNotFound,
            unknown_by_inherit: UnknownUserAs::EntityNotFound,
        }
    }
}

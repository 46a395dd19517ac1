//! The documented refusals, with their status, `error` and `error_description`.

use crate::naming::UserIdFault;

/// A refusal: one row of the documented error table.
///
/// The emulator responds with most of these by itself. Each can also be scripted with
/// [`Fault::refusal`](crate::Fault::refusal).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// 400 `illegal_argument`: `client_id must be provided.`
    ClientIdMissing,
    /// 400 `illegal_argument`: `client_secret must be provided`
    ClientSecretMissing,
    /// 400 `illegal_argument` with another description; these cases are undocumented.
    IllegalArgument(String),
    /// 400 `invalid_grant`: `client_id does not match`
    ClientIdMismatch,
    /// 400 `invalid_grant`: `client_secret does not match`
    ClientSecretMismatch,
    /// 400 `invalid_grant`: `invalid password`
    InvalidPassword,
    /// 400 `invalid_grant`: `invalid username or password`
    InvalidUsernameOrPassword,
    /// 400 `invalid_grant`: `user not activated`; the account is banned.
    UserNotActivated,
    /// 400 `illegal_argument`: `username [x] is not legal`, with the user ID for `x`.
    UsernameNotLegal(String),
    /// 400 `illegal_argument`: `USERNAME_TOO_LONG`
    UsernameTooLong,
    /// 400 `json_parse`: `Unexpected character …`, with the rest of the description.
    JsonParse(String),
    /// 401 `unauthorized`: `Unable to authenticate (OAuth)`; the app token is invalid.
    AppTokenInvalid,
    /// 401 `unauthorized`: `Unable to authenticate due to expired access token`; also if there is no
    /// token.
    AppTokenExpired,
    /// 401 `auth_bad_access_token`: `Unable to authenticate due to corrupt access token`; a user
    /// token, or the token of another App Key.
    AppTokenCorrupt,
    /// 401 `auth_bad_access_token`: `Unable to authenticate`; the token of another system.
    AppTokenForeign,
    /// 404 `invalid_grant`: `user not found`
    UserNotFound,
    /// 404 `entity_not_found`: `User null not found`
    UserEntityNotFound,
    /// 404 `organization_application_not_found`: `Could not find application for …`, with the rest
    /// of the description.
    ApplicationNotFound(String),
    /// 404 `service_resource_not_found`: `Service resource not found`; no such path, or no such user.
    ServiceResourceNotFound,
    /// 400 `duplicate_unique_property_exists`: the user ID is registered already.
    UserExists(String),
    /// 400 `required_property_not_found`: `Entity user requires a property named username`; the
    /// password of an unknown user was to be set.
    UserPropertyMissing,
    /// 405 `web_application`: `Method Not Allowed`. Only the status is documented.
    MethodNotAllowed,
    /// 409 `concurrent_operation_error`: `concurrency create app user failed`
    ConcurrentCreation,
    /// 413 `Request Entity Too Large`, without a description. If a body really is too large, the
    /// emulator responds like a gateway, with HTML; this is the same row as JSON.
    RequestEntityTooLarge,
    /// 415 `web_application`: `Unsupported Media Type`
    UnsupportedMediaType,
    /// 429 `resource_limited`: the quota of the plan is used up; retrying does not help.
    QuotaExceeded,
    /// 429 `reach_limit`: `This request has reached api limit`; retrying later helps.
    RateLimited,
}

const QUOTA: &str = "You have exceeded the limit of the community edition,Please upgrade to the \
                     enterprise edition";

impl Refusal {
    /// The refusal of a user ID that cannot be registered.
    pub(crate) fn of_user_id(fault: UserIdFault, user: &str) -> Self {
        match fault {
            UserIdFault::TooLong => Self::UsernameTooLong,
            UserIdFault::NotLegal => Self::UsernameNotLegal(user.to_owned()),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.row().0
    }

    /// The member `error`.
    #[must_use]
    pub fn error(&self) -> &'static str {
        self.row().1
    }

    /// The member `error_description`, except in one row.
    #[must_use]
    pub fn description(&self) -> Option<String> {
        let text = match self {
            Self::RequestEntityTooLarge => return None,
            Self::IllegalArgument(text) => text.clone(),
            Self::UsernameNotLegal(user) => format!("username [{user}] is not legal"),
            Self::JsonParse(rest) => format!("Unexpected character {rest}"),
            Self::UserExists(user) => format!(
                "Application null Entity user requires that property named username be unique, \
                 value of {user} exists"
            ),
            Self::ApplicationNotFound(rest) => format!("Could not find application for {rest}"),
            fixed => fixed.row().2.to_owned(),
        };
        Some(text)
    }

    /// Status, `error`, and the description if it is constant.
    fn row(&self) -> (u16, &'static str, &'static str) {
        match self {
            Self::ClientIdMissing => (400, "illegal_argument", "client_id must be provided."),
            Self::ClientSecretMissing => {
                (400, "illegal_argument", "client_secret must be provided")
            }
            Self::IllegalArgument(_) | Self::UsernameNotLegal(_) => (400, "illegal_argument", ""),
            Self::ClientIdMismatch => (400, "invalid_grant", "client_id does not match"),
            Self::ClientSecretMismatch => (400, "invalid_grant", "client_secret does not match"),
            Self::InvalidPassword => (400, "invalid_grant", "invalid password"),
            Self::InvalidUsernameOrPassword => {
                (400, "invalid_grant", "invalid username or password")
            }
            Self::UserNotActivated => (400, "invalid_grant", "user not activated"),
            Self::UsernameTooLong => (400, "illegal_argument", "USERNAME_TOO_LONG"),
            Self::JsonParse(_) => (400, "json_parse", ""),
            Self::AppTokenInvalid => (401, "unauthorized", "Unable to authenticate (OAuth)"),
            Self::AppTokenExpired => {
                (401, "unauthorized", "Unable to authenticate due to expired access token")
            }
            Self::AppTokenCorrupt => {
                (401, "auth_bad_access_token", "Unable to authenticate due to corrupt access token")
            }
            Self::AppTokenForeign => (401, "auth_bad_access_token", "Unable to authenticate"),
            Self::UserNotFound => (404, "invalid_grant", "user not found"),
            Self::UserEntityNotFound => (404, "entity_not_found", "User null not found"),
            Self::ApplicationNotFound(_) => (404, "organization_application_not_found", ""),
            Self::ServiceResourceNotFound => {
                (404, "service_resource_not_found", "Service resource not found")
            }
            Self::UserExists(_) => (400, "duplicate_unique_property_exists", ""),
            Self::UserPropertyMissing => (
                400,
                "required_property_not_found",
                "Entity user requires a property named username",
            ),
            Self::MethodNotAllowed => (405, "web_application", "Method Not Allowed"),
            Self::ConcurrentCreation => {
                (409, "concurrent_operation_error", "concurrency create app user failed")
            }
            Self::RequestEntityTooLarge => (413, "Request Entity Too Large", ""),
            Self::UnsupportedMediaType => (415, "web_application", "Unsupported Media Type"),
            Self::QuotaExceeded => (429, "resource_limited", QUOTA),
            Self::RateLimited => (429, "reach_limit", "This request has reached api limit"),
        }
    }
}

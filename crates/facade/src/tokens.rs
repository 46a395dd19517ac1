//! Each kind of token and its source: the app token, user tokens, grants that carry the app token.

mod app;
mod user;
mod with_app_token;

pub(crate) use self::app::{AppCredentials, AppTokenCache};
pub(crate) use self::user::{UserTokenKey, UserTokens};
pub(crate) use self::with_app_token::{AppAuthorized, WithAppToken};

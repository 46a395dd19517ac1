//! Kinds of tokens and their sources: the app token, user tokens, grants with an app token.

mod app;
mod credentials;
mod user;
mod with_app_token;

pub(crate) use self::app::{AppCredentials, AppTokenCache};
pub(crate) use self::credentials::{Credentials, Known, Provider, ask};
pub(crate) use self::user::{Lookup, UserTokenKey, UserTokens};
pub(crate) use self::with_app_token::{AppAuthorized, WithAppToken};

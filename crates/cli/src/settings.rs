//! Base URL and App Key of the options.

use easemob_token::{AppKey, BuildError};

use crate::args::Options;
use crate::failure::Failure;

/// The base URL; the client checks it.
pub(crate) fn base_url(options: &Options) -> Result<&String, Failure> {
    options.base_url.as_ref().ok_or_else(|| {
        Failure::invalid_input(
            "--base-url (EASEMOB_BASE_URL): missing; for example https://a1.easemob.com",
        )
    })
}

/// The App Key.
pub(crate) fn app_key(options: &Options) -> Result<AppKey, Failure> {
    optional_app_key(options)?.ok_or_else(|| {
        Failure::invalid_input("--app-key (EASEMOB_APP_KEY): missing; for example org#app")
    })
}

/// The App Key, if there is one.
pub(crate) fn optional_app_key(options: &Options) -> Result<Option<AppKey>, Failure> {
    let parse = |text: &String| {
        text.parse().map_err(|error: BuildError| {
            Failure::invalid_input(format!("--app-key (EASEMOB_APP_KEY): {}", error.problem()))
        })
    };
    options.app_key.as_ref().map(parse).transpose()
}

//! Checks of a client's settings, one function each; each error names its setting.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

#[cfg(feature = "dynamic")]
use easemob_token_core::dynamic::Signer;
use easemob_token_core::{AppKey, BaseUrl, BuildError, TokenEndpoint};
use easemob_token_transport::{ConfigError, is_loopback};

use super::ClientBuilder;
use crate::tokens::{Known, ask};

/// The shortest time between two requests of one acquisition; tests need not wait.
const LEAST_RETRY_INTERVAL: Duration =
    if cfg!(feature = "test-util") { Duration::ZERO } else { Duration::from_millis(100) };

impl ClientBuilder {
    #[cfg(feature = "dynamic")]
    pub(super) fn signer(&self, app_key: &AppKey) -> Result<Option<Signer>, ConfigError> {
        let Some((id, secret)) = &self.credentials else { return Ok(None) };
        Signer::new(app_key, id.as_str(), secret.clone())
            .map(Some)
            .map_err(|error| ConfigError::new(self.credentials_setting(), error.to_string()))
    }

    /// Sets the provider's credentials, if there is a provider.
    pub(super) fn ask_provider(&mut self) -> Result<(), ConfigError> {
        if let Some(provider) = self.provider.as_deref() {
            let asked = ask(provider);
            self.credentials =
                Some(asked.map_err(|problem| ConfigError::new("credentials_provider", problem))?);
        }
        Ok(())
    }

    fn credentials_setting(&self) -> &'static str {
        if self.provider.is_some() { "credentials_provider" } else { "client_credentials" }
    }

    pub(super) fn checked_credentials(&self) -> Result<Option<Known>, ConfigError> {
        match &self.credentials {
            Some((id, secret)) => Known::new(id.clone(), secret.clone(), self.app_token_ttl)
                .map(Some)
                .map_err(|error| ConfigError::new(self.credentials_setting(), error.to_string())),
            None if self.authorize_password => Err(ConfigError::new(
                "client_credentials",
                "missing; authorize_password needs an app token",
            )),
            None => Ok(None),
        }
    }

    pub(super) fn endpoint(
        &self,
        base_url: &BaseUrl,
        app_key: &AppKey,
        credentials: Option<&Known>,
    ) -> Result<TokenEndpoint, ConfigError> {
        let mut endpoint = TokenEndpoint::new(base_url, app_key, self.units)
            .map_err(|error| ConfigError::new("base_url", error.problem()))?;
        if let Some(user_agent) = &self.user_agent {
            endpoint = endpoint
                .with_user_agent(user_agent)
                .map_err(|error| ConfigError::new("user_agent", error.problem().to_owned()))?;
        }
        if let Some(known) = credentials {
            // A lifetime that this unit cannot express is an error now, not at the first call.
            endpoint
                .request(&known.grant)
                .map_err(|error| ConfigError::new("app_token_ttl", error.problem()))?;
        }
        if !base_url.is_https() && !self.plain_http_allowed && !is_loopback(endpoint.uri()) {
            return Err(ConfigError::new(
                "base_url",
                "plain http:// would send secrets unencrypted; use https://, or allow plain HTTP",
            ));
        }
        Ok(endpoint)
    }

    pub(super) fn check_limits(&self) -> Result<(), ConfigError> {
        if self.limits.max_attempts == 0 {
            return Err(ConfigError::new("max_attempts", "is zero; write 1 or more"));
        }
        if self.limits.min_interval < LEAST_RETRY_INTERVAL {
            return Err(ConfigError::new(
                "min_retry_interval",
                "is too short; write 100 ms or more, so that retries do not burden the service",
            ));
        }
        if self.request_timeout.is_zero() {
            return Err(ConfigError::new(
                "request_timeout",
                "is zero; every request would time out",
            ));
        }
        if self.limits.deadline.is_zero() {
            return Err(ConfigError::new("acquisition_deadline", "is zero; every call would fail"));
        }
        Ok(())
    }

    pub(super) fn checked_requests_per_second(&self) -> Result<NonZeroU32, ConfigError> {
        NonZeroU32::new(self.requests_per_second)
            .ok_or_else(|| ConfigError::new("requests_per_second", "is zero; write 1 or more"))
    }

    pub(super) fn checked_cached_users(
        &self,
        has_credentials: bool,
    ) -> Result<Option<NonZeroUsize>, ConfigError> {
        match self.cached_users.map(NonZeroUsize::new) {
            Some(None) => {
                Err(ConfigError::new("cache_user_tokens", "is zero; leave it out instead"))
            }
            Some(Some(_)) if !has_credentials => Err(ConfigError::new(
                "client_credentials",
                "missing; cache_user_tokens is for tokens that need an app token",
            )),
            users => Ok(users.flatten()),
        }
    }
}

/// Number of requests that may be sent within this time.
pub(super) fn requests_within(per_second: NonZeroU32, time: Duration) -> usize {
    let requests = time.as_secs_f64().ceil() * f64::from(per_second.get());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let requests = requests as usize;
    requests
}

/// The parsed value, or the error of its setting.
pub(super) fn parsed<'a, T>(
    setting: &'static str,
    value: &'a Result<T, BuildError>,
) -> Result<&'a T, ConfigError> {
    value.as_ref().map_err(|error| ConfigError::new(setting, error.problem().to_owned()))
}

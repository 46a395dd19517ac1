//! The clients of a run, with different settings.

use std::time::Duration;

use easemob_token::{Client, ClientBuilder, ConfigError};

use crate::options::Transport;

/// The kind of a client and its callers.
// Exhaustive: every kind is in `ALL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientKind {
    /// Its app tokens expire after seconds, also while the service is away.
    ShortLived,
    /// Some of its callers are refused with every token, and others are not polled.
    Noisy,
    /// `max_attempts(1)`: a call with a revoked token has no second request.
    OneAttempt,
    /// It caches user tokens, and needs app tokens to renew them.
    CachedUsers,
}

/// The rate of the noisy client, so low that its callers always wait.
pub(crate) const NOISY_REQUESTS_PER_SECOND: u32 = 20;
/// More than there are users, so that no token is evicted.
const CACHED_USERS: usize = 1_000;
const CACHED_USER_LIFE: Duration = Duration::from_secs(20);
/// A lifetime beyond the end of every run.
const LONG_LIFE: Duration = Duration::from_secs(2 * 60 * 60);

impl ClientKind {
    pub(crate) const ALL: [Self; 4] =
        [Self::ShortLived, Self::Noisy, Self::OneAttempt, Self::CachedUsers];

    /// The name in the output, and the client ID.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ShortLived => "short-lived",
            Self::Noisy => "noisy",
            Self::OneAttempt => "one-attempt",
            Self::CachedUsers => "cached-users",
        }
    }

    pub(crate) fn secret(self) -> String {
        format!("secret-of-{}", self.name())
    }

    pub(crate) fn build(
        self,
        transport: Transport,
        base_url: &str,
        short_life: Duration,
    ) -> Result<Client, ConfigError> {
        let builder = transport
            .client(base_url)?
            .client_credentials(self.name(), self.secret())
            .app_token_ttl(if self.has_short_life() { short_life } else { LONG_LIFE });
        self.set(builder).build()
    }

    fn set(self, builder: ClientBuilder) -> ClientBuilder {
        let timeout = Duration::from_secs(3);
        match self {
            Self::ShortLived => builder.request_timeout(timeout),
            Self::Noisy => {
                builder.request_timeout(timeout).requests_per_second(NOISY_REQUESTS_PER_SECOND)
            }
            // The default timeout: a timeout on a busy machine would not be retried.
            Self::OneAttempt => builder.max_attempts(1),
            Self::CachedUsers => builder.request_timeout(timeout).cache_user_tokens(CACHED_USERS),
        }
    }

    /// Whether app tokens expire within a run.
    pub(crate) fn has_short_life(self) -> bool {
        self == Self::ShortLived
    }

    pub(crate) fn caches_user_tokens(self) -> bool {
        self == Self::CachedUsers
    }

    /// The requested lifetime of user tokens, if it is not the default of the service.
    pub(crate) fn user_token_life(self) -> Option<Duration> {
        self.caches_user_tokens().then_some(CACHED_USER_LIFE)
    }
}

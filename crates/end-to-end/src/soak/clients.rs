//! The clients of a run, which differ in their settings, and what each may cost.

use std::time::Duration;

use easemob_token::{Client, ClientBuilder, ConfigError};
use easemob_token_emulator::DEMO_APP_KEY;

use crate::options::Transport;

/// A client and its callers.
// Complete: every kind is in `ALL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientKind {
    /// Its app tokens live for seconds, so that they end while the service is away.
    ShortLived,
    /// Some of its callers are refused with every token, and others are not polled.
    Noisy,
    /// `max_attempts(1)`: the request that finds a revoked token is the only one of its call.
    OneAttempt,
    /// `keep_user_tokens`: app tokens are used in renewals of user tokens.
    KeptUsers,
}

/// The rate of the noisy client, so low that its callers wait for their turn all the time.
pub(crate) const NOISY_REQUESTS_PER_SECOND: u32 = 20;
/// More than there are users: none makes room for another one.
const KEPT_USERS: usize = 1_000;
const KEPT_USER_LIFE: Duration = Duration::from_secs(20);
/// No run waits for the end of such a token.
const LONG_LIFE: Duration = Duration::from_secs(2 * 60 * 60);

impl ClientKind {
    pub(crate) const ALL: [Self; 4] =
        [Self::ShortLived, Self::Noisy, Self::OneAttempt, Self::KeptUsers];

    /// Its name in the output, and its client ID.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ShortLived => "short-lived",
            Self::Noisy => "noisy",
            Self::OneAttempt => "one-attempt",
            Self::KeptUsers => "kept-users",
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
            .client()?
            .base_url(base_url)
            .app_key(DEMO_APP_KEY)
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
            // Nothing mends a request that timed out because the machine was busy.
            Self::OneAttempt => builder.max_attempts(1),
            Self::KeptUsers => builder.request_timeout(timeout).keep_user_tokens(KEPT_USERS),
        }
    }

    /// Whether app tokens are renewed because of their age while a run lasts.
    pub(crate) fn has_short_life(self) -> bool {
        self == Self::ShortLived
    }

    pub(crate) fn keeps_user_tokens(self) -> bool {
        self == Self::KeptUsers
    }

    /// The lifetime that is asked for user tokens, if it is not the server's default.
    pub(crate) fn user_token_life(self) -> Option<Duration> {
        self.keeps_user_tokens().then_some(KEPT_USER_LIFE)
    }
}

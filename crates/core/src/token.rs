//! The tokens that the service hands out: for the app server, and for one user.

mod access_token;
pub mod inspect;
mod lifetime;
mod ttl;
mod unit_mismatch;
mod user;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderValue;

use self::inspect::claimed_lifetime;

pub use self::access_token::AccessToken;
pub use self::lifetime::Lifetime;
pub use self::ttl::{Ttl, TtlUnit, TtlUnits};
pub use self::unit_mismatch::UnitMismatch;
pub use self::user::User;
pub(crate) use self::user::UserParts;

/// The usual and the longest time for which a token of unknown lifetime is cached.
const UNKNOWN_CACHED: Duration = Duration::from_secs(60);
const UNKNOWN_CACHED_AT_MOST: Duration = Duration::from_secs(60 * 60);

/// What the tokens of all grants have in common.
pub trait IssuedToken {
    /// The token itself.
    fn access_token(&self) -> &AccessToken;

    /// How long it lives, as the service reported it.
    fn lifetime(&self) -> Lifetime;

    /// Evidence that the configured unit of lifetimes is wrong.
    fn unit_mismatch(&self) -> Option<&UnitMismatch>;

    /// Whether the answer proves that the token is for the one who asked: it names the user, or
    /// there is none to name.
    fn names_its_user(&self) -> bool;

    /// How long a cache may hand it out.
    ///
    /// That is its lifetime. A token of unknown lifetime is cached for a minute, so that the service is
    /// not asked for each call. If the token itself tells a lifetime
    /// ([`inspect`](crate::inspect)), it is cached for that time, at most an hour; 0 means permanent
    /// there.
    fn cache_lifetime(&self) -> Lifetime {
        if self.lifetime() != Lifetime::Unknown {
            return self.lifetime();
        }
        let claimed = claimed_lifetime(self.access_token().expose());
        Lifetime::Expires(match claimed {
            None => UNKNOWN_CACHED,
            Some(Duration::ZERO) => UNKNOWN_CACHED_AT_MOST,
            Some(claimed) => claimed.min(UNKNOWN_CACHED_AT_MOST),
        })
    }
}

macro_rules! issued_token {
    ($token:ty, $names_its_user:expr) => {
        impl IssuedToken for $token {
            fn access_token(&self) -> &AccessToken {
                self.access_token()
            }

            fn lifetime(&self) -> Lifetime {
                self.lifetime()
            }

            fn unit_mismatch(&self) -> Option<&UnitMismatch> {
                self.unit_mismatch()
            }

            fn names_its_user(&self) -> bool {
                let names: fn(&Self) -> bool = $names_its_user;
                names(self)
            }
        }
    };
}

issued_token!(AppToken, |_| true);
issued_token!(UserToken, |token| token.user().and_then(User::username).is_some());

/// What every answer with a token in it holds.
pub(crate) struct Granted {
    pub(crate) access_token: AccessToken,
    pub(crate) lifetime: Lifetime,
    pub(crate) received_at: SystemTime,
    pub(crate) unit_mismatch: Option<Arc<UnitMismatch>>,
}

/// A token of the app itself, with administrator rights (grant `client_credentials`). Cloning shares
/// the text.
#[derive(Clone, Debug)]
pub struct AppToken {
    access_token: AccessToken,
    lifetime: Lifetime,
    received_at: SystemTime,
    unit_mismatch: Option<Arc<UnitMismatch>>,
    application: Option<Arc<str>>,
}

impl AppToken {
    pub(crate) fn new(granted: Granted, application: Option<Arc<str>>) -> Self {
        let Granted { access_token, lifetime, received_at, unit_mismatch } = granted;
        Self { access_token, lifetime, received_at, unit_mismatch, application }
    }

    /// The token itself.
    #[must_use]
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// The value of an `Authorization` header that carries it; marked sensitive.
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        self.access_token.authorization()
    }

    /// How long it lives, counted from [`received_at`](Self::received_at).
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// When the answer that held it arrived.
    #[must_use]
    pub fn received_at(&self) -> SystemTime {
        self.received_at
    }

    /// When it ends; `None` where it is permanent, where that is unknown, and where the time is
    /// beyond what a [`SystemTime`] holds.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.lifetime.end_from(self.received_at)
    }

    /// What speaks for a unit that is set wrongly. Where it is there, the lifetime is by the
    /// shortest reading; say it to whoever can change the setting.
    #[must_use]
    pub fn unit_mismatch(&self) -> Option<&UnitMismatch> {
        self.unit_mismatch.as_deref()
    }

    /// The app's UUID, as the service wrote it. The published samples mask it
    /// (`8be024f0-XXXX-…`), so it is text.
    #[must_use]
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }
}

/// A token of one user, for a client to log in with (grants `password` and `inherit`).
#[derive(Clone, Debug)]
pub struct UserToken {
    access_token: AccessToken,
    lifetime: Lifetime,
    received_at: SystemTime,
    unit_mismatch: Option<Arc<UnitMismatch>>,
    user: Option<User>,
}

impl UserToken {
    pub(crate) fn new(granted: Granted, user: Option<User>) -> Self {
        let Granted { access_token, lifetime, received_at, unit_mismatch } = granted;
        Self { access_token, lifetime, received_at, unit_mismatch, user }
    }

    /// The token itself.
    #[must_use]
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// How long it lives, counted from [`received_at`](Self::received_at).
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// When the answer that held it arrived.
    #[must_use]
    pub fn received_at(&self) -> SystemTime {
        self.received_at
    }

    /// When it ends; `None` where it is permanent, where that is unknown, and where the time is
    /// beyond what a [`SystemTime`] holds.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.lifetime.end_from(self.received_at)
    }

    /// What speaks for a unit that is set wrongly. Where it is there, the lifetime is by the
    /// shortest reading; say it to whoever can change the setting.
    #[must_use]
    pub fn unit_mismatch(&self) -> Option<&UnitMismatch> {
        self.unit_mismatch.as_deref()
    }

    /// The user whom the service wrote beside the token. An answer without one still gives a
    /// token.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }
}

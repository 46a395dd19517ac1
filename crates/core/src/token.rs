//! Tokens that the service issues: for the app server, and for one user.

mod access_token;
pub mod inspect;
mod lifetime;
mod ttl;
mod unit_mismatch;
mod user;
mod user_id;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderValue;

use self::inspect::claimed_lifetime;
use crate::policy::WallTime;

pub use self::access_token::AccessToken;
pub use self::lifetime::Lifetime;
pub use self::ttl::{Ttl, TtlUnit, TtlUnits};
pub use self::unit_mismatch::UnitMismatch;
pub use self::user::User;
pub(crate) use self::user::UserParts;
pub use self::user_id::{UserId, UserIdText};

/// The usual and the longest time for which a token of unknown lifetime is cached.
const UNKNOWN_CACHED: Duration = Duration::from_secs(60);
const UNKNOWN_CACHED_AT_MOST: Duration = Duration::from_secs(60 * 60);

/// Common properties of the tokens of all grants.
pub trait IssuedToken {
    /// The token itself.
    fn access_token(&self) -> &AccessToken;

    /// Its lifetime, as the service reported it.
    fn lifetime(&self) -> Lifetime;

    /// Evidence that the configured unit of lifetimes is wrong.
    fn unit_mismatch(&self) -> Option<&UnitMismatch>;

    /// Whether the response proves that the token is for the requested user, or there is no user.
    fn names_its_user(&self) -> bool;

    /// The time at which it arrived from the service, on this process's wall clock, if that is known.
    ///
    /// For a token of another process it is earlier than when this process took it over.
    fn arrived_at(&self) -> Option<SystemTime> {
        None
    }

    /// Its age when this process received it: zero, unless another process fetched it.
    fn age_when_received(&self) -> Duration {
        Duration::ZERO
    }

    /// The time for which a cache may return it.
    ///
    /// That is its lifetime. A token of unknown lifetime is cached for a minute, so that not every call
    /// sends a request. If the token itself contains a lifetime ([`inspect`](crate::inspect)), it is
    /// cached for that time, at most an hour; 0 means permanent there.
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

/// Facts in every response that holds a token.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) access_token: AccessToken,
    pub(crate) lifetime: Lifetime,
    pub(crate) received_at: WallTime,
    pub(crate) unit_mismatch: Option<Arc<UnitMismatch>>,
}

/// A token of the app itself, with administrator rights (grant `client_credentials`). Cloning shares
/// the text.
#[derive(Clone, Debug)]
pub struct AppToken {
    granted: Granted,
    application: Option<Arc<str>>,
}

impl AppToken {
    pub(crate) fn new(granted: Granted, application: Option<Arc<str>>) -> Self {
        Self { granted, application }
    }

    /// An app token that was stored elsewhere, with what the service reported when it was issued.
    ///
    /// Without these facts use [`Lifetime::Unknown`] and the present.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use easemob_token_core::{AccessToken, AppToken, Inherit, Lifetime};
    ///
    /// let access_token = AccessToken::new("YWMt-stored")?;
    /// let app_token = AppToken::from_parts(access_token, Lifetime::Unknown, SystemTime::now());
    /// let grant = Inherit::new("alice", &app_token)?;
    /// # Ok::<(), easemob_token_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn from_parts(
        access_token: AccessToken,
        lifetime: Lifetime,
        received_at: SystemTime,
    ) -> Self {
        let received_at = received_at.into();
        let granted = Granted { access_token, lifetime, received_at, unit_mismatch: None };
        Self::new(granted, None)
    }

    fn granted(&self) -> &Granted {
        &self.granted
    }

    /// The same token with the UUID of its app.
    pub(crate) fn of_application(self, application: Option<Arc<str>>) -> Self {
        Self { application, ..self }
    }

    /// The value of an `Authorization` header that carries it; marked sensitive.
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        self.access_token().authorization()
    }

    /// The app's UUID, as the service wrote it. The published samples mask it
    /// (`8be024f0-XXXX-…`), so it is text.
    #[must_use]
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }
}

/// A token of one user, for a client to log in with (grants `password` and `inherit`). Cloning shares
/// all of it.
#[derive(Clone)]
pub struct UserToken(Arc<UserGranted>);

struct UserGranted {
    granted: Granted,
    user: Option<User>,
}

impl UserToken {
    pub(crate) fn new(granted: Granted, user: Option<User>) -> Self {
        Self(Arc::new(UserGranted { granted, user }))
    }

    fn granted(&self) -> &Granted {
        &self.0.granted
    }

    /// The user in the response. It can be missing.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.0.user.as_ref()
    }
}

impl fmt::Debug for UserToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UserGranted { granted, user } = &*self.0;
        f.debug_struct("UserToken").field("granted", granted).field("user", user).finish()
    }
}

/// Gives a type of token the getters of its granted facts, as methods and as the trait.
macro_rules! issued_token {
    ($token:ty, $names_its_user:expr) => {
        impl $token {
            /// The token itself.
            #[must_use]
            pub fn access_token(&self) -> &AccessToken {
                &self.granted().access_token
            }

            /// Its whole lifetime, counted from [`received_at`](Self::received_at). To hand a token on, use
            /// what is left of it ([`remaining_at`](Self::remaining_at)).
            #[must_use]
            pub fn lifetime(&self) -> Lifetime {
                self.granted().lifetime
            }

            /// The time at which the response arrived.
            #[must_use]
            pub fn received_at(&self) -> SystemTime {
                self.granted().received_at.into()
            }

            /// The time at which it expires.
            ///
            /// `None` if it is permanent, if that is unknown, or if the time is beyond what a [`SystemTime`]
            /// holds.
            #[must_use]
            pub fn expires_at(&self) -> Option<SystemTime> {
                self.received_at().checked_add(self.lifetime().duration()?)
            }

            /// The time for which it is still valid at `now`, by the wall clock: zero if it is over.
            ///
            /// `None` if it is permanent or of unknown lifetime, which [`lifetime`](Self::lifetime) tells apart.
            /// If the clock was set back to before the token was received, it is the whole lifetime.
            #[must_use]
            pub fn remaining_at(&self, now: SystemTime) -> Option<Duration> {
                let passed = WallTime::from(now).since(self.granted().received_at);
                self.lifetime().remaining_after(passed)
            }

            /// Evidence that the configured unit is wrong. If there is any, the lifetime is the shortest
            /// reading; show it to the operator, who can change the setting.
            #[must_use]
            pub fn unit_mismatch(&self) -> Option<&UnitMismatch> {
                self.granted().unit_mismatch.as_deref()
            }
        }

        impl IssuedToken for $token {
            fn access_token(&self) -> &AccessToken {
                self.access_token()
            }

            fn lifetime(&self) -> Lifetime {
                self.lifetime()
            }

            fn arrived_at(&self) -> Option<SystemTime> {
                Some(self.received_at())
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

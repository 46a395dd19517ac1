//! A token that a client handed out, with the client's clock.

use std::fmt;
use std::ops::Deref;
use std::time::{Duration, SystemTime};

use easemob_token_core::{
    self as core, AccessToken, IssuedToken, Lifetime, Now, UnitMismatch, WallTime,
};

use crate::clock::Clock;

/// A token of the app itself, with administrator rights. Get it by
/// [`Client::app_token`](crate::Client::app_token).
pub type AppToken = Issued<core::AppToken>;

/// A token of one user, for a client to log in with. Get it by
/// [`Client::user_token`](crate::Client::user_token) or
/// [`Client::user_token_by_password`](crate::Client::user_token_by_password).
pub type UserToken = Issued<core::UserToken>;

/// A token that a client handed out; it derefs to the token.
///
/// It knows the client's clock, and so [what is left](Self::remaining) of its lifetime. Cloning shares
/// the text; `Debug` does not show it.
#[derive(Clone)]
// A token is copied right after it was copied. In this order the second copy does not wait for the
// first one, which saves a tenth of a cache hit.
#[repr(C)]
pub struct Issued<T> {
    received: Now,
    token: T,
    clock: Clock,
}

impl<T: IssuedToken> Issued<T> {
    /// A token that was received at this time of this clock.
    pub(crate) fn new(token: T, received: Now, clock: &Clock) -> Self {
        Self { token, received, clock: clock.clone() }
    }

    /// The time since it was issued.
    fn age(&self) -> Duration {
        let passed = self.clock.now().since(self.received);
        passed.saturating_add(self.age_when_received())
    }

    /// The time for which it is still valid: zero if it is over.
    ///
    /// A login hands on this time, not the whole lifetime: a token from the cache can be near its end.
    /// `None` if it is permanent or of unknown lifetime, which `lifetime()` tells apart.
    ///
    /// Both clocks of the machine count, as in the cache: neither a suspended machine nor a wall clock
    /// that is set back makes a token live longer.
    ///
    /// ```
    /// use easemob_token::{Client, Error};
    ///
    /// /// What a login hands on: the token, and its seconds if they are limited.
    /// async fn login(client: &Client, user_id: &str) -> Result<(String, Option<u64>), Error> {
    ///     let token = client.user_token(user_id).await?;
    ///     let seconds = token.remaining().map(|left| left.as_secs());
    ///     Ok((token.access_token().expose().to_owned(), seconds))
    /// }
    /// ```
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.token.lifetime().remaining_after(self.age())
    }
}

impl<T> Deref for Issued<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.token
    }
}

impl<T: IssuedToken> IssuedToken for Issued<T> {
    fn access_token(&self) -> &AccessToken {
        self.token.access_token()
    }

    fn lifetime(&self) -> Lifetime {
        self.token.lifetime()
    }

    fn unit_mismatch(&self) -> Option<&UnitMismatch> {
        self.token.unit_mismatch()
    }

    fn names_its_user(&self) -> bool {
        self.token.names_its_user()
    }

    fn arrived_at(&self) -> Option<SystemTime> {
        self.token.arrived_at()
    }

    // A token of another process arrived there earlier than here.
    fn age_when_received(&self) -> Duration {
        let arrived = self.token.arrived_at().map_or(self.received.wall, WallTime::from);
        self.received.wall.since(arrived)
    }
}

impl<T: fmt::Debug> fmt::Debug for Issued<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.token.fmt(f)
    }
}

//! User tokens by user ID, cached if that was asked for: one cache a user, bounded in number.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError, Weak};

use easemob_token_core::{
    AccessToken, AppToken, BuildError, GrantType, Inherit, Ttl, UserId, UserToken,
};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;

use super::{AppAuthorized, WithAppToken};
use crate::acquire::{GrantSource, InFlight, RequestContext, RetryRun};
use crate::cache::{TokenCache, TokenSource};
use crate::error::Error;
use crate::sync::{Mutex, MutexGuard};

/// Key of a cached user token: the user and the options of the request.
///
/// The user ID is sent as it was written first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UserTokenKey {
    pub(crate) user_id: UserId,
    pub(crate) auto_create_user: bool,
    pub(crate) ttl: Ttl,
}

impl UserTokenKey {
    /// The grant for this user, to be made with an app token.
    pub(crate) fn source<'a>(
        &'a self,
        with_app_token: &'a WithAppToken,
    ) -> impl GrantSource<Token = UserToken> + 'a {
        let make = |app_token: &AppToken| -> Result<Inherit, BuildError> {
            let grant = Inherit::new(&self.user_id, app_token)?;
            Ok(grant.with_auto_create_user(self.auto_create_user).with_ttl(self.ttl))
        };
        AppAuthorized { app_tokens: &with_app_token.app_tokens, user_id: &self.user_id, make }
    }
}

/// The source of one user's token.
pub(crate) struct User {
    tokens: Weak<UserTokens>,
    with_app_token: Arc<WithAppToken>,
    key: UserTokenKey,
}

impl TokenSource for User {
    type Token = UserToken;
    const GRANT: GrantType = GrantType::Inherit;

    fn context(&self) -> &RequestContext {
        &self.with_app_token.context
    }

    async fn fetch(
        &self,
        in_flight: &InFlight<UserToken>,
        max_attempts: u32,
    ) -> Result<UserToken, Error> {
        let source = self.key.source(&self.with_app_token);
        RetryRun::new(self.context(), in_flight, max_attempts).run(&source).await
    }

    fn settled(&self, cache: &UserCache) {
        if let Some(tokens) = self.tokens.upgrade() {
            tokens.settle(&self.key, cache);
        }
    }
}

type UserCache = Arc<TokenCache<User>>;

/// The cached tokens of many users.
pub(crate) struct UserTokens {
    itself: Weak<Self>,
    with_app_token: Arc<WithAppToken>,
    /// Those whose acquisition has ended, well or not.
    cached: Cache<UserTokenKey, UserCache, UnitWeighter>,
    /// Those whose first acquisition is in flight. They are not in the cache, which may make room at any
    /// time: then the next caller would send a second request.
    waiting: Mutex<HashMap<UserTokenKey, UserCache>>,
    most_waiting: usize,
}

impl UserTokens {
    /// Tokens of about so many users; those that were asked for least make room.
    ///
    /// No more users wait than requests can be sent before their deadline.
    pub(crate) fn new(
        with_app_token: WithAppToken,
        capacity: NonZeroUsize,
        most_waiting: usize,
    ) -> Arc<Self> {
        let weight = u64::try_from(capacity.get()).unwrap_or(u64::MAX);
        // Memory is taken as users come.
        let expected = capacity.get().min(1024);
        Arc::new_cyclic(|itself| Self {
            itself: Weak::clone(itself),
            with_app_token: Arc::new(with_app_token),
            cached: Cache::with_weighter(expected, weight, UnitWeighter),
            waiting: Mutex::new(HashMap::new()),
            most_waiting,
        })
    }

    pub(crate) async fn get(&self, key: &UserTokenKey) -> Result<UserToken, Error> {
        let user = match self.cached.get(key) {
            Some(user) => user,
            None => self.user(key)?,
        };
        let deadline = || self.with_app_token.context.deadline();
        Ok(UserToken::clone(&*user.get(deadline).await?))
    }

    /// The cached token if it may be handed out.
    #[cfg(feature = "blocking")]
    pub(crate) fn peek(&self, key: &UserTokenKey) -> Option<UserToken> {
        self.cached.get(key)?.peek().map(|token| UserToken::clone(&*token))
    }

    /// The cache of a user without a token: the one that others wait at, or a new one.
    fn user(&self, key: &UserTokenKey) -> Result<UserCache, Error> {
        self.with_app_token.context.first_use.check()?;
        let mut waiting = self.waiting();
        // It may have gone from there to the cache in the meantime.
        if let Some(user) = self.cached.get(key).or_else(|| waiting.get(key).map(Arc::clone)) {
            return Ok(user);
        }
        if waiting.len() >= self.most_waiting {
            return Err(Error::too_many_users(self.with_app_token.context.limits.deadline));
        }
        let (tokens, with_app_token) =
            (Weak::clone(&self.itself), Arc::clone(&self.with_app_token));
        let user = TokenCache::new(User { tokens, with_app_token, key: key.clone() });
        waiting.insert(key.clone(), Arc::clone(&user));
        Ok(user)
    }

    /// The acquisition of this user's token has ended: the token is cached from now on.
    fn settle(&self, key: &UserTokenKey, user: &UserCache) {
        let mut waiting = self.waiting();
        if waiting.get(key).is_some_and(|it| Arc::ptr_eq(it, user)) {
            self.cached.insert(key.clone(), Arc::clone(user));
            waiting.remove(key);
        }
    }

    pub(crate) fn invalidate(&self, key: &UserTokenKey, unwanted: &AccessToken) {
        if let Some(user) = self.cached.peek(key) {
            user.invalidate(unwanted);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<UserTokenKey, UserCache>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for UserTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTokens")
            .field("cached", &self.cached.len())
            .field("waiting", &self.waiting().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use quick_cache::DefaultHashBuilder;

    use super::*;

    fn key(user_id: &str) -> UserTokenKey {
        let user_id = UserId::new(user_id).unwrap();
        UserTokenKey { user_id, auto_create_user: false, ttl: Ttl::ServerDefault }
    }

    #[test]
    fn keys_that_the_service_does_not_tell_apart_are_one() {
        let hasher = DefaultHashBuilder::default();
        assert_eq!(key("Alice"), key("aLICE"));
        assert_eq!(hasher.hash_one(key("Alice")), hasher.hash_one(key("aLICE")));
        assert_ne!(key("alice"), key("alicf"));
        assert_ne!(key("alice"), UserTokenKey { auto_create_user: true, ..key("alice") });
        assert_ne!(key("alice"), UserTokenKey { ttl: Ttl::Permanent, ..key("alice") });
    }
}

//! Cached user tokens by user ID: one token cache per user, bounded in number.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError, Weak};

use easemob_token_core::{self as core, BuildError, GrantType, Inherit, Ttl, UserId};
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, UnitWeighter};

use super::{AppAuthorized, WithAppToken};
use crate::acquire::{GrantSource, RequestContext, RetryRun};
use crate::cache::{EntryInFlight, Fetched, TokenCache, TokenSource};
use crate::error::Error;
use crate::issued::{AppToken, UserToken};
use crate::sync::{Mutex, MutexGuard};

/// Key of a cached user token: the user and the options of the request.
///
/// The user ID is sent as its first caller wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserTokenKey {
    pub(crate) user_id: UserId,
    pub(crate) auto_create_user: bool,
    pub(crate) ttl: Ttl,
}

impl UserTokenKey {
    /// The source of this user's grants, which carry an app token.
    pub(crate) fn source<'a>(
        &'a self,
        with_app_token: &'a WithAppToken,
    ) -> impl GrantSource<Token = core::UserToken> + 'a {
        let make = |app_token: &AppToken| -> Result<Inherit, BuildError> {
            let grant = Inherit::new(&self.user_id, app_token)?;
            Ok(grant.with_auto_create_user(self.auto_create_user).with_ttl(self.ttl))
        };
        AppAuthorized { app_tokens: &with_app_token.app_tokens, user_id: &self.user_id, make }
    }
}

impl Hash for UserTokenKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.user_id.hash(state);
    }
}

/// Finds all keys of one user, whatever their options.
///
/// A user's keys have one hash, so a cache that looks for this value compares it with each of them.
/// It is equal to none: it takes their copies and the search goes on.
struct UserKeys<'a> {
    user_id: &'a UserId,
    found: RefCell<Vec<UserTokenKey>>,
}

impl Hash for UserKeys<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.user_id.hash(state);
    }
}

impl Equivalent<UserTokenKey> for UserKeys<'_> {
    fn equivalent(&self, key: &UserTokenKey) -> bool {
        if *self.user_id == key.user_id {
            self.found.borrow_mut().push(key.clone());
        }
        false
    }
}

/// The cached keys of one user.
fn keys_of<V: Clone>(
    cached: &Cache<UserTokenKey, V, UnitWeighter>,
    user_id: &UserId,
) -> Vec<UserTokenKey> {
    let keys = UserKeys { user_id, found: RefCell::default() };
    let _ = cached.peek(&keys);
    keys.found.into_inner()
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
        _: &UserCache,
        in_flight: &Arc<EntryInFlight<UserToken>>,
        max_attempts: u32,
    ) -> Result<Fetched<UserToken>, Error> {
        let source = self.key.source(&self.with_app_token);
        let run = RetryRun::new(self.context(), in_flight, max_attempts).run(&source);
        run.await.map(Fetched::Token)
    }

    fn finished(&self, cache: &UserCache) {
        if let Some(tokens) = self.tokens.upgrade() {
            tokens.finished(&self.key, cache);
        }
    }
}

/// The cache of one user's token.
pub(crate) type UserCache = Arc<TokenCache<User>>;

/// The cached tokens of many users.
pub(crate) struct UserTokens {
    itself: Weak<Self>,
    with_app_token: Arc<WithAppToken>,
    /// Users whose first acquisition has ended, with or without a token.
    cached: Cache<UserTokenKey, UserCache, UnitWeighter>,
    /// Users whose first acquisition is in flight. They are not in `cached`, which may evict them:
    /// then the next caller would send a second request.
    waiting: Mutex<HashMap<UserTokenKey, UserCache>>,
    max_waiting: usize,
}

impl UserTokens {
    /// Caches the tokens of about `capacity` users; the least used ones are evicted.
    ///
    /// At most `max_waiting` users wait for their first token, so that all can be served in time.
    pub(crate) fn new(
        with_app_token: WithAppToken,
        capacity: NonZeroUsize,
        max_waiting: usize,
    ) -> Arc<Self> {
        let weight = u64::try_from(capacity.get()).unwrap_or(u64::MAX);
        // Memory grows with the number of users.
        let expected = capacity.get().min(1024);
        Arc::new_cyclic(|itself| Self {
            itself: Weak::clone(itself),
            with_app_token: Arc::new(with_app_token),
            cached: Cache::with_weighter(expected, weight, UnitWeighter),
            waiting: Mutex::new(HashMap::new()),
            max_waiting,
        })
    }

    /// The cache of this user, if its first acquisition has ended.
    pub(crate) fn cached(&self, key: &UserTokenKey) -> Option<UserCache> {
        self.cached.get(key)
    }

    /// The token of this user, whose cache the caller has looked for already.
    pub(crate) async fn get(
        &self,
        key: &UserTokenKey,
        cached: Option<UserCache>,
    ) -> Result<UserToken, Error> {
        let user = match cached {
            Some(user) => user,
            None => self.user(key)?,
        };
        let deadline = || self.with_app_token.context.deadline();
        Ok(user.get(deadline).await?.clone())
    }

    /// The cached token if it is usable.
    #[cfg(feature = "blocking")]
    pub(crate) fn peek(&self, key: &UserTokenKey) -> Option<UserToken> {
        self.cached.get(key)?.peek().map(|token| token.clone())
    }

    /// The cache of a user that is not in `cached`: the one that others wait for, or a new one.
    fn user(&self, key: &UserTokenKey) -> Result<UserCache, Error> {
        self.with_app_token.context.check_process()?;
        let mut waiting = self.waiting();
        // It may have moved to `cached` meanwhile.
        if let Some(user) = self.cached.get(key).or_else(|| waiting.get(key).map(Arc::clone)) {
            return Ok(user);
        }
        if waiting.len() >= self.max_waiting {
            return Err(Error::too_many_users(self.with_app_token.context.limits.deadline));
        }
        let (tokens, with_app_token) =
            (Weak::clone(&self.itself), Arc::clone(&self.with_app_token));
        let user = TokenCache::new(User { tokens, with_app_token, key: key.clone() });
        waiting.insert(key.clone(), Arc::clone(&user));
        Ok(user)
    }

    /// Moves a user from `waiting` to `cached` when its first acquisition has ended.
    fn finished(&self, key: &UserTokenKey, user: &UserCache) {
        let mut waiting = self.waiting();
        if waiting.get(key).is_some_and(|it| Arc::ptr_eq(it, user)) {
            self.cached.insert(key.clone(), Arc::clone(user));
            waiting.remove(key);
        }
    }

    /// Drops this token if it is a cached one, whatever options it was fetched with.
    pub(crate) fn invalidate(&self, refused: &UserToken) {
        let token = refused.access_token();
        let named = refused.user().and_then(core::User::username).map(UserId::new);
        let keys = named
            .and_then(Result::ok)
            .map(|user_id| keys_of(&self.cached, &user_id))
            .unwrap_or_default();
        for key in &keys {
            if let Some(user) = self.cached.peek(key) {
                user.invalidate(token);
            }
        }
        if keys.is_empty() {
            // The response names no user, or in another way than the caller.
            self.cached.iter().for_each(|(_, user)| user.invalidate(token));
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
    fn one_lookup_finds_the_keys_of_one_user_whatever_their_options() {
        let cached = Cache::with_weighter(64, 64, UnitWeighter);
        let mut expected = vec![
            key("Alice"),
            UserTokenKey { auto_create_user: true, ..key("alice") },
            UserTokenKey { ttl: Ttl::Permanent, ..key("alice") },
        ];
        for key in expected.iter().chain(&[key("bob"), key("alicf")]) {
            cached.insert(key.clone(), ());
        }
        let mut found = keys_of(&cached, &UserId::new("aLICE").unwrap());
        for keys in [&mut expected, &mut found] {
            keys.sort_by_key(|key| (key.auto_create_user, key.ttl == Ttl::Permanent));
        }
        assert_eq!(found, expected);
        assert!(keys_of(&cached, &UserId::new("carol").unwrap()).is_empty());
    }

    #[test]
    fn keys_that_differ_only_in_case_are_equal() {
        let hasher = DefaultHashBuilder::default();
        assert_eq!(key("Alice"), key("aLICE"));
        assert_eq!(hasher.hash_one(key("Alice")), hasher.hash_one(key("aLICE")));
        assert_ne!(key("alice"), key("alicf"));
        assert_ne!(key("alice"), UserTokenKey { auto_create_user: true, ..key("alice") });
        assert_ne!(key("alice"), UserTokenKey { ttl: Ttl::Permanent, ..key("alice") });
    }
}

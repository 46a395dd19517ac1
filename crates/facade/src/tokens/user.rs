//! Cached user tokens by user ID, bounded in number.

mod cached;
mod key;

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError, Weak};

use easemob_token_core::{self as core, AccessToken, GrantType};
use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;

use self::cached::CachedUser;
use self::key::{CachedKey, KeysOfUser};
pub(crate) use self::key::{Lookup, UserTokenKey};
use super::{AppAuthorized, WithAppToken};
use crate::acquire::{GrantSource, RequestContext, RetryRun};
use crate::cache::{EntryInFlight, Fetched, TokenCache, TokenSource};
use crate::error::Error;
use crate::issued::{AppToken, UserToken};
use crate::sync::{Mutex, MutexGuard};

impl UserTokenKey {
    /// The source of this user's grants, which carry an app token.
    pub(crate) fn source<'a>(
        &'a self,
        with_app_token: &'a WithAppToken,
    ) -> impl GrantSource<Token = core::UserToken> + 'a {
        let make = |app_token: &AppToken| self.grant(app_token);
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

/// Users whose first acquisition is in flight.
type Waiting = HashMap<UserTokenKey, UserCache>;

/// The cached tokens of many users.
pub(crate) struct UserTokens {
    itself: Weak<Self>,
    with_app_token: Arc<WithAppToken>,
    /// Users whose first acquisition has ended, with or without a token.
    cached: Cache<CachedKey, CachedUser, UnitWeighter>,
    /// They are not in `cached`, which may evict them: then the next caller would send a second request.
    waiting: Mutex<Waiting>,
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
            waiting: Mutex::new(Waiting::new()),
            max_waiting,
        })
    }

    /// The cached token if it is fresh: one look at the cache, and no lock of ours.
    #[inline]
    pub(crate) fn try_fresh(&self, lookup: &Lookup<'_>) -> Option<UserToken> {
        match self.cached.get(lookup)? {
            CachedUser::Resting(user) => {
                let context = &self.with_app_token.context;
                let token = user.fresh(context.clock.now())?;
                context.telemetry.hit(User::GRANT);
                Some(token)
            }
            CachedUser::Active(user) => user.try_fresh().map(|token| token.clone()),
        }
    }

    /// The token of this user.
    pub(crate) async fn get(&self, key: &UserTokenKey) -> Result<UserToken, Error> {
        let context = &self.with_app_token.context;
        let cached = self.cached.get(&key.lookup());
        let user = match (cached, context.check_process()) {
            (Some(CachedUser::Active(user)), _) => user,
            // A thread of the parent process may hold the lock.
            (Some(CachedUser::Resting(user)), Err(error)) => {
                return user.usable(context.clock.now()).ok_or(error);
            }
            (_, process) => process.and_then(|()| self.user(key, &mut self.waiting()))?,
        };
        Ok(user.get(|| context.deadline()).await?.clone())
    }

    /// The cached token if it is usable.
    #[cfg(feature = "blocking")]
    pub(crate) fn peek(&self, key: &UserTokenKey) -> Option<UserToken> {
        if let Some(token) = self.try_fresh(&key.lookup()) {
            return Some(token);
        }
        self.cached.get(&key.lookup())?;
        let user = self.user(key, &mut self.waiting()).ok()?;
        user.peek().map(|token| token.clone())
    }

    /// The cache of a user with all its state: the one that others use, or a new one.
    fn user(&self, key: &UserTokenKey, waiting: &mut Waiting) -> Result<UserCache, Error> {
        let source = || User {
            tokens: Weak::clone(&self.itself),
            with_app_token: Arc::clone(&self.with_app_token),
            key: key.clone(),
        };
        match self.cached.get(&key.lookup()) {
            Some(CachedUser::Active(user)) => return Ok(user),
            Some(CachedUser::Resting(resting)) => {
                let user = TokenCache::resumed(source(), resting.token, resting.state);
                self.cached.insert(key.into(), CachedUser::Active(Arc::clone(&user)));
                return Ok(user);
            }
            None => {}
        }
        if let Some(user) = waiting.get(key) {
            return Ok(Arc::clone(user));
        }
        if waiting.len() >= self.max_waiting {
            return Err(Error::too_many_users(self.with_app_token.context.limits.deadline));
        }
        let user = TokenCache::new(source());
        waiting.insert(key.clone(), Arc::clone(&user));
        Ok(user)
    }

    /// Called when an acquisition of this user has ended.
    ///
    /// After the first one the user moves from `waiting` to `cached`; after a success its token rests.
    fn finished(&self, key: &UserTokenKey, user: &UserCache) {
        // Under this lock nobody else changes what is cached for a user.
        let mut waiting = self.waiting();
        let is_new = waiting.get(key).is_some_and(|it| Arc::ptr_eq(it, user));
        if is_new || self.cached.peek(&key.lookup()).is_some_and(|it| it.is(user)) {
            self.cached.insert(key.into(), CachedUser::of(user));
        }
        if is_new {
            waiting.remove(key);
        }
    }

    /// Drops this token if it is a cached one, whatever options it was fetched with.
    pub(crate) fn invalidate(&self, refused: &UserToken) {
        let token = refused.access_token();
        let named = refused.user().and_then(core::User::username).unwrap_or_default();
        let mut keys = KeysOfUser::find(named, |keys| {
            let _ = self.cached.peek(keys);
        });
        if keys.is_empty() {
            // The response names no user, or in another way than the caller.
            let users = self.cached.iter();
            keys = users.filter(|(_, user)| user.holds(token)).map(|(key, _)| key).collect();
        }
        for key in keys.into_iter().flat_map(UserTokenKey::try_from) {
            self.invalidate_of(&key, token);
        }
    }

    /// Drops this token if it is the cached one of this key.
    fn invalidate_of(&self, key: &UserTokenKey, refused: &AccessToken) {
        let mut waiting = self.waiting();
        if !self.cached.peek(&key.lookup()).is_some_and(|user| user.holds(refused)) {
            return;
        }
        let user = self.user(key, &mut waiting).ok();
        let removed = user.and_then(|user| user.invalidate(refused).map(|entry| (user, entry)));
        // An observer may ask for a token.
        drop(waiting);
        if let Some((user, entry)) = removed {
            user.emit_invalidated(&entry);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
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

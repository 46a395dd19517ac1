//! Keys of user tokens: of a request, in the cache, and to look for.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use easemob_token_core::{BuildError, Inherit, Ttl, UserId, UserIdText};
use quick_cache::Equivalent;

/// Key of a user token: the user and the options of the request.
///
/// The user ID is sent as its first caller wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserTokenKey {
    pub(crate) user_id: UserId,
    pub(crate) options: UserTokenOptions,
}

/// The options of a request for a user token, in one number.
///
/// The lowest bit is whether the user is created; the others are the TTL in milliseconds, and two more.
/// Requests carry neither a fraction of a millisecond nor a time as long as the largest number.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct UserTokenOptions(u64);

const SERVER_DEFAULT: u64 = 0;
const PERMANENT: u64 = 1;

impl UserTokenOptions {
    pub(crate) fn with_auto_create_user(self, create: bool) -> Self {
        Self(self.0 & !1 | u64::from(create))
    }

    pub(crate) fn with_ttl(self, ttl: Ttl) -> Self {
        let ttl = match ttl {
            Ttl::ServerDefault => SERVER_DEFAULT,
            Ttl::Permanent => PERMANENT,
            Ttl::For(time) => {
                let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                millis.saturating_add(2).min(u64::MAX >> 1)
            }
        };
        Self(ttl << 1 | self.0 & 1)
    }

    fn auto_create_user(self) -> bool {
        self.0 & 1 == 1
    }

    fn ttl(self) -> Ttl {
        match self.0 >> 1 {
            SERVER_DEFAULT => Ttl::ServerDefault,
            PERMANENT => Ttl::Permanent,
            time => Ttl::For(Duration::from_millis(time - 2)),
        }
    }
}

impl fmt::Debug for UserTokenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTokenOptions")
            .field("auto_create_user", &self.auto_create_user())
            .field("ttl", &self.ttl())
            .finish()
    }
}

impl UserTokenKey {
    pub(crate) fn grant(
        &self,
        app_token: &easemob_token_core::AppToken,
    ) -> Result<Inherit, BuildError> {
        let grant = Inherit::new(&self.user_id, app_token)?.with_ttl(self.options.ttl());
        Ok(grant.with_auto_create_user(self.options.auto_create_user()))
    }

    /// What to look for in the cache.
    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup { user_id: Cow::Borrowed(self.user_id.as_str()), options: self.options }
    }
}

impl Hash for UserTokenKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.user_id.hash(state);
    }
}

/// A [`UserTokenKey`] in the cache, which has millions of them: half as large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CachedKey {
    user_id: Box<str>,
    options: UserTokenOptions,
}

impl Hash for CachedKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        UserIdText(&self.user_id).hash(state);
    }
}

impl From<&UserTokenKey> for CachedKey {
    fn from(key: &UserTokenKey) -> Self {
        Self { user_id: key.user_id.as_str().into(), options: key.options }
    }
}

impl TryFrom<CachedKey> for UserTokenKey {
    type Error = BuildError;

    fn try_from(key: CachedKey) -> Result<Self, BuildError> {
        Ok(Self { user_id: UserId::new(key.user_id)?, options: key.options })
    }
}

/// A key to look for: text that need not be a user ID, since only one can be found.
///
/// A request holds one, and the cache reads it in place: a copy takes as long as its hash.
#[derive(Debug)]
pub(crate) struct Lookup<'a> {
    user_id: Cow<'a, str>,
    pub(crate) options: UserTokenOptions,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(user_id: Cow<'a, str>) -> Self {
        Self { user_id, options: UserTokenOptions::default() }
    }

    pub(crate) fn key(&self) -> Result<UserTokenKey, BuildError> {
        Ok(UserTokenKey { user_id: UserId::new(&self.user_id)?, options: self.options })
    }
}

impl Hash for Lookup<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        UserIdText(&self.user_id).hash(state);
    }
}

impl Equivalent<CachedKey> for Lookup<'_> {
    fn equivalent(&self, key: &CachedKey) -> bool {
        UserIdText(&self.user_id) == UserIdText(&key.user_id) && self.options == key.options
    }
}

/// Finds all keys of one user, whatever their options.
///
/// A user's keys have one hash, so a cache that looks for this value compares it with each of them.
/// It is equal to none: it takes their copies and the search goes on.
pub(super) struct KeysOfUser<'a> {
    user_id: UserIdText<'a>,
    found: RefCell<Vec<CachedKey>>,
}

impl<'a> KeysOfUser<'a> {
    /// The keys that `search` comes across.
    pub(super) fn find(user_id: &'a str, search: impl FnOnce(&Self)) -> Vec<CachedKey> {
        let this = Self { user_id: UserIdText(user_id), found: RefCell::default() };
        search(&this);
        this.found.into_inner()
    }
}

impl Hash for KeysOfUser<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.user_id.hash(state);
    }
}

impl Equivalent<CachedKey> for KeysOfUser<'_> {
    fn equivalent(&self, key: &CachedKey) -> bool {
        if self.user_id == UserIdText(&key.user_id) {
            self.found.borrow_mut().push(key.clone());
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use quick_cache::DefaultHashBuilder;
    use quick_cache::sync::Cache;

    use super::*;

    fn key(user_id: &str, auto_create_user: bool, ttl: Ttl) -> UserTokenKey {
        let options =
            UserTokenOptions::default().with_auto_create_user(auto_create_user).with_ttl(ttl);
        UserTokenKey { user_id: UserId::new(user_id).unwrap(), options }
    }

    /// Keys that are all different.
    fn keys() -> Vec<UserTokenKey> {
        let ttls = [0, 1, 2, 1_500, 1 << 60]
            .map(|millis| Ttl::For(Duration::from_millis(millis)))
            .into_iter()
            .chain([Ttl::ServerDefault, Ttl::Permanent]);
        ttls.flat_map(|ttl| {
            [("Alice", true), ("alice", false), ("alicf", false)].map(|(id, it)| key(id, it, ttl))
        })
        .collect()
    }

    #[test]
    fn the_small_form_of_a_key_says_the_same() {
        let hasher = DefaultHashBuilder::default();
        for one in keys() {
            let cached = CachedKey::from(&one);
            assert_eq!(hasher.hash_one(&cached), hasher.hash_one(&one));
            assert_eq!(hasher.hash_one(&cached), hasher.hash_one(one.lookup()));
            for other in keys() {
                assert_eq!(other.lookup().equivalent(&cached), one == other, "{one:?} {other:?}");
            }
            assert_eq!(UserTokenKey::try_from(cached).unwrap(), one);
        }
        let other_case = key("aLICE", false, Ttl::ServerDefault);
        assert!(other_case.lookup().equivalent(&(&key("Alice", false, Ttl::ServerDefault)).into()));
    }

    #[test]
    fn fractions_that_no_request_carries_make_no_difference() {
        let options = UserTokenOptions::default().with_auto_create_user(true);
        let of = |time: Duration| options.with_ttl(time.into());
        assert_eq!(of(Duration::from_nanos(1_999_999)), of(Duration::from_millis(1)));
        assert!(of(Duration::MAX).auto_create_user());
    }

    #[test]
    fn one_search_finds_the_keys_of_one_user_whatever_their_options() {
        let cached = Cache::new(64);
        for key in keys() {
            cached.insert(CachedKey::from(&key), ());
        }
        let search = |user_id| {
            KeysOfUser::find(user_id, |keys| {
                let _ = cached.peek(keys);
            })
        };
        let mut found: Vec<_> = search("aLICE").into_iter().map(UserTokenKey::try_from).collect();
        found.sort_by_key(|key| format!("{key:?}"));
        let mut expected = keys();
        expected.retain(|key| key.user_id == UserId::new("alice").unwrap());
        expected.sort_by_key(|key| format!("Ok({key:?})"));
        assert_eq!(found.into_iter().map(Result::unwrap).collect::<Vec<_>>(), expected);
        assert!(search("carol").is_empty());
    }
}

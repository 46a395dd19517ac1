//! User tokens by user ID, kept where that was asked for: one cache a user, bounded in number.

use std::convert::Infallible;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::Arc;

use easemob_token_core::{AccessToken, AppToken, Inherit, Ttl, UserToken};
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, UnitWeighter};

use crate::acquire::Acquirer;
use crate::cache::{Source, TokenCache};
use crate::error::Error;
use crate::event::GrantType;
use crate::on_behalf::OnBehalf;

/// What is asked for: whose token, and with which options.
///
/// Two are equal where the service would not tell them apart: it reads user IDs without regard to
/// case. The user ID is sent as it was written first.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) username: String,
    pub(crate) auto_create_user: bool,
    pub(crate) ttl: Ttl,
}

impl Wish {
    /// One acquisition.
    pub(crate) async fn fetch(
        &self,
        behalf: &OnBehalf,
        attempts: u32,
        on_send: impl Fn(),
    ) -> Result<UserToken, Error> {
        let make = |app_token: &AppToken| {
            let grant = Inherit::new(&*self.username, app_token.access_token())?;
            Ok(grant.with_auto_create_user(self.auto_create_user).with_ttl(self.ttl))
        };
        behalf.acquire(GrantType::Inherit, attempts, on_send, make).await
    }
}

impl PartialEq for Wish {
    fn eq(&self, other: &Self) -> bool {
        self.username.eq_ignore_ascii_case(&other.username)
            && (self.auto_create_user, self.ttl) == (other.auto_create_user, other.ttl)
    }
}

impl Eq for Wish {}

impl Hash for Wish {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.username.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        (self.auto_create_user, self.ttl).hash(state);
    }
}

/// Where the token of one user comes from.
pub(crate) struct User {
    behalf: Arc<OnBehalf>,
    wish: Wish,
}

impl Source for User {
    type Token = UserToken;
    const GRANT: GrantType = GrantType::Inherit;

    fn acquirer(&self) -> &Acquirer {
        &self.behalf.acquirer
    }

    async fn fetch(
        &self,
        attempts: u32,
        on_send: impl Fn() + Send + Sync,
    ) -> Result<UserToken, Error> {
        self.wish.fetch(&self.behalf, attempts, on_send).await
    }
}

type UserCache = Arc<TokenCache<User>>;

/// The kept tokens of many users.
pub(crate) struct UserTokens {
    behalf: Arc<OnBehalf>,
    users: Cache<Wish, UserCache, UnitWeighter, DefaultHashBuilder, KeepUnderWay>,
}

impl UserTokens {
    /// Tokens of about so many users; those that were asked for least go first.
    pub(crate) fn new(behalf: OnBehalf, capacity: NonZeroUsize) -> Self {
        let weight = u64::try_from(capacity.get()).unwrap_or(u64::MAX);
        // Room is made as users come.
        let expected = capacity.get().min(1024);
        let hasher = DefaultHashBuilder::default();
        let users = Cache::with(expected, weight, UnitWeighter, hasher, KeepUnderWay);
        Self { behalf: Arc::new(behalf), users }
    }

    pub(crate) async fn get(&self, wish: &Wish) -> Result<UserToken, Error> {
        Ok(UserToken::clone(&*self.user(wish).get().await?))
    }

    /// The kept token where it may be handed out.
    #[cfg(feature = "blocking")]
    pub(crate) fn at_hand(&self, wish: &Wish) -> Option<UserToken> {
        self.users.get(wish)?.at_hand().map(|token| UserToken::clone(&*token))
    }

    /// The cache of this user, a new one where there is none.
    fn user(&self, wish: &Wish) -> UserCache {
        let make = || {
            let source = User { behalf: Arc::clone(&self.behalf), wish: wish.clone() };
            Ok::<_, Infallible>(TokenCache::new(source))
        };
        match self.users.get_or_insert_with(wish, make) {
            Ok(user) => user,
            Err(never) => match never {},
        }
    }

    pub(crate) fn invalidate(&self, wish: &Wish, refused: &AccessToken) {
        if let Some(user) = self.users.peek(wish) {
            user.invalidate(refused);
        }
    }
}

/// A user whose token is being fetched, or about to be, keeps the place: otherwise the next caller
/// would send a second request for it.
#[derive(Clone, Debug)]
struct KeepUnderWay;

impl Lifecycle<Wish, UserCache> for KeepUnderWay {
    type RequestState = ();

    fn is_pinned(&self, _: &Wish, user: &UserCache) -> bool {
        user.is_awaited()
    }
}

impl fmt::Debug for UserTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTokens").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    fn wish(username: &str) -> Wish {
        Wish { username: username.into(), auto_create_user: false, ttl: Ttl::ServerDefault }
    }

    #[test]
    fn wishes_that_the_service_does_not_tell_apart_are_one() {
        let hasher = DefaultHashBuilder::default();
        assert_eq!(wish("Alice"), wish("aLICE"));
        assert_eq!(hasher.hash_one(wish("Alice")), hasher.hash_one(wish("aLICE")));
        assert_ne!(wish("alice"), wish("alicf"));
        assert_ne!(wish("alice"), Wish { auto_create_user: true, ..wish("alice") });
        assert_ne!(wish("alice"), Wish { ttl: Ttl::Permanent, ..wish("alice") });
    }
}

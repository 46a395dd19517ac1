//! The caches to compare: the client with cached user tokens, and a map of tokens.

use std::sync::Arc;

use easemob_token::Client;
use quick_cache::sync::Cache;

use crate::inline::{Inline, Service, at_once};
use crate::sample::{self, good};

/// Reads the token of a cached user and returns its length.
pub(super) type Read = Box<dyn Fn(&str) -> usize + Send + Sync>;

/// A cache to fill with the tokens of so many users.
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) fill: fn(usize) -> Read,
}

pub(super) const QUICK_CACHE: Subject = Subject { name: "quick_cache alone", fill: quick_cache };
pub(super) const OURS: Subject = Subject { name: "Client::user_token", fill: client };

/// The map first, with which the client is compared.
pub(super) const SUBJECTS: [Subject; 2] = [QUICK_CACHE, OURS];

/// The user ID with this number.
pub(super) fn name_of(number: usize) -> String {
    format!("user{number:07}")
}

/// The capacity at which the users are all cached, although they are not spread evenly.
fn capacity(users: usize) -> usize {
    users + users / 10 + 10
}

fn client(users: usize) -> Read {
    let client = Client::builder(sample::BASE_URL, sample::APP_KEY)
        .client_credentials(sample::CLIENT_ID, sample::CLIENT_SECRET)
        .cache_user_tokens(capacity(users))
        .requests_per_second(u32::MAX)
        .transport(Service)
        .runtime(Inline)
        .build();
    let client = good(client);
    let read = move |user: &str| {
        let token = good(at_once(client.user_token(user).into_future()));
        token.access_token().expose().len()
    };
    for number in 0..users {
        read(&name_of(number));
    }
    Box::new(read)
}

/// A cached token and what a check of its expiry needs.
struct Cached {
    token: Box<str>,
    expires: u64,
}

fn quick_cache(users: usize) -> Read {
    let map = Cache::<Box<str>, Arc<Cached>>::new(capacity(users));
    for number in 0..users {
        let cached = Cached { token: sample::APP_TOKEN.into(), expires: sample::TTL };
        map.insert(name_of(number).into(), Arc::new(cached));
    }
    Box::new(move |user| {
        let cached = map.get(user).filter(|cached| cached.expires > 0);
        cached.map_or(0, |cached| cached.token.len())
    })
}

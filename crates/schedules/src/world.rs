//! A cache and everything around it, as the tests see them.

use std::sync::Arc;

use easemob_token_core::AccessToken;
use shuttle::sync::atomic::{AtomicU64, Ordering};

use crate::acquire::{Acquirer, Tasks, Telemetry};
use crate::cache::TokenCache;
use crate::clock::Clock;
use crate::error::Error;
use crate::received::Received as _;
use crate::service::{Service, State};

/// One client's cache, its service and its clock.
#[derive(Clone, Debug)]
pub struct World {
    cache: Arc<TokenCache<Service>>,
    service: Service,
}

/// A token that a caller got.
#[derive(Clone, Debug)]
pub struct Token {
    generation: u64,
    text: AccessToken,
}

impl Token {
    /// Its number in the cache.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the service made both at once.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.text.expose() == other.text.expose()
    }
}

impl World {
    /// A service that fails so often, and tasks that are lost so often, in a hundred.
    #[must_use]
    pub fn new(failing: u32, losing: u32) -> Self {
        let acquirer = Acquirer {
            clock: Clock::default(),
            runtime: Tasks { losing },
            telemetry: Telemetry::default(),
        };
        let (asked, asked_now) = (AtomicU64::new(0), AtomicU64::new(0));
        let service = Service(Arc::new(State { acquirer, failing, asked, asked_now }));
        Self { cache: TokenCache::new(service.clone()), service }
    }

    /// What time it is.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.service.0.acquirer.clock
    }

    /// How many requests the service got.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.service.0.asked.load(Ordering::SeqCst)
    }

    /// The highest generation of which every call that starts now must know.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.service.0.acquirer.telemetry.published.load(Ordering::SeqCst)
    }

    /// What the client's `app_token` does.
    ///
    /// # Errors
    ///
    /// The acquisition failed, was lost, or may not begin yet.
    pub async fn token(&self) -> Result<Token, Error> {
        let token = self.cache.get().await?;
        Ok(Token { generation: token.generation(), text: token.access_token().clone() })
    }

    /// The service refused this token.
    pub fn invalidate(&self, refused: &Token) {
        self.cache.invalidate(&refused.text);
    }
}

//! The place of a shared record: its name in the store and the seal of what is there.

use std::sync::Arc;

use easemob_token_core::{TokenEndpoint, Ttl};
use easemob_token_store::{MAX_RECORD_BYTES, StoreError, StoreErrorKind, Stored};
use ring::rand::{SecureRandom, SystemRandom};

use super::name::record_name;
use super::seal::Seal;
use crate::tokens::Known;

/// The name and the seal of a record for one set of credentials.
pub(super) struct Place {
    pub(super) name: String,
    seal: Arc<Seal>,
}

impl Place {
    /// The place that these credentials lead to, under the key that the application chose, if it did.
    pub(super) fn new(
        chosen: Option<&str>,
        endpoint: &TokenEndpoint,
        known: &Known,
        ttl: Ttl,
    ) -> Self {
        let seal = Seal::new(endpoint.app_key(), &known.secret);
        let name = record_name(chosen, endpoint, &known.client_id, ttl, &seal);
        Self { name, seal: Arc::new(seal) }
    }

    /// The place of another record, under the same key.
    pub(super) fn beside(&self, part: &str) -> Self {
        Self { name: format!("{}:{part}", self.name), seal: Arc::clone(&self.seal) }
    }

    /// The text in these bytes; `None` if they were not sealed for this place.
    pub(super) fn open(&self, stored: &Stored) -> Option<Vec<u8>> {
        let bytes = Some(stored.record()).filter(|it| it.len() <= MAX_RECORD_BYTES)?;
        self.seal.open(&self.name, bytes)
    }

    /// Seals a text. It fails if that is too large, or if the system has no randomness.
    pub(super) fn seal(&self, text: &[u8]) -> Result<Vec<u8>, StoreError> {
        let refused = |cause| StoreError::new(StoreErrorKind::Refused, cause);
        let nonce = random().ok_or_else(|| refused("the system has no randomness"))?;
        let sealed = self.seal.seal(&self.name, nonce, text);
        if sealed.len() > MAX_RECORD_BYTES {
            return Err(refused("the record is too large"));
        }
        Ok(sealed)
    }
}

/// Random bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes)
}

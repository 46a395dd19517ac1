//! The place of the shared record: its name in the store and the seal of what is there.

use easemob_token_core::{FleetRecord, TokenEndpoint, Ttl};
use easemob_token_store::{MAX_RECORD_BYTES, Stored};
use ring::rand::{SecureRandom, SystemRandom};

use super::name::record_name;
use super::seal::Seal;
use crate::tokens::Known;

/// The name and the seal of the record for one set of credentials.
pub(super) struct Place {
    pub(super) name: String,
    seal: Seal,
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
        Self { name, seal }
    }

    /// The record in these bytes; an empty one if they were not sealed for this place.
    pub(super) fn open(&self, stored: Option<&Stored>) -> FleetRecord {
        let bytes = stored.map(Stored::record).filter(|it| it.len() <= MAX_RECORD_BYTES);
        let text = bytes.and_then(|bytes| self.seal.open(&self.name, bytes));
        text.map_or(FleetRecord::EMPTY, |text| FleetRecord::decode(&text))
    }

    /// Seals a record; `None` if it is too large, or if the system has no randomness.
    pub(super) fn seal(&self, record: &FleetRecord) -> Option<Vec<u8>> {
        let sealed = self.seal.seal(&self.name, random()?, &record.encode());
        (sealed.len() <= MAX_RECORD_BYTES).then_some(sealed)
    }
}

/// Random bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes)
}

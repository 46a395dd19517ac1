//! Checks of the model: what a record that is written may change.

use std::time::{Duration, SystemTime};

use super::super::super::FleetRecord;
use super::World;
use crate::policy::Uptime;
use crate::token::{AccessToken, AppToken, Lifetime};

impl World {
    /// Checks a record that replaces the one in the store.
    pub(super) fn written(&mut self, index: usize, new: &FleetRecord) -> Result<(), String> {
        let own = self.processes[index].owner_id(index);
        if let Some(token) = new.token.as_ref().filter(|it| it.is_refused) {
            self.refused.insert(number(&token.access_token));
        }
        let Some((old, written)) = &self.store else { return Ok(()) };
        let passed = Duration::from_millis(self.now - written);
        let other = old.lease.filter(|lease| lease.time > passed && lease.owner != own);
        if other.is_some() && new.lease.is_none_or(|lease| lease.owner == own) {
            return Err("a live lease was replaced".to_owned());
        }
        let (before, after) = (token(old), token(new));
        let grows = if before == after {
            new.generation >= old.generation
        } else {
            new.generation > old.generation
        };
        if !grows {
            return Err(format!("generation {} after {}", new.generation, old.generation));
        }
        if after < before && !old.token.as_ref().is_some_and(|it| it.is_refused) {
            return Err(format!("token {after:?} was written late over {before:?}"));
        }
        Ok(())
    }
}

pub(super) fn millis(time: Uptime) -> u64 {
    u64::try_from(time.since_origin().as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn text(number: u64) -> AccessToken {
    AccessToken::new(&number.to_string()).unwrap()
}

pub(super) fn number(token: &AccessToken) -> u64 {
    token.expose().parse().unwrap()
}

fn token(record: &FleetRecord) -> Option<u64> {
    record.token.as_ref().map(|it| number(&it.access_token))
}

pub(super) fn app_token(number: u64) -> AppToken {
    let life = Lifetime::Expires(Duration::from_secs(7_200));
    AppToken::from_parts(text(number), life, SystemTime::UNIX_EPOCH)
}

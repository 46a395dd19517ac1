//! One app token for a fleet: decisions of a process that shares a record with others.
//!
//! A store keeps one [`FleetRecord`] under a name: the token, who fetches the next one, the last failure,
//! and how many requests were sent. Every process reads it and replaces it by compare-and-swap. What
//! to read, write and send is decided here; the store, the clock and the network are the caller's.

mod record;
mod run;
mod step;
mod wire;

use std::time::Duration;

use super::Uptime;

pub use self::record::FleetRecord;
pub use self::run::FleetRun;
pub use self::step::{FleetEvent, FleetRest, FleetStart, FleetStep, FleetTrouble};

/// The first pause after trouble with the store, which doubles, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Memory of one process about its fleet, between the acquisitions.
///
/// Keep one for each record, and pass it to every [`FleetRun`].
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// Failures of the store in a row, and until when it is left alone.
    troubles: u32,
    closed_until: Uptime,
    last_trouble: Option<FleetTrouble>,
    /// The record that was seen last, and since when, for stores that cannot tell its age.
    watched: Option<(u128, Uptime)>,
    /// The highest generation that this process has seen or made.
    generation: u64,
    /// The generation of the token that it adopted or published last.
    held: u64,
}

impl Fleet {
    /// The memory of a process that has not used the store yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The trouble because of which the store is left alone at `now`, if it is.
    #[must_use]
    pub fn trouble(&self, now: Uptime) -> Option<FleetTrouble> {
        self.last_trouble.filter(|_| now < self.closed_until)
    }

    /// Leaves the store alone for 1 to 60 s, longer each time.
    fn failed(&mut self, trouble: FleetTrouble, now: Uptime) {
        let doublings = self.troubles.min(6);
        self.troubles = self.troubles.saturating_add(1);
        self.closed_until =
            now.after(FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE));
        self.last_trouble = Some(trouble);
    }

    fn works(&mut self) {
        self.troubles = 0;
        self.last_trouble = None;
    }

    /// How long this process has seen this record unchanged.
    fn watch(&mut self, nonce: u128, now: Uptime) -> Duration {
        match self.watched {
            Some((seen, since)) if seen == nonce => now.since(since),
            _ => {
                self.watched = Some((nonce, now));
                Duration::ZERO
            }
        }
    }
}

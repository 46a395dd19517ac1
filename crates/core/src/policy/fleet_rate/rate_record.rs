//! The shared record of the rate: when each permit is free again, and who took slots lately.

use std::time::Duration;

/// A process counts for so long after it took slots.
const LATELY: u64 = 10_000;
/// The most processes that a record lists.
const MOST_MEMBERS: usize = 1_000;
/// A permit is booked for less than this, so a later time means that the store's clock was set.
const FARTHEST: u64 = 60_000;
/// A permit that is added while the record is in use may still be booked by somebody for this long.
const ADDED_LATER: u64 = 20_000;

/// Permits that are free at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Free {
    /// In milliseconds of the fleet's time.
    pub(super) at: u64,
    pub(super) count: u32,
}

/// A process that took slots lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    id: u32,
    seen: u64,
    limit: u32,
}

/// What all processes of a fleet know about its rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RateRecord {
    /// Which clock record its times count from.
    pub(super) clock: u64,
    /// In the order of their times.
    free: Vec<Free>,
    members: Vec<Member>,
    /// Who wrote it, and that process's count of its records.
    pub(super) writer: (u32, u64),
}

/// The form of the record in JSON: version, clock, base time, permits, members, writer.
type Wire = (u8, u64, u64, Vec<(u64, u32)>, Vec<(u32, u64, u32)>, (u32, u64));

impl RateRecord {
    pub(super) fn empty(clock: u64) -> Self {
        Self { clock, free: Vec::new(), members: Vec::new(), writer: (0, 0) }
    }

    pub(super) fn decode(plaintext: &[u8]) -> Option<Self> {
        let (version, clock, base, free, members, writer): Wire =
            serde_json::from_slice(plaintext).ok()?;
        let free = free.into_iter().map(|(at, count)| Free { at: at.saturating_add(base), count });
        let members = members.into_iter().map(|(id, seen, limit)| {
            let seen = seen.saturating_add(base);
            Member { id, seen, limit }
        });
        let (mut free, mut members): (Vec<_>, Vec<_>) = (free.collect(), members.collect());
        free.sort_unstable_by_key(|it| it.at);
        members.truncate(MOST_MEMBERS);
        (version == 1).then_some(Self { clock, free, members, writer })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let first = self.free.first().map(|it| it.at);
        let times = self.members.iter().map(|it| it.seen).chain(first);
        // Times from a common base are short.
        let base = times.min().unwrap_or(0);
        let free = self.free.iter().map(|it| (it.at - base, it.count)).collect();
        let members = self.members.iter().map(|it| (it.id, it.seen - base, it.limit)).collect();
        let wire: Wire = (1, self.clock, base, free, members, self.writer);
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Whether its times make sense at this time of the fleet.
    pub(super) fn is_plausible(&self, now: u64) -> bool {
        let newest = self.members.iter().map(|it| it.seen).max();
        let last = self.free.last().map(|it| it.at).max(newest);
        last.is_none_or(|last| last <= now.saturating_add(FARTHEST))
    }

    /// Notes that this process takes slots, and forgets those that took none lately.
    pub(super) fn note(&mut self, id: u32, limit: u32, now: u64) {
        self.members.retain(|it| it.id != id && it.seen.saturating_add(LATELY) >= now);
        self.members.sort_unstable_by_key(|it| it.seen);
        let surplus = (self.members.len() + 1).saturating_sub(MOST_MEMBERS);
        self.members.drain(..surplus);
        self.members.push(Member { id, seen: now, limit });
    }

    /// The number of processes that took slots lately.
    pub(super) fn members(&self) -> u32 {
        u32::try_from(self.members.len()).unwrap_or(u32::MAX)
    }

    /// The lowest limit of those processes.
    pub(super) fn limit(&self) -> u32 {
        self.members.iter().map(|it| it.limit).min().unwrap_or(0).max(1)
    }

    /// When the next permit is free.
    pub(super) fn next(&self) -> u64 {
        self.free.first().map_or(0, |it| it.at)
    }

    /// Makes the number of permits the limit, and spreads those that are free by now.
    ///
    /// All but a burst of a tenth are spread over a second: unused slots are not saved up.
    pub(super) fn settle(&mut self, now: u64) {
        let limit = self.limit();
        let is_new = self.free.is_empty();
        let total = self.free.iter().fold(0_u32, |sum, it| sum.saturating_add(it.count));
        if total < limit {
            let at = if is_new { now } else { now + ADDED_LATER };
            self.free.push(Free { at, count: limit - total });
        }
        let burst = (limit / 10).max(1);
        let mut seen = 0_u32;
        let mut spread: Vec<Free> = Vec::with_capacity(self.free.len());
        for group in std::mem::take(&mut self.free) {
            let count = group.count.min(limit - seen);
            for _ in 0..count {
                let behind = u64::from(seen.saturating_sub(burst - 1));
                let at = group.at.max(now + behind * 1_000 / u64::from(limit));
                seen += 1;
                push(&mut spread, Free { at: rounded(at, limit), count: 1 });
            }
        }
        spread.sort_unstable_by_key(|it| it.at);
        self.free = spread;
    }

    /// The number of permits that are free by this time.
    pub(super) fn free_by(&self, time: u64) -> u32 {
        self.free.iter().take_while(|it| it.at <= time).map(|it| it.count).sum()
    }

    /// Takes one permit that is free by this time, and returns when it is.
    pub(super) fn take(&mut self, by: u64) -> Option<u64> {
        let first = self.free.first_mut().filter(|it| it.at <= by)?;
        let at = first.at;
        first.count -= 1;
        if first.count == 0 {
            self.free.remove(0);
        }
        Some(at)
    }

    /// Puts permits back that are free at these times.
    pub(super) fn put(&mut self, mut times: Vec<u64>) {
        let limit = self.limit();
        times.sort_unstable();
        let mut all = std::mem::take(&mut self.free);
        all.extend(times.into_iter().map(|at| Free { at: rounded(at, limit), count: 1 }));
        all.sort_by_key(|it| it.at);
        for group in all {
            push(&mut self.free, group);
        }
    }
}

/// Adds the permits to the last group if they are free at the same time.
fn push(groups: &mut Vec<Free>, group: Free) {
    match groups.last_mut() {
        Some(last) if last.at == group.at => last.count = last.count.saturating_add(group.count),
        _ => groups.push(group),
    }
}

/// The time, later by less than ten milliseconds if there are so many permits that the record grows.
fn rounded(at: u64, limit: u32) -> u64 {
    if limit > 1_000 { at.div_ceil(10).saturating_mul(10) } else { at }
}

/// The time in whole milliseconds, rounded up.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

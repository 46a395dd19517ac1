//! The rate that the clients of a fleet share: one task at a time books slots in the store.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use easemob_token_core::{RateAnswer, RateStep, TokenEndpoint, Ttl, Uptime};
use easemob_token_store::{StoreError, StoreErrorKind, Stored, Swap};

use super::access::StoreAccess;
use super::place::Place;
use crate::acquire::RequestContext;
use crate::clock::jitter;
use crate::sync::{Event, Mutex, MutexGuard};
use crate::tokens::Known;

/// A task that reports nothing for so long counts as lost, besides the time limit of the store.
const LOST: Duration = Duration::from_secs(2);
/// The longest pause without a sign of life.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The records in which the clients of a fleet book slots.
pub(crate) struct SharedRate {
    access: StoreAccess,
    /// The places of the clock record and of the rate's record.
    places: [Place; 2],
    context: Weak<RequestContext>,
    task: Mutex<RateTask>,
    /// Callers that wait for a slot that is not booked listen to it.
    booked: Event,
}

/// The task that books slots.
#[derive(Default)]
struct RateTask {
    number: u64,
    /// When it reported last; `None` if there is none.
    seen: Option<Uptime>,
    /// Both records, as they were read or written last.
    stored: [Option<Stored>; 2],
}

impl SharedRate {
    pub(super) fn new(
        access: StoreAccess,
        key: Option<&str>,
        endpoint: &TokenEndpoint,
        known: &Known,
        context: Weak<RequestContext>,
    ) -> Self {
        // Clients that want another lifetime have another token, but the same rate.
        let place = Place::new(key, endpoint, known, Ttl::ServerDefault);
        Self {
            access,
            places: [place.beside("clock"), place.beside("rate")],
            context,
            task: Mutex::default(),
            booked: Event::new(),
        }
    }

    /// The event after which a caller looks for its slot again.
    pub(crate) fn booked(&self) -> &Event {
        &self.booked
    }

    /// Starts the task if callers wait for slots and none runs.
    pub(crate) fn book(&self, now: Uptime) {
        let Some(context) = self.context.upgrade() else { return };
        if !context.queue.wants_step(now) {
            return;
        }
        let number = {
            let mut task = self.task();
            let lost = LOST.saturating_add(self.access.timeout());
            if task.seen.is_some_and(|seen| now.since(seen) < lost) {
                return;
            }
            task.number += 1;
            task.seen = Some(now);
            task.number
        };
        let runtime = Arc::clone(&context.runtime);
        let run = async move {
            if let Some(rate) = &context.rate {
                rate.run(&context, number).await;
            }
        };
        if runtime.spawn(Box::pin(run)).is_err() {
            self.end(number);
        }
    }

    /// Does the steps of the core's machine until no caller waits for a slot.
    async fn run(&self, context: &RequestContext, number: u64) {
        loop {
            let now = context.clock.uptime();
            if !self.report(number, now) {
                return;
            }
            let step = context.queue.step(now, jitter());
            let (index, write) = match step {
                RateStep::Idle => break,
                RateStep::WaitUntil(time) => {
                    context.sleep(time.since(now).min(LONGEST_PAUSE)).await;
                    continue;
                }
                RateStep::ReadClock => (0, None),
                RateStep::SwapClock { record, keep } => (0, Some((record, keep))),
                RateStep::Read => (1, None),
                RateStep::Swap { record, keep } => (1, Some((record, keep))),
            };
            let begin = context.clock.uptime();
            let result = match write {
                None => self.read(context, index).await,
                Some((record, keep)) => self.swap(context, index, &record, keep).await,
            };
            let end = context.clock.uptime();
            // A task that was taken for lost says nothing more.
            if !self.report(number, end) {
                return;
            }
            let again = self.answer(context, index, begin, end, result);
            self.booked.notify(again);
        }
        self.end(number);
        // A caller may have come since, and have seen this task.
        self.book(context.clock.uptime());
    }

    async fn read(&self, context: &RequestContext, index: usize) -> Result<Brought, StoreError> {
        let stored = self.access.read(context, &self.places[index].name).await?;
        Ok(Brought::Record(stored))
    }

    async fn swap(
        &self,
        context: &RequestContext,
        index: usize,
        record: &[u8],
        keep: Duration,
    ) -> Result<Brought, StoreError> {
        let place = &self.places[index];
        let sealed = place.seal(record)?;
        let expected = self.task().stored[index].clone();
        let name = &place.name;
        let swap = self.access.swap(context, name, expected.as_ref(), &sealed, keep).await?;
        Ok(match swap {
            Swap::Done => Brought::Written(Stored::new(sealed, None)),
            Swap::Changed => Brought::Changed,
        })
    }

    /// Tells the machine the result. Returns how many callers should look for their slots again.
    fn answer(
        &self,
        context: &RequestContext,
        index: usize,
        begin: Uptime,
        end: Uptime,
        result: Result<Brought, StoreError>,
    ) -> usize {
        let (text, left);
        let answer = match result {
            Ok(Brought::Record(stored)) => {
                left = stored.as_ref().and_then(Stored::left);
                text = stored.as_ref().and_then(|it| self.places[index].open(it));
                self.task().stored[index] = stored;
                RateAnswer::Record(text.as_deref().map(|text| (text, left)))
            }
            Ok(Brought::Written(stored)) => {
                self.task().stored[index] = Some(stored);
                RateAnswer::Done
            }
            Ok(Brought::Changed) => RateAnswer::Changed,
            Err(error) => {
                let is_unknown = error.kind() == StoreErrorKind::Timeout;
                RateAnswer::Failed { is_unknown }
            }
        };
        context.queue.answer(begin, end, answer)
    }

    /// Reports that the task of this number goes on. Returns whether no other has taken its place.
    fn report(&self, number: u64, now: Uptime) -> bool {
        let mut task = self.task();
        let is_current = task.number == number;
        if is_current {
            task.seen = Some(now);
        }
        is_current
    }

    fn end(&self, number: u64) {
        let mut task = self.task();
        if task.number == number {
            task.seen = None;
        }
    }

    fn task(&self) -> MutexGuard<'_, RateTask> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an operation of the store brought.
enum Brought {
    Record(Option<Stored>),
    Written(Stored),
    Changed,
}

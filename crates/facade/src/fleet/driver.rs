//! The driver: does in one acquisition what the core's machine for a fleet says.

use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::{
    ClientCredentials, FleetEvent, FleetRecord, FleetRest, FleetRun, FleetStart, FleetStep,
    FleetTrouble, GrantType, Uptime,
};
use easemob_token_store::{StoreError, StoreErrorKind, Stored, Swap};

use super::Shared;
use super::place::Place;
use crate::acquire::RequestContext;
use crate::cache::{EntryInFlight, EntryRetryRun, Fetched};
use crate::clock::jitter;
use crate::error::Error;
use crate::issued::{AppToken, Issued};
use crate::telemetry::Event;

const GRANT: GrantType = GrantType::ClientCredentials;

/// Result of a driver.
pub(crate) enum Driven {
    Ended(Result<Fetched<AppToken>, Error>),
    /// The last request failed, and no other one may be sent with these credentials.
    Failed(Error),
    /// The store is of no use now: the token is to be fetched without it.
    Alone,
}

/// One acquisition with one set of credentials. If it is dropped, it gives its lease back.
pub(super) struct Driver<'a> {
    shared: &'a Arc<Shared>,
    context: &'a Arc<RequestContext>,
    in_flight: &'a Arc<EntryInFlight<AppToken>>,
    place: Arc<Place>,
    /// `None` when it has ended.
    run: Option<FleetRun>,
    /// The record in the store, as this acquisition read it or wrote it last.
    stored: Option<Stored>,
    /// Since when it waits for another process.
    waits_since: Option<Uptime>,
}

/// What a step brought; the machine is told of it.
enum Brought {
    Read(FleetRecord),
    Swapped(Swap),
    Trouble(FleetTrouble),
    Token(AppToken),
    /// The request failed; another one may be sent at this time.
    Failure(Error, Option<Uptime>),
    Retry,
}

impl<'a> Driver<'a> {
    pub(super) fn start(
        shared: &'a Arc<Shared>,
        context: &'a Arc<RequestContext>,
        in_flight: &'a Arc<EntryInFlight<AppToken>>,
        place: Arc<Place>,
        start: FleetStart,
    ) -> (Self, FleetStep) {
        let now = context.clock.now();
        let (run, step) = FleetRun::new(start, &shared.memory(&place.name).fleet, now);
        let (run, stored, waits_since) = (Some(run), None, None);
        (Self { shared, context, in_flight, place, run, stored, waits_since }, step)
    }

    /// Runs the machine to its end.
    pub(super) async fn drive(
        &mut self,
        mut step: FleetStep,
        retry: &mut EntryRetryRun<'_, AppToken>,
        grant: &ClientCredentials,
    ) -> Driven {
        let (mut token, mut failure) = (None, None);
        loop {
            // Another acquisition has taken its place, with its lease.
            if self.in_flight.is_abandoned() {
                return Driven::Ended(Err(Error::dropped(self.in_flight.requests())));
            }
            let brought = match step {
                FleetStep::Read => self.read().await,
                FleetStep::ReadAt(time) => {
                    self.wait(time).await;
                    self.read().await
                }
                FleetStep::Swap { record, keep } => self.swap(&record, keep).await,
                FleetStep::Fetch => match retry.once(grant).await {
                    Ok(token) => Brought::Token(token),
                    Err((error, next)) => Brought::Failure(error, next),
                },
                FleetStep::Failed => match failure.take() {
                    Some((error, Some(time))) => {
                        self.wait_for_retry(&error, time).await;
                        Brought::Retry
                    }
                    Some((error, None)) => return Driven::Failed(error),
                    None => return Driven::Alone,
                },
                FleetStep::FetchAlone(_) => return Driven::Alone,
                end => return Driven::Ended(self.end(end, token)),
            };
            step = self.next(&brought);
            match brought {
                Brought::Token(fetched) => token = Some(fetched),
                Brought::Failure(error, next) => failure = Some((error, next)),
                _ => {}
            }
        }
    }

    /// Ends it: there is no lease to give back.
    pub(super) fn ended(mut self) {
        self.run = None;
        self.shared.memory(&self.place.name).ended(self.in_flight);
    }

    /// Tells the machine what a step brought.
    fn next(&mut self, brought: &Brought) -> FleetStep {
        let event = match brought {
            Brought::Read(record) => {
                let left = self.stored.as_ref().and_then(Stored::left);
                FleetEvent::Read { record, left }
            }
            Brought::Swapped(Swap::Done) => FleetEvent::Swapped,
            Brought::Swapped(Swap::Changed) => FleetEvent::Changed,
            Brought::Trouble(trouble) => FleetEvent::Trouble(*trouble),
            Brought::Token(token) => FleetEvent::Fetched(token),
            Brought::Failure(error, _) => FleetEvent::Failed(error.as_response()),
            Brought::Retry => FleetEvent::Retry,
        };
        let Some(run) = &mut self.run else { return FleetStep::DeadlineExceeded };
        let now = self.context.clock.now();
        run.next(&mut self.shared.memory(&self.place.name).fleet, event, now, jitter())
    }

    /// The result of a step that ends the acquisition.
    fn end(
        &mut self,
        step: FleetStep,
        token: Option<AppToken>,
    ) -> Result<Fetched<AppToken>, Error> {
        let (telemetry, grant) = (&self.context.telemetry, GRANT);
        let now = self.context.clock.now();
        if let Some(since) = self.waits_since.take() {
            telemetry.emit(&Event::LeaseWaited { grant, time: now.uptime.since(since) });
        }
        match step {
            FleetStep::Adopt { token, age } => {
                telemetry.emit(&Event::Adopted { grant, age });
                Ok(Fetched::Token(Issued::new(token, now, &self.context.clock)))
            }
            FleetStep::Keep(pause) => {
                telemetry.emit(&Event::LeaseWaited { grant, time: Duration::ZERO });
                Ok(Fetched::Deferred(pause))
            }
            FleetStep::Rest(rest) => {
                let pause = rest.retry_after;
                Ok(Fetched::Rested(self.rest(rest), pause))
            }
            FleetStep::DeadlineExceeded => Err(Error::deadline(self.in_flight.requests())),
            // `UseFetched`. The other steps do not end an acquisition.
            _ => token.map(Fetched::Token).ok_or_else(|| Error::dropped(self.in_flight.requests())),
        }
    }

    /// The error of the time in which the fleet sends nothing.
    fn rest(&self, rest: FleetRest) -> Error {
        match rest.error {
            Some(error) => Error::response(error, 0),
            None if rest.is_too_often => Error::too_often(),
            None => Error::not_reached_elsewhere(self.context.telemetry.host(), rest.retry_after),
        }
    }

    async fn read(&mut self) -> Brought {
        match self.shared.access.read(self.context, &self.place.name).await {
            Ok(stored) => {
                let text = stored.as_ref().and_then(|it| self.place.open(it));
                self.stored = stored;
                Brought::Read(text.map_or(FleetRecord::EMPTY, |text| FleetRecord::decode(&text)))
            }
            Err(error) => self.trouble(&error),
        }
    }

    async fn swap(&mut self, record: &FleetRecord, keep: Duration) -> Brought {
        let sealed = match self.place.seal(&record.encode()) {
            Ok(sealed) => sealed,
            Err(error) => return self.trouble(&error),
        };
        let (access, name) = (&self.shared.access, &self.place.name);
        match access.swap(self.context, name, self.stored.as_ref(), &sealed, keep).await {
            Ok(Swap::Done) => {
                self.stored = Some(Stored::new(sealed, Some(keep)));
                Brought::Swapped(Swap::Done)
            }
            Ok(Swap::Changed) => Brought::Swapped(Swap::Changed),
            Err(error) => self.trouble(&error),
        }
    }

    fn trouble(&self, error: &StoreError) -> Brought {
        self.context.telemetry.store_failed(error, self.context.clock.uptime());
        Brought::Trouble(match error.kind() {
            StoreErrorKind::Unreachable => FleetTrouble::Unreachable,
            StoreErrorKind::Timeout => FleetTrouble::Timeout,
            StoreErrorKind::Refused => FleetTrouble::Refused,
            StoreErrorKind::Broken => FleetTrouble::Broken,
        })
    }

    /// Waits until it is time to look at the record again.
    async fn wait(&mut self, time: Uptime) {
        let now = self.context.clock.uptime();
        self.waits_since.get_or_insert(now);
        self.context.sleep(time.since(now)).await;
    }

    async fn wait_for_retry(&self, error: &Error, time: Uptime) {
        let (grant, pause) = (GRANT, time.since(self.context.clock.uptime()));
        self.context.telemetry.emit(&Event::Retrying { grant, error, pause });
        self.context.sleep(pause).await;
    }
}

impl Drop for Driver<'_> {
    /// Gives a lease back at its best; otherwise it ends by itself.
    fn drop(&mut self) {
        if self.in_flight.is_abandoned() {
            return;
        }
        let run = self.run.take();
        let released = run.and_then(|run| run.release(self.context.clock.now()));
        let Some((record, keep)) = released else { return };
        let Ok(sealed) = self.place.seal(&record.encode()) else { return };
        let (shared, context) = (Arc::clone(self.shared), Arc::clone(self.context));
        let (place, stored) = (Arc::clone(&self.place), self.stored.take());
        let task = async move {
            let name = &place.name;
            let _ = shared.access.swap(&context, name, stored.as_ref(), &sealed, keep).await;
        };
        let _ = self.context.runtime.spawn(Box::pin(task));
    }
}

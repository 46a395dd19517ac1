//! The simulated store and service.

use std::time::Duration;

use easemob_token_core::Lifetime;
use easemob_token_core::{AccessToken, AppToken, FleetEvent, FleetRecord, FleetStep, FleetTrouble};

use super::{
    Answer, Event, REQUEST_TIME, STORE_LATENCY, STORE_TIMEOUT, Service, Simulation, StoreFault,
};

impl Simulation {
    /// Does the operation of this run in the store, and sends its answer.
    pub(super) fn reach_store(&mut self, index: usize, number: u64) {
        let Some(run) = self.processes[index].run.as_ref().filter(|it| it.number == number) else {
            return;
        };
        let (step, current) = (run.step.clone(), run.current.clone());
        self.operations += 1;
        let is_swap = matches!(step, FleetStep::Swap { .. });
        let trouble = match self.store {
            StoreFault::Fails(trouble) => Some(trouble),
            StoreFault::RefusesSwaps if is_swap => Some(FleetTrouble::Refused),
            _ => None,
        };
        if let Some(trouble) = trouble {
            let delay = if trouble == FleetTrouble::Timeout { STORE_TIMEOUT } else { 1 };
            self.at(delay, Event::Answer(index, number, Answer::Trouble(trouble)));
            return;
        }
        let now = self.now;
        let is_over = |written: u64, keep: Duration| Duration::from_millis(now - written) >= keep;
        self.record.take_if(|it| is_over(it.1, it.2));
        let there = self.record.as_ref().map(|it| it.0.clone());
        let answer = match step {
            FleetStep::Swap { .. } if there != current => Answer::Changed,
            FleetStep::Swap { record, keep } => {
                let before = there.as_deref().map(FleetRecord::decode);
                if before.is_some_and(|it| it.generation() > record.generation()) {
                    self.late_writes += 1;
                }
                let bytes = record.encode();
                self.record = Some((bytes.clone(), self.now, keep));
                Answer::Swapped(bytes)
            }
            _ => {
                let left = self.record.as_ref().map(|(_, written, keep)| {
                    keep.saturating_sub(Duration::from_millis(self.now - written))
                });
                Answer::Read(there, left.filter(|_| self.tells_time))
            }
        };
        self.at(STORE_LATENCY / 2, Event::Answer(index, number, answer));
    }

    pub(super) fn answered(&mut self, index: usize, number: u64, answer: Answer) {
        let Some(run) = self.processes[index].run.as_mut().filter(|it| it.number == number) else {
            return;
        };
        match answer {
            Answer::Read(bytes, left) => {
                let record = bytes.as_deref().map_or(FleetRecord::EMPTY, FleetRecord::decode);
                run.current = bytes;
                self.next(index, FleetEvent::Read { record: &record, left });
            }
            Answer::Swapped(bytes) => {
                run.current = Some(bytes);
                self.next(index, FleetEvent::Swapped);
            }
            Answer::Changed => self.next(index, FleetEvent::Changed),
            Answer::Trouble(trouble) => self.next(index, FleetEvent::Trouble(trouble)),
        }
    }

    pub(super) fn send(&mut self, index: usize, number: u64) {
        let now = self.now_of(index);
        let Some(run) = self.processes[index].run.as_ref().filter(|it| it.number == number) else {
            return;
        };
        if matches!(run.step, FleetStep::Failed) && !run.is_alone {
            return self.next(index, FleetEvent::Retry);
        }
        self.processes[index].state.sent(now);
        self.requests.push(self.now);
        let result = if matches!(self.service, Service::Works) {
            self.issued += 1;
            if self.revokes_older {
                self.revoked.extend((1..self.issued).map(|it| format!("t{it}")));
            }
            Ok(format!("t{}", self.issued))
        } else {
            Err(())
        };
        if let Some(fault) = self.on_send.take() {
            fault(&mut self.processes[index], self.now);
        }
        self.at(REQUEST_TIME, Event::Response(index, number, result));
    }

    pub(super) fn responded(&mut self, index: usize, number: u64, result: Result<String, ()>) {
        let Some(run) = self.processes[index].run.as_ref().filter(|it| it.number == number) else {
            return;
        };
        let is_alone = run.is_alone;
        match result {
            Ok(text) => {
                let token = self.app_token(index, &text);
                self.processes[index].fetched = Some(token.clone());
                if is_alone {
                    self.take(index, FleetStep::UseFetched);
                } else {
                    self.next(index, FleetEvent::Fetched(&token));
                }
            }
            Err(()) if is_alone => self.take(index, FleetStep::Failed),
            Err(()) => match self.service.clone() {
                Service::Refuses(error) => self.next(index, FleetEvent::Failed(Some(&error))),
                _ => self.next(index, FleetEvent::Failed(None)),
            },
        }
    }

    fn app_token(&self, index: usize, text: &str) -> AppToken {
        let life = Lifetime::Expires(Duration::from_secs(self.life));
        #[expect(clippy::expect_used, reason = "it is a letter and a number")]
        let token = AccessToken::new(text).expect("a token");
        AppToken::from_parts(token, life, self.now_of(index).wall.into())
    }
}

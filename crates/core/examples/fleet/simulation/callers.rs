//! Callers of the simulated processes: they get a token, use it, and report a 401.

use easemob_token_core::{Decision, Refusal, Report};

use super::Simulation;

impl Simulation {
    /// One call of an endpoint with the app token.
    pub(super) fn call(&mut self, index: usize, since: u64, is_second: bool) {
        let now = self.now_of(index);
        match self.processes[index].state.decide(now) {
            Decision::Use => self.used(index, since, is_second),
            Decision::UseAndRefresh => {
                self.start(index);
                self.used(index, since, is_second);
            }
            Decision::Fetch => {
                self.processes[index].waiters.push((since, is_second));
                self.start(index);
            }
            Decision::Join => self.processes[index].waiters.push((since, is_second)),
            Decision::WaitUntil(_) => self.failed += 1,
        }
    }

    /// The endpoint's answer to a call with the token of this process.
    pub(super) fn used(&mut self, index: usize, since: u64, is_second: bool) {
        self.longest_wait = self.longest_wait.max(self.now - since);
        let now = self.now_of(index);
        let process = &mut self.processes[index];
        let Some((token, generation)) = process.token.clone() else { return };
        let is_good = !self.revoked.contains(token.expose());
        if is_good && !self.refuses_all && !process.meets_401 {
            process.state.accepted(generation, now.uptime);
            return;
        }
        let report =
            process.state.report(generation, &Refusal { sent: now.uptime, user: None }, now);
        if is_second || !matches!(report, Report::Replace | Report::Remove | Report::Outdated) {
            self.failed += 1;
            return;
        }
        process.reported = Some(token);
        if matches!(process.state.decide(now), Decision::UseAndRefresh | Decision::Fetch) {
            self.start(index);
        }
        let process = &mut self.processes[index];
        if process.run.is_some() {
            process.waiters.push((since, true));
        } else {
            self.failed += 1;
        }
    }
}

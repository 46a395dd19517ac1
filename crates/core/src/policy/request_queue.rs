//! Queue of requests under a rate limit, without a clock, a lock or a timer.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use super::fleet_rate::FleetRate;
use super::{Jitter, RateAnswer, RateLimiter, RateStep, Uptime};

const SECOND: Duration = Duration::from_secs(1);
/// A caller that does not call within this time after its turn is passed over.
const GRACE: Duration = Duration::from_millis(20);
/// A caller whose slot is not booked calls again after this time, or when slots were booked.
const SHORT_WAIT: Duration = Duration::from_millis(1);
const LEAST_WAIT: Duration = Duration::from_millis(50);

/// Priority of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
// Complete: a request for a user's token may wait for the app token.
pub enum Priority {
    /// The request for the app token, for which others may wait.
    AppToken,
    /// A request for a user's token.
    UserToken,
}

/// Place of a caller in the queue. It reserves no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    priority: Priority,
    number: u64,
}

/// Next step of a queued caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Turn {
    /// Send the request: its slot is taken.
    Now,
    /// Call again at this time, or earlier.
    At(Uptime),
    /// Give up: the turn would come at this time, after the deadline of the caller.
    DeadlineExceeded(Uptime),
}

/// A queue of requests under a limit for each second.
///
/// A caller gets a [`ticket`](Self::ticket), calls [`turn`](Self::turn) until it may send, and
/// [leaves](Self::leave) if it gives up. It takes a slot when it sends and not before. So a caller that
/// never calls again holds no slot: when its turn has passed, the next one goes. If it is only late, it is
/// first in the queue, and the limit holds.
#[derive(Debug)]
pub struct RequestQueue {
    limiter: RateLimiter,
    /// The rate that this process shares with others; requests for the app token do not wait for it.
    fleet: Option<FleetRate>,
    waiting: BTreeMap<Ticket, Waiting>,
    /// How many callers have left the queue.
    left: usize,
    tickets: u64,
}

/// A caller that waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// Its expected turn, if all before it call in time.
    turn: Uptime,
    /// The version of the slots from which its turn is known; `None` if it is a guess.
    version: Option<u32>,
    /// How many were before it, when so many had left the queue.
    ahead: usize,
    left: usize,
}

impl RequestQueue {
    /// A queue of at most `per_second` requests in any second, of which a tenth at once.
    #[must_use]
    pub fn new(per_second: NonZeroU32) -> Self {
        let burst = NonZeroU32::new(per_second.get() / 10).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::new(per_second, SECOND, burst);
        Self { limiter, fleet: None, waiting: BTreeMap::new(), left: 0, tickets: 0 }
    }

    /// A queue of a process whose fleet sends at most `per_second` requests in any second.
    ///
    /// Callers wait until [`step`](Self::step) and [`answer`](Self::answer) have booked slots for them in
    /// a store that the processes share. Requests for the app token take a booked slot if one is free,
    /// and are sent at once in any case: their own rules keep them few. `random` is drawn anew for
    /// each process.
    #[must_use]
    pub fn shared(per_second: NonZeroU32, random: u64) -> Self {
        Self { fleet: Some(FleetRate::new(per_second, random)), ..Self::new(per_second) }
    }

    /// A place in the queue, behind all others of this priority.
    pub fn ticket(&mut self, priority: Priority) -> Ticket {
        self.tickets += 1;
        Ticket { priority, number: self.tickets }
    }

    /// Decides whether the request with this ticket is sent at `now`; if not, when to call again.
    ///
    /// A caller that cannot wait until its turn reserves no slot.
    pub fn turn(&mut self, ticket: Ticket, now: Uptime, deadline: Uptime) -> Turn {
        self.pass_over(now);
        if self.fleet.is_some() && ticket.priority == Priority::AppToken {
            self.take(now);
            return Turn::Now;
        }
        // Callers whose turn has come are about to call, and each gets the slot that it waited for.
        let ahead = self.waiting.range(..ticket);
        let due = ahead.take_while(|(_, it)| it.turn <= now).count();
        if self.free(now) > due {
            self.remove(ticket);
            self.take(now);
            return Turn::Now;
        }
        let known = self.waiting.get(&ticket).filter(|it| {
            let version = self.fleet.as_ref().map_or(0, FleetRate::version);
            it.version == Some(version) && it.turn > now
        });
        let waiting = known.copied().unwrap_or_else(|| self.expected(ticket, now));
        if waiting.turn > deadline {
            self.remove(ticket);
            return Turn::DeadlineExceeded(waiting.turn);
        }
        self.waiting.insert(ticket, waiting);
        Turn::At(waiting.turn)
    }

    /// Removes the caller with this ticket, which does not call again.
    pub fn leave(&mut self, ticket: Ticket) {
        self.remove(ticket);
    }

    /// The number of waiting callers, without those that stopped calling.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether [`step`](Self::step) has something to do.
    #[must_use]
    pub fn wants_step(&self, now: Uptime) -> bool {
        self.fleet.as_ref().is_some_and(|fleet| fleet.wants_step(now, self.waiting.len()))
    }

    /// Decides what to do in the store, so that waiting callers get slots.
    ///
    /// One task of the process calls it, does the step, tells its [`answer`](Self::answer), and calls it
    /// again, until there is nothing to do. A step whose task is lost is decided anew.
    pub fn step(&mut self, now: Uptime, jitter: Jitter) -> RateStep {
        self.pass_over(now);
        let waiting = self.waiting.len();
        self.fleet.as_mut().map_or(RateStep::Idle, |fleet| fleet.step(now, waiting, jitter))
    }

    /// Takes the end of the last step, which used the store between these times.
    ///
    /// Returns how many waiting callers should call [`turn`](Self::turn) at once; the others, within
    /// a quarter of a second.
    pub fn answer(
        &mut self,
        begin: Uptime,
        end: Uptime,
        answer: RateAnswer<'_>,
        jitter: Jitter,
    ) -> usize {
        let Some(fleet) = &mut self.fleet else { return 0 };
        let is_urgent = fleet.answer(begin, end, answer, jitter);
        if is_urgent { self.waiting.len() } else { 0 }
    }

    /// Whether the process uses its share of the limit, because the store is away.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.fleet.as_ref().is_some_and(FleetRate::is_alone)
    }

    fn free(&mut self, now: Uptime) -> usize {
        match &mut self.fleet {
            Some(fleet) => fleet.free(now),
            None => usize::try_from(self.limiter.free(now)).unwrap_or(usize::MAX),
        }
    }

    fn take(&mut self, now: Uptime) {
        match &mut self.fleet {
            Some(fleet) => fleet.take(now),
            None => self.limiter.take(now),
        }
    }

    /// When the turn of this caller comes, if all before it call in time.
    fn expected(&self, ticket: Ticket, now: Uptime) -> Waiting {
        let ahead = self.ahead_of(ticket);
        let (turn, version) = match &self.fleet {
            Some(fleet) => {
                let is_known = ahead < fleet.booked();
                let least = if is_known { SHORT_WAIT } else { LEAST_WAIT };
                let turn = fleet.slot(now, ahead).max(now.after(least));
                (turn, is_known.then(|| fleet.version()))
            }
            None => (self.limiter.slot(now, ahead), Some(0)),
        };
        Waiting { turn, version, ahead, left: self.left }
    }

    fn ahead_of(&self, ticket: Ticket) -> usize {
        // Behind the booked slots, a lower bound is enough.
        let bound = self.waiting.get(&ticket).zip(self.fleet.as_ref()).and_then(|(it, fleet)| {
            let least = it.ahead.saturating_sub(self.left - it.left);
            (least >= fleet.booked()).then_some(least)
        });
        bound.unwrap_or_else(|| match self.waiting.last_key_value() {
            Some((last, _)) if *last > ticket => self.waiting.range(..ticket).count(),
            // A newcomer is behind all others, and there may be thousands of them.
            _ => self.waiting.len() - usize::from(self.waiting.contains_key(&ticket)),
        })
    }

    fn remove(&mut self, ticket: Ticket) {
        self.left += usize::from(self.waiting.remove(&ticket).is_some());
    }

    /// Removes callers that did not call at their turn.
    fn pass_over(&mut self, now: Uptime) {
        while let Some(first) = self.waiting.first_entry() {
            if first.get().turn.after(GRACE) > now {
                return;
            }
            first.remove();
            self.left += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Uptime = Uptime::NEVER;

    fn at(millis: u64) -> Uptime {
        Uptime::from_origin(Duration::from_millis(millis))
    }

    fn queue(per_second: u32) -> RequestQueue {
        RequestQueue::new(NonZeroU32::new(per_second).unwrap())
    }

    fn user(queue: &mut RequestQueue) -> Ticket {
        queue.ticket(Priority::UserToken)
    }

    /// The times at which the tickets are served, if each caller calls exactly when it should.
    fn served(queue: &mut RequestQueue, tickets: &[Ticket], start: Uptime) -> Vec<Uptime> {
        let mut next: Vec<(Uptime, usize)> = (0..tickets.len()).map(|i| (start, i)).collect();
        let mut times = vec![FAR; tickets.len()];
        while let Some(first) = (0..next.len()).min_by_key(|&i| next[i]) {
            let (now, index) = next[first];
            match queue.turn(tickets[index], now, FAR) {
                Turn::Now => {
                    times[index] = now;
                    next.swap_remove(first);
                }
                Turn::At(time) => {
                    assert!(time > now, "calling again at once would never end");
                    next[first].0 = time;
                }
                Turn::DeadlineExceeded(_) => panic!("no deadline is set"),
            }
        }
        times
    }

    fn busiest_second(times: &[Uptime]) -> usize {
        let within = |start: Uptime| {
            times.iter().filter(|time| (start..start.after(SECOND)).contains(*time)).count()
        };
        times.iter().map(|&start| within(start)).max().unwrap_or_default()
    }

    #[test]
    fn callers_are_served_in_their_order_and_no_second_holds_more_than_the_limit() {
        let mut queue = queue(100);
        let tickets: Vec<_> = (0..430).map(|_| user(&mut queue)).collect();
        let times = served(&mut queue, &tickets, at(0));
        assert!(times.is_sorted());
        assert!(busiest_second(&times) <= 100);
        // It is a limit and no brake: 420 behind the burst, at ninety a second.
        assert!(times[429] < at(5_000), "{:?}", times[429]);
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn callers_that_never_call_again_delay_nobody() {
        let mut queue = queue(100);
        // The burst is used up, and two hundred callers wait that will not call again.
        for _ in 0..210 {
            let ticket = user(&mut queue);
            let _ = queue.turn(ticket, at(0), FAR);
        }
        assert_eq!(queue.waiting(), 200);
        // A caller that calls now and then is served when one of them is passed over.
        let ticket = user(&mut queue);
        let mut now = 1;
        while queue.turn(ticket, at(now), FAR) != Turn::Now {
            now += 1;
        }
        assert!(now <= 50, "{now} ms");
        // When all of their turns have passed, nothing is left of them.
        let tickets: Vec<_> = (0..10).map(|_| user(&mut queue)).collect();
        assert!(served(&mut queue, &tickets, at(5_000)).iter().all(|time| *time == at(5_000)));
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn late_callers_go_first_and_do_not_exceed_the_limit() {
        let mut queue = queue(10);
        let tickets: Vec<_> = (0..40).map(|_| user(&mut queue)).collect();
        let sent = |queue: &mut RequestQueue, now| {
            tickets.iter().filter(|&&it| queue.turn(it, at(now), FAR) == Turn::Now).count()
        };
        assert_eq!(sent(&mut queue, 0), 1);
        // All of them call again after a minute in which nobody called.
        assert_eq!(sent(&mut queue, 60_000), 1, "unused slots are not saved up");
        let newcomer = user(&mut queue);
        let Turn::At(turn) = queue.turn(newcomer, at(60_001), FAR) else { panic!("it waits") };
        assert!(turn > at(64_000), "38 are before it: {turn:?}");
    }

    #[test]
    fn the_app_token_goes_first() {
        let mut queue = queue(10);
        let tickets: Vec<_> = (0..50).map(|_| user(&mut queue)).collect();
        for ticket in &tickets {
            let _ = queue.turn(*ticket, at(0), FAR);
        }
        let app_token = queue.ticket(Priority::AppToken);
        let Turn::At(turn) = queue.turn(app_token, at(1), FAR) else { panic!("none is free") };
        assert!(turn <= at(112), "{turn:?}");
        assert_eq!(queue.turn(app_token, turn, FAR), Turn::Now);
        // The others move back by one slot each, in their order.
        let times = served(&mut queue, &tickets[1..], turn);
        assert!(times.is_sorted() && busiest_second(&times) <= 10);
    }

    #[test]
    fn a_caller_that_cannot_wait_that_long_reserves_no_slot() {
        let mut queue = queue(1);
        let (first, second) = (user(&mut queue), user(&mut queue));
        assert_eq!(queue.turn(first, at(0), FAR), Turn::Now);
        assert_eq!(queue.turn(second, at(0), at(999)), Turn::DeadlineExceeded(at(1_000)));
        assert_eq!(queue.waiting(), 0);
        let third = user(&mut queue);
        assert_eq!(queue.turn(third, at(0), at(1_000)), Turn::At(at(1_000)));
    }

    #[test]
    fn callers_that_give_up_leave_nothing_behind() {
        let mut queue = queue(1);
        let first = user(&mut queue);
        assert_eq!(queue.turn(first, at(0), FAR), Turn::Now);
        for _ in 0..50 {
            let ticket = user(&mut queue);
            let _ = queue.turn(ticket, at(0), FAR);
            queue.leave(ticket);
        }
        let last = user(&mut queue);
        assert_eq!(queue.turn(last, at(0), FAR), Turn::At(at(1_000)));
    }
}

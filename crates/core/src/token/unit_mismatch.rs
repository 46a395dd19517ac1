//! The unit guard: what was asked for, what was answered and what the token says, held together.
//!
//! # The rule
//!
//! Three counts speak of one lifetime: the `ttl` that was sent, `expires_in`, and the token's own
//! lifetime, which is always in seconds ([`inspect`](crate::inspect)). Two times *agree* where they
//! differ by no more than a tenth of the longer one and a second (parts of a unit are cut off or
//! rounded on the way).
//!
//! 1. The token's own lifetime is believed where it agrees with `expires_in` in the unit that is
//!    set, or in the other one; in the latter case the unit of the response is wrong.
//! 2. Where it is believed (or there is no `expires_in` to doubt it by), and the `ttl` sent agrees
//!    with it in the other unit and not in the one that is set, the unit of the request is wrong.
//! 3. Where it is not, but the `ttl` sent and `expires_in` agree in one other unit and not as they
//!    are set, one of the two is wrong; where either would do, both are named.
//!
//! In every other case nothing is said: a service that cuts a `ttl` to a maximum, a permanent token,
//! a token of another shape are no fault of a setting.

use std::fmt;
use std::time::Duration;

use super::{Lifetime, TtlUnit, TtlUnits};
use crate::inspect::{self, Inspection};

/// The unit of `ttl` or `expires_in` seems to be set wrongly.
///
/// A token that carries it has its lifetime by the shortest reading. `Display` says what disagrees
/// and what to set; it holds no part of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitMismatch {
    set: TtlUnits,
    first: TtlUnits,
    second: Option<TtlUnits>,
    counts: Counts,
}

/// What speaks of one lifetime: two counts on the wire, and the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    /// The `ttl` that was sent. None where it was left out, or 0.
    ttl: Option<i64>,
    expires_in: Option<i64>,
    /// The token's own lifetime, where it says one.
    own: Option<Duration>,
}

impl UnitMismatch {
    /// The units that are set.
    #[must_use]
    pub fn set(&self) -> TtlUnits {
        self.set
    }

    /// The units with which everything would agree: the ones to set.
    #[must_use]
    pub fn suggested(&self) -> TtlUnits {
        self.first
    }

    /// Other units that would do as well, where the answer does not tell which direction is wrong.
    #[must_use]
    pub fn alternative(&self) -> Option<TtlUnits> {
        self.second
    }

    /// The lifetime asked for, in the unit that is set.
    #[must_use]
    pub fn asked(&self) -> Option<Duration> {
        time(self.counts.ttl, self.set.request)
    }

    /// The lifetime answered (`expires_in`), in the unit that is set.
    #[must_use]
    pub fn answered(&self) -> Option<Duration> {
        time(self.counts.expires_in, self.set.response)
    }

    /// The lifetime that the token itself says, where it was believed.
    #[must_use]
    pub fn in_token(&self) -> Option<Duration> {
        self.counts.own
    }

    /// Holds the counts of a request and its answer, and what the token in it says, together by the
    /// rule above.
    pub(crate) fn find_in(
        token: &str,
        set: TtlUnits,
        ttl: Option<i64>,
        expires_in: Option<i64>,
    ) -> Option<Self> {
        let claimed = inspect::claimed_lifetime(token);
        if all_agree(set, Counts { ttl, expires_in, own: claimed }) {
            return None;
        }
        let own = inspect::inspect(token).as_ref().and_then(Inspection::trusted_lifetime);
        Self::find(set, Counts { ttl, expires_in, own })
    }

    /// Holds the counts together by the rule above.
    fn find(set: TtlUnits, counts: Counts) -> Option<Self> {
        let Counts { ttl, expires_in, own } = counts;
        let (asked, asked_otherwise) = (time(ttl, set.request), time(ttl, set.request.other()));
        let (told, told_otherwise) =
            (time(expires_in, set.response), time(expires_in, set.response.other()));
        let in_request = TtlUnits { request: set.request.other(), ..set };
        let in_response = TtlUnits { response: set.response.other(), ..set };

        let response_wrong = !agree(told, own) && agree(told_otherwise, own);
        let own = own.filter(|_| told.is_none() || response_wrong || agree(told, own));
        let counts = Counts { own, ..counts };
        let found = |first, second| Some(Self { set, first, second, counts });
        if own.is_some() {
            let request_wrong = !agree(asked, own) && agree(asked_otherwise, own);
            return match (request_wrong, response_wrong) {
                (false, false) => None,
                (true, false) => found(in_request, None),
                (false, true) => found(in_response, None),
                (true, true) => {
                    found(TtlUnits { response: in_response.response, ..in_request }, None)
                }
            };
        }
        if agree(asked, told) {
            return None;
        }
        match (agree(asked_otherwise, told), agree(asked, told_otherwise)) {
            (false, false) => None,
            (true, false) => found(in_request, None),
            (false, true) => found(in_response, None),
            (true, true) => found(in_response, Some(in_request)),
        }
    }

    /// The lifetime by the shortest reading. One that is unknown stays so: a token without a usable
    /// `expires_in` is not kept.
    pub(crate) fn shortest(&self, read: Lifetime) -> Lifetime {
        if read == Lifetime::Unknown {
            return read;
        }
        let readings = [read.duration(), self.asked(), self.answered(), self.in_token()];
        readings.into_iter().flatten().min().map_or(read, Lifetime::Expires)
    }
}

/// Whether all that speak agree as it is set. Then the rule finds nothing, whether the token is to be
/// believed or not: so most tokens need not be looked at as a whole.
fn all_agree(set: TtlUnits, counts: Counts) -> bool {
    let Counts { ttl, expires_in, own } = counts;
    let (asked, told) = (time(ttl, set.request), time(expires_in, set.response));
    agree(told, own) && (asked.is_none() || agree(asked, told) && agree(asked, own))
}

fn time(count: Option<i64>, unit: TtlUnit) -> Option<Duration> {
    let count = u64::try_from(count?).ok().filter(|&count| count > 0)?;
    Some(match unit {
        TtlUnit::Seconds => Duration::from_secs(count),
        TtlUnit::Milliseconds => Duration::from_millis(count),
    })
}

/// Whether both are known and about the same.
fn agree(a: Option<Duration>, b: Option<Duration>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return false };
    a.abs_diff(b) <= (a.max(b) / 10).saturating_add(Duration::from_secs(1))
}

impl fmt::Display for UnitMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the ttl unit seems to be set wrongly: with {}, ", self.set)?;
        let readings = [
            ("the request asks for", self.asked()),
            ("the answer gives", self.answered()),
            ("the token itself says", self.in_token()),
        ];
        let mut separator = "";
        for (who, time) in readings {
            if let Some(time) = time {
                write!(f, "{separator}{who} {} s", time.as_secs_f64())?;
                separator = ", ";
            }
        }
        write!(f, "; set it to {}", self.first)?;
        if let Some(second) = self.second {
            write!(f, " or to {second}")?;
        }
        f.write_str("; until then the shortest of these is used")
    }
}

#[cfg(test)]
mod tests {
    use super::TtlUnit::{Milliseconds, Seconds};
    use super::*;

    const ALL: [TtlUnits; 4] = [
        TtlUnits { request: Seconds, response: Seconds },
        TtlUnits { request: Seconds, response: Milliseconds },
        TtlUnits { request: Milliseconds, response: Seconds },
        TtlUnits { request: Milliseconds, response: Milliseconds },
    ];

    fn count(time: Duration, unit: TtlUnit) -> i64 {
        match unit {
            Seconds => i64::try_from(time.as_secs()).unwrap(),
            Milliseconds => i64::try_from(time.as_millis()).unwrap(),
        }
    }

    /// The counts of a service that counts in `truth`, asked for `wish` by a client set to `set`.
    fn counts(set: TtlUnits, truth: TtlUnits, wish: Duration) -> (Duration, Counts) {
        let ttl = count(wish, set.request);
        let life = time(Some(ttl), truth.request).unwrap();
        let expires_in = Some(count(life, truth.response));
        (
            life,
            Counts { ttl: Some(ttl), expires_in, own: Some(Duration::from_secs(life.as_secs())) },
        )
    }

    const WISH: Duration = Duration::from_secs(1_024_000);

    #[test]
    fn with_the_tokens_own_lifetime_the_units_of_the_service_are_found() {
        for set in ALL {
            for truth in ALL {
                let (life, counts) = counts(set, truth, WISH);
                let found = UnitMismatch::find(set, counts);
                assert_eq!(found.map(|found| found.suggested()), (set != truth).then_some(truth));
                assert_eq!(found.and_then(|found| found.alternative()), None);
                if let Some(found) = found {
                    let told = Lifetime::Expires(found.answered().unwrap());
                    assert!(found.shortest(told).duration().unwrap() <= life);
                }
            }
        }
    }

    #[test]
    fn without_a_wish_the_tokens_own_lifetime_still_decides() {
        for set in ALL {
            for truth in ALL {
                let (_, counts) = counts(set, truth, WISH);
                let found = UnitMismatch::find(set, Counts { ttl: None, ..counts });
                let wrong = TtlUnits { response: truth.response, ..set };
                assert_eq!(
                    found.map(|found| found.suggested()),
                    (set.response != truth.response).then_some(wrong)
                );
            }
        }
    }

    #[test]
    fn a_token_of_another_shape_leaves_wish_and_answer() {
        for set in ALL {
            for truth in ALL {
                let (life, counts) = counts(set, truth, WISH);
                let counts = Counts { own: None, ..counts };
                let told = time(counts.expires_in, set.response).unwrap();
                let found = UnitMismatch::find(set, counts);
                let ratio = told.as_secs_f64() / WISH.as_secs_f64();
                if !(0.0005..2_000.0).contains(&ratio) || (0.5..2.0).contains(&ratio) {
                    // Both wrong in ways that make up for each other, or a millionfold.
                    assert_eq!(found, None, "{set} {truth}");
                    continue;
                }
                let found = found.unwrap();
                let named = [Some(found.suggested()), found.alternative()];
                assert!(named.contains(&Some(truth)), "{set} {truth}: {found}");
                let used = found.shortest(Lifetime::Expires(told)).duration().unwrap();
                assert!(used <= life.max(WISH) && used <= told, "{set} {truth}");
            }
        }
    }

    #[test]
    fn what_has_another_reason_raises_no_alarm() {
        let quiet = |ttl: Option<u64>, expires_in: Option<i64>, own: Option<u64>| {
            let counts = Counts {
                ttl: ttl.map(|ttl| i64::try_from(ttl).unwrap()),
                expires_in,
                own: own.map(Duration::from_secs),
            };
            assert_eq!(UnitMismatch::find(TtlUnits::STANDARD, counts), None, "{counts:?}");
        };
        // All agree; rounded; the service's clock took a while.
        quiet(Some(1_024_000), Some(1_024_000), Some(1_024_000));
        quiet(Some(1), Some(1), Some(1));
        quiet(None, Some(5_184_000), Some(5_184_000));
        quiet(Some(1_024_000), Some(1_023_990), Some(1_024_000));
        // Cut to a maximum, raised to a minimum.
        quiet(Some(31_536_000), Some(5_184_000), Some(5_184_000));
        quiet(Some(31_536_000), Some(5_184_000), None);
        quiet(Some(315_360_000), Some(604_800), Some(604_800));
        quiet(Some(60), Some(7_200), Some(7_200));
        // Permanent in every spelling, and what a token might say then.
        for expires_in in [None, Some(0), Some(-1), Some(i64::MAX), Some(i64::MAX / 1000)] {
            quiet(None, expires_in, None);
            quiet(None, expires_in, Some(5_184_000));
            quiet(Some(60), expires_in, None);
        }
        // A token that counts in some other way is not believed.
        quiet(Some(3_600), Some(3_600), Some(42));
        quiet(Some(3_600), Some(3_600), Some(60));
        quiet(Some(1_024_000), Some(60_000), Some(1_024));
    }

    #[test]
    fn it_says_what_disagrees_and_what_to_set() {
        let (_, both) = counts(TtlUnits::STANDARD, TtlUnits::VIP5, WISH);
        let text = UnitMismatch::find(TtlUnits::STANDARD, both).unwrap().to_string();
        assert_eq!(
            text,
            "the ttl unit seems to be set wrongly: with seconds, the request asks for 1024000 s, \
             the answer gives 1024000 s, the token itself says 1024 s; set it to milliseconds; \
             until then the shortest of these is used"
        );
        let [_, _, set, _] = ALL;
        let (_, unclear) = counts(set, TtlUnits::STANDARD, WISH);
        let text = UnitMismatch::find(set, Counts { own: None, ..unclear }).unwrap().to_string();
        assert!(text.contains("set it to milliseconds or to seconds"), "{text}");
    }

    #[test]
    fn where_all_agree_it_does_not_matter_whether_the_token_is_believed() {
        // The second that is granted counts for much in short times, the tenth in long ones.
        let short = [0, 1, 2, 3, 4, 5].map(Duration::from_secs);
        let long = [900, 999, 1_000, 1_111, 1_113, 10_000].map(Duration::from_secs);
        for times in [short, long] {
            for (set, asked) in ALL.into_iter().flat_map(|set| times.map(|time| (set, time))) {
                for (told, own) in times.into_iter().flat_map(|told| times.map(|own| (told, own))) {
                    let ttl = Some(count(asked, set.request));
                    let expires_in = Some(count(told, set.response));
                    for ttl in [None, ttl] {
                        let counts = Counts { ttl, expires_in, own: Some(own) };
                        if all_agree(set, counts) {
                            assert_eq!(UnitMismatch::find(set, counts), None, "{counts:?}");
                            let counts = Counts { own: None, ..counts };
                            assert_eq!(UnitMismatch::find(set, counts), None, "{counts:?}");
                        }
                    }
                }
            }
        }
    }
}

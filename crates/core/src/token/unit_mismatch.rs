//! Detection of a wrong unit: compares the requested, the reported and the token's own lifetime.
//!
//! # The rule
//!
//! There are three counts of one lifetime: the `ttl` that was sent, `expires_in`, and the token's own
//! lifetime, which is always in seconds ([`inspect`](crate::inspect)). Two times *agree* if they
//! differ by no more than a tenth of the longer one and a second, since fractions of a unit are cut off
//! or rounded on the way.
//!
//! 1. The token's own lifetime is used if it agrees with `expires_in` in the configured unit or in the
//!    other one. In the latter case the unit of the response is wrong.
//! 2. If it is used, or there is no `expires_in`, and the `ttl` that was sent agrees with it only in the
//!    other unit, the unit of the request is wrong.
//! 3. If it is not used, but the `ttl` that was sent and `expires_in` agree after one of the units is
//!    changed, that unit is wrong. If either change would do, both are suggested.
//!
//! Everything else is no mismatch: the service may cut a `ttl` to a maximum, and the token may be
//! permanent or of another shape.

use std::fmt;
use std::time::Duration;

use super::{Lifetime, TtlUnit, TtlUnits};
use crate::inspect::{self, Inspection};

/// Evidence that the configured unit of `ttl` or `expires_in` is wrong.
///
/// The lifetime of its token is the shortest reading. `Display` shows what disagrees and what to
/// set; it holds no part of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitMismatch {
    set: TtlUnits,
    first: TtlUnits,
    second: Option<TtlUnits>,
    counts: Counts,
}

/// The counts of one lifetime: two on the wire, one in the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    /// The `ttl` that was sent; `None` if it was left out or 0.
    ttl: Option<i64>,
    expires_in: Option<i64>,
    /// The token's own lifetime, if it holds one.
    own: Option<Duration>,
}

impl UnitMismatch {
    /// The configured units.
    #[must_use]
    pub fn set(&self) -> TtlUnits {
        self.set
    }

    /// The units to set: with them all lifetimes agree.
    #[must_use]
    pub fn suggested(&self) -> TtlUnits {
        self.first
    }

    /// Other units that would do as well, if it is unclear which direction is wrong.
    #[must_use]
    pub fn alternative(&self) -> Option<TtlUnits> {
        self.second
    }

    /// The requested lifetime, in the configured unit.
    #[must_use]
    pub fn requested(&self) -> Option<Duration> {
        time(self.counts.ttl, self.set.request)
    }

    /// The reported lifetime (`expires_in`), in the configured unit.
    #[must_use]
    pub fn reported(&self) -> Option<Duration> {
        time(self.counts.expires_in, self.set.response)
    }

    /// The token's own lifetime, if it was used.
    #[must_use]
    pub fn in_token(&self) -> Option<Duration> {
        self.counts.own
    }

    /// Compares the counts of a request, its response and the token by the rule above.
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
        let own = inspect::layout(token).as_ref().and_then(Inspection::trusted_lifetime);
        Self::find(set, Counts { ttl, expires_in, own })
    }

    /// Compares the counts by the rule above.
    fn find(set: TtlUnits, counts: Counts) -> Option<Self> {
        let Counts { ttl, expires_in, own } = counts;
        let (requested, requested_otherwise) =
            (time(ttl, set.request), time(ttl, set.request.other()));
        let (reported, reported_otherwise) =
            (time(expires_in, set.response), time(expires_in, set.response.other()));
        let in_request = TtlUnits { request: set.request.other(), ..set };
        let in_response = TtlUnits { response: set.response.other(), ..set };

        let response_wrong = !agree(reported, own) && agree(reported_otherwise, own);
        let own = own.filter(|_| reported.is_none() || response_wrong || agree(reported, own));
        let counts = Counts { own, ..counts };
        let found = |first, second| Some(Self { set, first, second, counts });
        if own.is_some() {
            let request_wrong = !agree(requested, own) && agree(requested_otherwise, own);
            return match (request_wrong, response_wrong) {
                (false, false) => None,
                (true, false) => found(in_request, None),
                (false, true) => found(in_response, None),
                (true, true) => {
                    found(TtlUnits { response: in_response.response, ..in_request }, None)
                }
            };
        }
        if agree(requested, reported) {
            return None;
        }
        match (agree(requested_otherwise, reported), agree(requested, reported_otherwise)) {
            (false, false) => None,
            (true, false) => found(in_request, None),
            (false, true) => found(in_response, None),
            (true, true) => found(in_response, Some(in_request)),
        }
    }

    /// The shortest reading of the lifetime. An unknown lifetime stays unknown.
    pub(crate) fn shortest(&self, read: Lifetime) -> Lifetime {
        if read == Lifetime::Unknown {
            return read;
        }
        let readings = [read.duration(), self.requested(), self.reported(), self.in_token()];
        readings.into_iter().flatten().min().map_or(read, Lifetime::Expires)
    }
}

/// Whether all counts agree with the configured units. Then the rule finds nothing, whether or not the
/// token's lifetime is used, so most tokens need not be decoded completely.
fn all_agree(set: TtlUnits, counts: Counts) -> bool {
    let Counts { ttl, expires_in, own } = counts;
    let (requested, reported) = (time(ttl, set.request), time(expires_in, set.response));
    agree(reported, own)
        && (requested.is_none() || agree(requested, reported) && agree(requested, own))
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
            ("the request asks for", self.requested()),
            ("the response reports", self.reported()),
            ("the token itself contains", self.in_token()),
        ];
        let mut separator = "";
        for (source, time) in readings {
            if let Some(time) = time {
                write!(f, "{separator}{source} {} s", time.as_secs_f64())?;
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

    /// The counts of a service that counts in `truth`, asked for `ttl` by a client set to `set`.
    fn counts(set: TtlUnits, truth: TtlUnits, requested: Duration) -> (Duration, Counts) {
        let ttl = count(requested, set.request);
        let life = time(Some(ttl), truth.request).unwrap();
        let expires_in = Some(count(life, truth.response));
        (
            life,
            Counts { ttl: Some(ttl), expires_in, own: Some(Duration::from_secs(life.as_secs())) },
        )
    }

    const REQUESTED: Duration = Duration::from_secs(1_024_000);

    #[test]
    fn with_the_tokens_own_lifetime_the_units_of_the_service_are_found() {
        for set in ALL {
            for truth in ALL {
                let (life, counts) = counts(set, truth, REQUESTED);
                let found = UnitMismatch::find(set, counts);
                assert_eq!(found.map(|found| found.suggested()), (set != truth).then_some(truth));
                assert_eq!(found.and_then(|found| found.alternative()), None);
                if let Some(found) = found {
                    let reported = Lifetime::Expires(found.reported().unwrap());
                    assert!(found.shortest(reported).duration().unwrap() <= life);
                }
            }
        }
    }

    #[test]
    fn without_a_ttl_the_tokens_own_lifetime_still_decides() {
        for set in ALL {
            for truth in ALL {
                let (_, counts) = counts(set, truth, REQUESTED);
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
    fn a_token_of_another_shape_leaves_ttl_and_expires_in() {
        for set in ALL {
            for truth in ALL {
                let (life, counts) = counts(set, truth, REQUESTED);
                let counts = Counts { own: None, ..counts };
                let reported = time(counts.expires_in, set.response).unwrap();
                let found = UnitMismatch::find(set, counts);
                let ratio = reported.as_secs_f64() / REQUESTED.as_secs_f64();
                if !(0.0005..2_000.0).contains(&ratio) || (0.5..2.0).contains(&ratio) {
                    // Both wrong in ways that make up for each other, or a millionfold.
                    assert_eq!(found, None, "{set} {truth}");
                    continue;
                }
                let found = found.unwrap();
                let named = [Some(found.suggested()), found.alternative()];
                assert!(named.contains(&Some(truth)), "{set} {truth}: {found}");
                let used = found.shortest(Lifetime::Expires(reported)).duration().unwrap();
                assert!(used <= life.max(REQUESTED) && used <= reported, "{set} {truth}");
            }
        }
    }

    #[test]
    fn a_difference_with_another_reason_is_no_mismatch() {
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
        // Permanent in every spelling, with whatever the token contains.
        for expires_in in [None, Some(0), Some(-1), Some(i64::MAX), Some(i64::MAX / 1000)] {
            quiet(None, expires_in, None);
            quiet(None, expires_in, Some(5_184_000));
            quiet(Some(60), expires_in, None);
        }
        // A token that counts in some other way is not used.
        quiet(Some(3_600), Some(3_600), Some(42));
        quiet(Some(3_600), Some(3_600), Some(60));
        quiet(Some(1_024_000), Some(60_000), Some(1_024));
    }

    #[test]
    fn the_text_shows_what_disagrees_and_what_to_set() {
        let (_, both) = counts(TtlUnits::STANDARD, TtlUnits::VIP5, REQUESTED);
        let text = UnitMismatch::find(TtlUnits::STANDARD, both).unwrap().to_string();
        assert_eq!(
            text,
            "the ttl unit seems to be set wrongly: with seconds, the request asks for 1024000 s, \
             the response reports 1024000 s, the token itself contains 1024 s; set it to milliseconds; \
             until then the shortest of these is used"
        );
        let [_, _, set, _] = ALL;
        let (_, unclear) = counts(set, TtlUnits::STANDARD, REQUESTED);
        let text = UnitMismatch::find(set, Counts { own: None, ..unclear }).unwrap().to_string();
        assert!(text.contains("set it to milliseconds or to seconds"), "{text}");
    }

    #[test]
    fn if_all_agree_it_does_not_matter_whether_the_tokens_lifetime_is_used() {
        // The second of tolerance matters for short times, the tenth for long ones.
        let short = [0, 1, 2, 3, 4, 5].map(Duration::from_secs);
        let long = [900, 999, 1_000, 1_111, 1_113, 10_000].map(Duration::from_secs);
        for times in [short, long] {
            for (set, requested) in ALL.into_iter().flat_map(|set| times.map(|time| (set, time))) {
                for (reported, own) in
                    times.into_iter().flat_map(|reported| times.map(|own| (reported, own)))
                {
                    let ttl = Some(count(requested, set.request));
                    let expires_in = Some(count(reported, set.response));
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

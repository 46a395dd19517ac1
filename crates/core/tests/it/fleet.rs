//! The shared record of a fleet as bytes, and acquisitions that end without a request.

use std::time::Duration;

use easemob_token_core::{
    Decision, Fleet, FleetEvent, FleetRecord, FleetRun, FleetStart, FleetStep, FleetTrouble,
    Freshness, Jitter, Lifetime, TokenState,
};
use proptest::prelude::*;

use crate::{Token, app_token, at, refusal};

/// A record with everything in it.
const FULL: &str = r#"{"v":1,"n":"000102030405060708090a0b0c0d0e0f","generation":7,
    "token":"YWMt-secret","life_ms":7200000,"age_ms":1000,"received_ms":1637740866000,
    "application":"8be024f0","owner":"ff","lease_ms":12000,
    "rest":{"ms":60000,"kind":"invalid_client","status":400,"code":"invalid_grant","from_service":true},
    "taken_ms":10000,"replaced_ms":60000,"failures":3,"keep_ms":7260000}"#;

/// Whether a step is the expected one.
type Check = fn(&FleetStep) -> bool;

/// A run without a token that starts at `millis`.
fn run(fleet: &Fleet, millis: u64) -> (FleetRun, FleetStep) {
    let start = FleetStart {
        owner: u128::from(millis) << 64,
        held: None,
        reported: None,
        request_timeout: Duration::from_secs(10),
        deadline: at(millis + 20_000).uptime,
    };
    FleetRun::new(start, fleet, at(millis))
}

/// The step of a new process that reads this record, of which so much time is left.
fn step_for(text: &str, left: Option<Duration>) -> FleetStep {
    let mut fleet = Fleet::new();
    let (mut run, _) = run(&fleet, 0);
    let record = FleetRecord::decode(text.as_bytes());
    run.next(&mut fleet, FleetEvent::Read { record: &record, left }, at(0), Jitter::new(0.0))
}

#[test]
fn a_record_comes_back_as_it_was_and_shows_no_token() {
    let record = FleetRecord::decode(FULL.as_bytes());
    assert_eq!((record.generation(), record.is_empty()), (7, false));
    assert!(FleetRecord::decode(&record.encode()) == record);
    for shown in [format!("{record:?}"), format!("{:?}", step_for(FULL, None))] {
        assert!(!shown.contains("secret"), "{shown}");
    }
    // The plaintext of the design's vector, without what later versions added.
    let sample = r#"{"v":1,"n":"000102030405060708090a0b0c0d0e0f","token":"YWMt-sample","life_ms":5184000000,"age_ms":0}"#;
    let FleetStep::Adopt { token, age } = step_for(sample, None) else { panic!("not adopted") };
    assert_eq!((token.access_token().expose(), age), ("YWMt-sample", Duration::ZERO));
    assert_eq!(token.lifetime().duration(), Some(Duration::from_secs(5_184_000)));
}

#[test]
fn what_is_no_record_counts_as_none() {
    for (part, wrong) in [
        ("\"v\":1", "\"v\":2"),
        ("\"v\":1", "\"v\":-1"),
        ("\"v\":1,", ""),
        ("000102", "zz"),
        ("000102", "ffffffff000102"),
        ("YWMt-secret", ""),
        ("YWMt-secret", "a b"),
        ("YWMt-secret", "\\n"),
        ("7200000,", "-1,"),
        ("7200000,", "1.5,"),
        ("7200000,", "99999999999999999999,"),
        ("\"ff\"", "\"gg\""),
        ("invalid_client", "unheard_of"),
        ("400", "99"),
        ("}", ""),
    ] {
        let text = FULL.replacen(part, wrong, 1);
        assert_ne!(text, FULL);
        assert!(FleetRecord::decode(text.as_bytes()).is_empty(), "{wrong} for {part}");
    }
}

#[test]
fn what_a_process_does_by_the_record_alone() {
    let kept = |millis: u64| Some(Duration::from_millis(millis));
    let without = |part: &str, new: &str| FULL.replace(part, new);
    let cases: [(&str, String, Option<Duration>, Check); 10] = [
        ("good", FULL.into(), kept(7_260_000), |it| matches!(it, FleetStep::Adopt { .. })),
        ("aged by the store", FULL.into(), kept(60_000), |it| matches!(it, FleetStep::Swap { .. })),
        ("permanent", without("7200000,", "0,"), kept(1), |it| {
            matches!(it, FleetStep::Adopt { .. })
        }),
        ("refused", without("\"owner\"", "\"refused\":true,\"owner\""), None, |it| {
            matches!(it, FleetStep::ReadAt(_))
        }),
        ("leased", without("YWMt-secret\",\"life_ms\":7200000", "x\",\"life_ms\":1"), None, |it| {
            matches!(it, FleetStep::ReadAt(_))
        }),
        (
            "rest",
            r#"{"v":1,"n":"1","keep_ms":9000,"rest":{"ms":5000}}"#.into(),
            kept(5_000),
            |it| matches!(it, FleetStep::Rest(rest) if rest.error.is_none() && !rest.is_too_often),
        ),
        (
            "rest is over",
            r#"{"v":1,"n":"1","keep_ms":9000,"rest":{"ms":5000}}"#.into(),
            kept(4_000),
            |it| matches!(it, FleetStep::Swap { .. }),
        ),
        (
            "too often",
            r#"{"v":1,"n":"1","taken_ms":35000,"failures":1,"keep_ms":0}"#.into(),
            None,
            |it| matches!(it, FleetStep::Rest(rest) if rest.is_too_often),
        ),
        ("four requests", r#"{"v":1,"n":"1","taken_ms":30000,"keep_ms":0}"#.into(), None, |it| {
            matches!(it, FleetStep::Swap { .. })
        }),
        ("empty", String::new(), None, |it| matches!(it, FleetStep::Swap { .. })),
    ];
    for (name, text, left, is_expected) in cases {
        let step = step_for(&text, left);
        assert!(is_expected(&step), "{name}: {step:?}");
    }
    let refused = without("YWMt-secret\"", "x\",\"refused\":true").replace("12000", "0");
    let FleetStep::Rest(rest) = step_for(&refused, None) else { panic!("no rest") };
    let error = rest.error.unwrap();
    assert_eq!((error.status().as_u16(), error.code()), (400, Some("invalid_grant")));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
}

#[test]
fn a_store_in_trouble_is_left_alone_for_one_to_sixty_seconds() {
    let mut fleet = Fleet::new();
    let mut now = 0;
    for pause in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
        let (mut it, step) = run(&fleet, now);
        assert!(matches!(step, FleetStep::Read));
        let trouble = FleetEvent::Trouble(FleetTrouble::Unreachable);
        let step = it.next(&mut fleet, trouble, at(now), Jitter::new(0.0));
        assert!(matches!(step, FleetStep::FetchAlone(FleetTrouble::Unreachable)));
        let closed = run(&fleet, now + pause - 1).1;
        assert!(matches!(closed, FleetStep::FetchAlone(_)), "{pause}: {closed:?}");
        now += pause;
    }
}

#[test]
fn three_swaps_in_a_row_that_time_out_end_the_use_of_the_store() {
    let mut fleet = Fleet::new();
    let (mut it, mut step) = run(&fleet, 0);
    for _ in 0..3 {
        assert!(matches!(step, FleetStep::Read), "{step:?}");
        let empty = FleetEvent::Read { record: &FleetRecord::EMPTY, left: None };
        assert!(matches!(
            it.next(&mut fleet, empty, at(0), Jitter::new(0.0)),
            FleetStep::Swap { .. }
        ));
        let timeout = FleetEvent::Trouble(FleetTrouble::Timeout);
        step = it.next(&mut fleet, timeout, at(0), Jitter::new(0.0));
    }
    assert!(matches!(step, FleetStep::FetchAlone(FleetTrouble::Timeout)), "{step:?}");
}

#[test]
fn a_slow_store_leads_to_a_request_all_the_same() {
    for (tells_time, operation) in [(true, 1_500), (false, 1_500), (false, 4_000)] {
        let (mut fleet, mut now) = (Fleet::new(), 0);
        let (mut it, mut step) = run(&fleet, 0);
        let mut stored: Option<(FleetRecord, u64)> = None;
        for _ in 0..9 {
            let event = match &step {
                FleetStep::Swap { record, .. } => {
                    stored = Some((record.clone(), now));
                    FleetEvent::Swapped
                }
                FleetStep::Read => match &stored {
                    Some((record, written)) => {
                        let kept = Duration::from_secs(80 - (now - written) / 1_000);
                        FleetEvent::Read { record, left: tells_time.then_some(kept) }
                    }
                    None => FleetEvent::Read { record: &FleetRecord::EMPTY, left: None },
                },
                _ => break,
            };
            now += operation;
            step = it.next(&mut fleet, event, at(now), Jitter::new(0.0));
        }
        assert!(matches!(step, FleetStep::Fetch), "{tells_time}, {operation}: {step:?}");
    }
}

#[test]
fn a_holder_that_is_dropped_gives_its_lease_back() {
    let mut fleet = Fleet::new();
    let (mut holder, _) = run(&fleet, 0);
    assert!(holder.clone().release(at(0)).is_none(), "it has none");
    let empty = FleetEvent::Read { record: &FleetRecord::EMPTY, left: None };
    let _ = holder.next(&mut fleet, empty, at(0), Jitter::new(0.0));
    let _ = holder.next(&mut fleet, FleetEvent::Swapped, at(0), Jitter::new(0.0));
    let (record, keep) = holder.release(at(1_000)).unwrap();
    let (mut other, _) = run(&fleet, 2_000);
    let read = FleetEvent::Read { record: &record, left: Some(keep) };
    let step = other.next(&mut fleet, read, at(2_000), Jitter::new(0.0));
    assert!(matches!(step, FleetStep::Swap { .. }), "{step:?}");
}

#[test]
fn a_deferred_acquisition_is_no_failure_and_costs_no_request() {
    let mut state = TokenState::new();
    assert_eq!(state.decide(at(0)), Decision::Fetch);
    let life = Lifetime::Expires(Duration::from_secs(1_000));
    let _ = state.succeeded(&Token::new("token", life), false, at(0), Jitter::new(0.0));
    for second in 750..940 {
        let now = at(second * 1_000);
        assert_eq!(state.decide(now), Decision::UseAndRefresh, "{second}");
        state.deferred(Duration::from_secs(1), now);
        assert_eq!(state.decide(at(second * 1_000 + 999)), Decision::Use);
    }
    // Too old: it is fetched at once, whatever was deferred. After a rest, it is not.
    assert_eq!(state.decide(at(940_001)), Decision::Fetch);
    state.rested(Duration::from_secs(5), at(941_000));
    assert_eq!(state.decide(at(942_000)), Decision::WaitUntil(at(946_000).uptime));
    assert_eq!(state.decide(at(946_000)), Decision::Fetch);
}

#[test]
fn a_token_that_another_process_fetched_is_as_old_as_it_is() {
    let life = Lifetime::Expires(Duration::from_secs(1_000));
    // A process that started a second ago, and a token of an age that its clock cannot count back to.
    for (age, due, unusable) in [(0, 750, 940), (500, 250, 440), (800, 0, 140), (2_000, 0, 0)] {
        let fresh =
            Freshness::with_age(life, Duration::from_secs(age), at(1_000), Jitter::new(0.0));
        let after = |seconds: u64| at(1_000 + seconds * 1_000);
        assert!(fresh.is_due(after(due)) && !fresh.is_usable(after(unusable)), "{age}");
        assert!(due == 0 || !fresh.is_due(after(due - 1)), "{age}");
        assert!(unusable == 0 || fresh.is_usable(after(unusable - 1)), "{age}");
    }
}

#[test]
fn a_failure_is_remembered_for_all_and_never_with_the_token() {
    let mut fleet = Fleet::new();
    let (mut holder, _) = run(&fleet, 0);
    let empty = FleetEvent::Read { record: &FleetRecord::EMPTY, left: None };
    let _ = holder.next(&mut fleet, empty, at(0), Jitter::new(0.0));
    let _ = holder.next(&mut fleet, FleetEvent::Swapped, at(0), Jitter::new(0.0));
    let error = refusal(429, r#"{"error":"reach_limit"}"#);
    let failed = FleetEvent::Failed(Some(&error));
    let step = holder.next(&mut fleet, failed, at(100), Jitter::new(0.0));
    let FleetStep::Swap { record, keep } = step else { panic!("{step:?}") };
    let text = String::from_utf8(FleetRecord::decode(&record.encode()).encode()).unwrap();
    let FleetStep::Rest(rest) = step_for(&text, Some(keep)) else { panic!("no rest: {text}") };
    assert_eq!(rest.error.unwrap().kind(), error.kind());
}

proptest! {
    #[test]
    fn any_bytes_are_a_record_or_none(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let record = FleetRecord::decode(&bytes);
        prop_assert!(FleetRecord::decode(&record.encode()).encode() == record.encode());
    }

    #[test]
    fn a_flipped_bit_or_a_cut_is_survived(at in 0..FULL.len(), bit in 0..8_u8, cut: bool) {
        let mut bytes = FULL.as_bytes().to_vec();
        bytes[at] ^= 1 << bit;
        if cut {
            bytes.truncate(at);
        }
        let record = FleetRecord::decode(&bytes);
        prop_assert!(FleetRecord::decode(&record.encode()) == record);
        prop_assert!(!cut || record.is_empty());
    }

    #[test]
    fn any_numbers_lead_to_a_step(numbers: [u64; 7], left: Option<u64>, wall in 0..u64::MAX / 2) {
        let [generation, life, age, received, lease, taken, keep] = numbers;
        let text = format!(
            r#"{{"v":1,"n":"1","generation":{generation},"token":"t","life_ms":{life},"age_ms":{age},
            "received_ms":{received},"owner":"f","lease_ms":{lease},"taken_ms":{taken},
            "rest":{{"ms":{lease}}},"keep_ms":{keep}}}"#
        );
        let record = FleetRecord::decode(text.as_bytes());
        prop_assert!(FleetRecord::decode(&record.encode()) == record);
        let mut fleet = Fleet::new();
        let (mut it, _) = run(&fleet, 0);
        let left = left.map(Duration::from_millis);
        let now = at(wall);
        let mut step = it.next(&mut fleet, FleetEvent::Read { record: &record, left }, now, Jitter::new(1.0));
        for event in [FleetEvent::Swapped, FleetEvent::Fetched(&app_token("u")), FleetEvent::Changed] {
            step = it.next(&mut fleet, event, now, Jitter::new(0.0));
        }
        prop_assert!(matches!(step, FleetStep::Read | FleetStep::Failed), "{step:?}");
    }
}

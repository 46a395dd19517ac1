//! Unit mismatches: responses of a service that counts in other units than configured.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use easemob_token_core::{Lifetime, Ttl, TtlUnit, TtlUnits, UserToken};
use proptest::prelude::*;

use crate::{app_grant, endpoint, password_grant, received_at, response, sample_with_lifetime};

fn received(units: TtlUnits, ttl: Ttl, token: &str, expires_in: i64) -> UserToken {
    let body = format!(r#"{{"access_token":"{token}","expires_in":{expires_in}}}"#);
    let grant = password_grant().with_ttl(ttl);
    endpoint(units).parse(&grant, response(200, body.as_bytes()), received_at()).unwrap()
}

fn wire(seconds: u32, unit: TtlUnit) -> i64 {
    match unit {
        TtlUnit::Seconds => seconds.into(),
        TtlUnit::Milliseconds => i64::from(seconds) * 1000,
    }
}

const UNITS: [TtlUnit; 2] = [TtlUnit::Seconds, TtlUnit::Milliseconds];

#[test]
fn sixty_days_in_milliseconds_read_as_seconds_are_cut_to_what_the_token_says() {
    let body = format!(
        r#"{{"access_token":"{}","expires_in":5184000000}}"#,
        sample_with_lifetime(5_184_000)
    );
    let answer = response(200, body.as_bytes());
    let token = endpoint(TtlUnits::STANDARD).parse(&app_grant(), answer, received_at()).unwrap();
    assert_eq!(token.lifetime(), Lifetime::Expires(Duration::from_secs(5_184_000)));
    let mismatch = token.unit_mismatch().unwrap();
    assert_eq!(mismatch.set(), TtlUnits::STANDARD);
    assert_eq!(mismatch.suggested().response, TtlUnit::Milliseconds);
    assert_eq!(mismatch.suggested().request, TtlUnit::Seconds);
    assert_eq!(mismatch.in_token(), Some(Duration::from_secs(5_184_000)));
    assert_eq!((mismatch.requested(), mismatch.alternative()), (None, None));
}

#[test]
fn a_permanent_token_with_a_lifetime_in_milliseconds_is_not_permanent() {
    let read = received(
        TtlUnits::STANDARD,
        Ttl::Permanent,
        &sample_with_lifetime(5_184_000),
        5_184_000_000,
    );
    assert_eq!(read.lifetime(), Lifetime::Expires(Duration::from_secs(5_184_000)));
    assert!(read.unit_mismatch().is_some());
}

#[test]
fn an_unknown_lifetime_stays_unknown_and_the_mismatch_is_reported() {
    let ttl = Ttl::For(Duration::from_secs(1_024_000));
    let read = received(TtlUnits::STANDARD, ttl, &sample_with_lifetime(1_024), 0);
    assert_eq!(read.lifetime(), Lifetime::Unknown);
    assert_eq!(read.unit_mismatch().unwrap().suggested().request, TtlUnit::Milliseconds);
}

#[test]
fn a_token_of_uncertain_layout_is_not_used() {
    let mut bytes = URL_SAFE_NO_PAD.decode(sample_with_lifetime(1_024)).unwrap();
    // The fixed byte behind the kind.
    bytes[3 + 49] = 9;
    let odd = URL_SAFE_NO_PAD.encode(bytes);
    let ttl = Ttl::For(Duration::from_secs(1_024_000));
    let read = received(TtlUnits::STANDARD, ttl, &odd, 1_024_000);
    assert!(read.unit_mismatch().is_none());
    assert_eq!(read.lifetime(), Lifetime::Expires(Duration::from_secs(1_024_000)));
}

proptest! {
    #[test]
    fn right_units_are_no_mismatch(
        seconds in 1..315_360_000_u32, shown: bool, has_ttl: bool,
        request in prop::sample::select(UNITS.to_vec()),
        response in prop::sample::select(UNITS.to_vec()),
    ) {
        let units = TtlUnits { request, response };
        let life = Duration::from_secs(seconds.into());
        let ttl = if has_ttl { Ttl::For(life) } else { Ttl::ServerDefault };
        let own = if shown { sample_with_lifetime(seconds) } else { "opaque".to_owned() };
        let read = received(units, ttl, &own, wire(seconds, response));
        prop_assert!(read.unit_mismatch().is_none());
        prop_assert_eq!(read.lifetime(), Lifetime::Expires(life));
    }

    #[test]
    fn a_ttl_that_the_service_changed_is_no_mismatch(
        ttl in 1..315_360_000_u32, given in 1..315_360_000_u32, shown: bool,
    ) {
        let ratio = f64::from(ttl.max(given)) / f64::from(ttl.min(given));
        // From 800 to 1200 times is "about a thousand", and below a few thousand seconds a second
        // that was rounded counts for much.
        prop_assume!(!(800.0..1_200.0).contains(&ratio) && ttl.min(given) > 5);
        let own = if shown { sample_with_lifetime(given) } else { "opaque".to_owned() };
        let ttl = Ttl::For(Duration::from_secs(ttl.into()));
        let read = received(TtlUnits::STANDARD, ttl, &own, given.into());
        prop_assert!(read.unit_mismatch().is_none(), "{:?}", read.unit_mismatch());
    }

    #[test]
    fn wrong_units_are_found_and_no_token_is_used_after_it_expires(
        seconds in 2_000..315_360_000_u32, has_ttl: bool,
        set in prop::sample::select(UNITS.to_vec()), set_response in prop::sample::select(UNITS.to_vec()),
        request in prop::sample::select(UNITS.to_vec()), response in prop::sample::select(UNITS.to_vec()),
    ) {
        let units = TtlUnits { request: set, response: set_response };
        let truth = TtlUnits { request, response };
        let (ttl, life) = if has_ttl {
            // The lifetime that the service understands.
            let life = match (set, request) {
                (TtlUnit::Seconds, TtlUnit::Milliseconds) => seconds / 1000,
                (TtlUnit::Milliseconds, TtlUnit::Seconds) => seconds.saturating_mul(1000),
                _ => seconds,
            };
            prop_assume!(life < u32::MAX / 2);
            (Ttl::For(Duration::from_secs(seconds.into())), life)
        } else {
            (Ttl::ServerDefault, seconds)
        };
        let read = received(units, ttl, &sample_with_lifetime(life), wire(life, response));
        let wrong = set_response != response || has_ttl && set != request;
        prop_assert_eq!(read.unit_mismatch().is_some(), wrong);
        if let Some(mismatch) = read.unit_mismatch() {
            prop_assert_eq!(mismatch.suggested().response, truth.response);
            if has_ttl {
                prop_assert_eq!(mismatch.suggested(), truth);
            }
        }
        prop_assert!(read.lifetime().duration().unwrap() <= Duration::from_secs(life.into()));
    }

    #[test]
    fn any_counts_are_compared_without_a_panic(
        expires_in: i64, lifetime: u32, ttl in prop::option::of(1..u64::MAX),
        request in prop::sample::select(UNITS.to_vec()), response in prop::sample::select(UNITS.to_vec()),
    ) {
        let units = TtlUnits { request, response };
        let ttl = ttl.map_or(Ttl::ServerDefault, |ttl| Ttl::For(Duration::from_millis(ttl)));
        let read = received(units, ttl, &sample_with_lifetime(lifetime), expires_in);
        if let Some(mismatch) = read.unit_mismatch() {
            prop_assert!(mismatch.suggested() != units);
            let _ = mismatch.to_string();
        }
    }
}

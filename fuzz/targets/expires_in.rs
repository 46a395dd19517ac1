//! Any bytes as `expires_in`: the lifetime is never longer than the reported one.
//!
//! The first byte selects the unit and the requested lifetime; the rest is the value.
#![no_main]

use std::time::Duration;

use easemob_token_core::{Lifetime, Password, Ttl, TtlUnits};
use easemob_token_fuzz::{check, endpoint, received_at};
use libfuzzer_sys::fuzz_target;

const TEN_YEARS: Duration = Duration::from_secs(315_360_000);

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, value)) = bytes.split_first() else { return };
    let is_vip5 = choice & 1 == 1;
    let units = if is_vip5 { TtlUnits::VIP5 } else { TtlUnits::STANDARD };
    let requested = match choice >> 1 & 3 {
        0 => Ttl::ServerDefault,
        1 => Ttl::Permanent,
        _ => Ttl::For(Duration::from_secs(3_600)),
    };
    let grant = Password::new("C", "1").unwrap().with_ttl(requested);
    let body = [&br#"{"access_token":"t","expires_in":"#[..], value, b"}"].concat();
    let token = endpoint(units).parse(&grant, http::Response::new(&body[..]), received_at());
    let token = match token {
        Ok(token) => token,
        Err(error) => {
            check(&error);
            // A whole number, plainly written, is always understood.
            let is_plain = std::str::from_utf8(value).is_ok_and(|text| {
                text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
            });
            assert!(!is_plain, "{error}");
            return;
        }
    };
    // Unknown members may hold broken text, for the core and for serde_json.
    let Ok(whole) = serde_json::from_slice::<serde_json::Value>(&body) else { return };
    let reported = match &whole["expires_in"] {
        serde_json::Value::String(text) => text.trim().parse::<i128>().ok(),
        number => number.as_i64().map(i128::from).or(number.as_u64().map(i128::from)),
    };
    match token.lifetime() {
        Lifetime::Permanent => assert_eq!(requested, Ttl::Permanent),
        Lifetime::Expires(time) => {
            assert!(time <= TEN_YEARS);
            // What is no whole number here may be one there, such as 1e3; what is one, is exact.
            if let Some(reported) = reported {
                let unit = if is_vip5 { 1 } else { 1_000 };
                let exact = reported.saturating_mul(unit);
                assert!(reported > 0 && time.as_millis() as i128 <= exact, "{reported}: {time:?}");
            }
        }
        _ => {}
    }
});

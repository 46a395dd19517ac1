//! Ttl units of client and service, equal or not in each direction, over every transport compiled in.

use std::time::Duration;

use easemob_token::transport::Transport;
use easemob_token::{TtlUnit, TtlUnits, UnitMismatch};
use easemob_token_emulator::{Emulator, Unit};

use crate::end_to_end::client_of;

const UNITS: [(TtlUnit, Unit); 2] =
    [(TtlUnit::Seconds, Unit::Seconds), (TtlUnit::Milliseconds, Unit::Milliseconds)];
const TTL: Duration = Duration::from_secs(1_024_000);

/// The true lifetime of a token that was requested for `TTL` with these units.
fn true_life(set: TtlUnit, truth: TtlUnit) -> Duration {
    match (set, truth) {
        (TtlUnit::Seconds, TtlUnit::Milliseconds) => TTL / 1000,
        (TtlUnit::Milliseconds, TtlUnit::Seconds) => TTL * 1000,
        _ => TTL,
    }
}

async fn every_wrong_setting_is_found_and_no_right_one_is(transport: impl Transport) {
    let transport = std::sync::Arc::new(transport);
    for (truth_request, request) in UNITS {
        for (truth_response, response) in UNITS {
            let truth = TtlUnits { request: truth_request, response: truth_response };
            let emulator = Emulator::builder()
                .ttl_units(request, response)
                .default_ttl(TTL)
                .start()
                .await
                .unwrap();
            for set in UNITS.map(|(set, _)| set) {
                for set_response in UNITS.map(|(set, _)| set) {
                    let set = TtlUnits { request: set, response: set_response };
                    let case = format!("set {set}, in truth {truth}");
                    let client = client_of(&emulator, std::sync::Arc::clone(&transport))
                        .ttl_units(set)
                        .build()
                        .unwrap();

                    let user = client.user_token_by_password("c", "1").ttl(TTL).await.unwrap();
                    let found = user.unit_mismatch();
                    let suggested = found.map(UnitMismatch::suggested);
                    assert_eq!(suggested, (set != truth).then_some(truth), "{case}");
                    let life = user.lifetime().duration().unwrap();
                    assert!(life <= true_life(set.request, truth.request), "{case}");
                    assert!(set != truth || life == TTL, "{case}");

                    // Without a requested ttl only the response can be wrong, and the token itself shows it.
                    let app = client.app_token().await.unwrap();
                    let wrong = TtlUnits { response: truth.response, ..set };
                    let suggested = app.unit_mismatch().map(UnitMismatch::suggested);
                    let expected = (set.response != truth.response).then_some(wrong);
                    assert_eq!(suggested, expected, "{case}");
                    assert!(app.lifetime().duration().unwrap() <= TTL, "{case}");
                }
            }
        }
    }
}

over_each_transport!(every_wrong_setting_is_found_and_no_right_one_is);

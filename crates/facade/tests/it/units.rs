//! The unit guard against a real server that counts otherwise than the client is set, each direction
//! by itself, over every transport compiled in.

use std::time::Duration;

use easemob_token::transport::Transport;
use easemob_token::{TtlUnit, TtlUnits, UnitMismatch};
use easemob_token_emulator::{Emulator, Unit};

use crate::end_to_end::client_of;

const UNITS: [(TtlUnit, Unit); 2] =
    [(TtlUnit::Seconds, Unit::Seconds), (TtlUnit::Milliseconds, Unit::Milliseconds)];
const WISH: Duration = Duration::from_secs(1_024_000);

/// How long the service lets a token live for this wish, when each side counts so.
fn true_life(set: TtlUnit, truth: TtlUnit) -> Duration {
    match (set, truth) {
        (TtlUnit::Seconds, TtlUnit::Milliseconds) => WISH / 1000,
        (TtlUnit::Milliseconds, TtlUnit::Seconds) => WISH * 1000,
        _ => WISH,
    }
}

async fn every_wrong_setting_is_told_and_every_right_one_is_not(transport: impl Transport) {
    let transport = std::sync::Arc::new(transport);
    for (truth_request, request) in UNITS {
        for (truth_response, response) in UNITS {
            let truth = TtlUnits { request: truth_request, response: truth_response };
            let emulator = Emulator::builder()
                .ttl_units(request, response)
                .default_ttl(WISH)
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

                    let user = client.user_token_by_password("c", "1").ttl(WISH).await.unwrap();
                    let found = user.unit_mismatch();
                    let suggested = found.map(UnitMismatch::suggested);
                    assert_eq!(suggested, (set != truth).then_some(truth), "{case}");
                    let life = user.lifetime().duration().unwrap();
                    assert!(life <= true_life(set.request, truth.request), "{case}");
                    assert!(set != truth || life == WISH, "{case}");

                    // Without a wish only the response can be wrong, and the token itself tells.
                    let app = client.app_token().await.unwrap();
                    let wrong = TtlUnits { response: truth.response, ..set };
                    let suggested = app.unit_mismatch().map(UnitMismatch::suggested);
                    let expected = (set.response != truth.response).then_some(wrong);
                    assert_eq!(suggested, expected, "{case}");
                    assert!(app.lifetime().duration().unwrap() <= WISH, "{case}");
                }
            }
        }
    }
}

#[cfg(feature = "hyper")]
#[tokio::test]
async fn over_hyper() {
    let transport = easemob_token::hyper::HyperTransport::new();
    every_wrong_setting_is_told_and_every_right_one_is_not(transport).await;
}

#[cfg(feature = "isahc")]
#[tokio::test]
async fn over_isahc() {
    let transport = easemob_token::isahc::IsahcTransport::new();
    every_wrong_setting_is_told_and_every_right_one_is_not(transport).await;
}

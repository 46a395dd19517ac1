//! `ttl` and `expires_in`: absent, zero and a number, in two units.

use std::time::Duration;

use easemob_token_emulator::Unit::{Milliseconds, Seconds};
use easemob_token_emulator::{Emulator, PermanentAs};
use serde_json::{Value, json};

use crate::client::{app_token, client_credentials, inherit, password, post, post_bearing, with};

async fn expires_in(emulator: &Emulator, ttl: Value) -> Value {
    let reply = post(emulator, &with(password("c", "1"), "ttl", ttl)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["expires_in"].clone()
}

#[tokio::test]
async fn each_direction_has_its_unit() {
    for (request, response, ttl, expected, console) in [
        (Seconds, Seconds, 1_024_000, 1_024_000_i64, 5_184_000_i64),
        (Milliseconds, Milliseconds, 1_024_000_000, 1_024_000_000, 5_184_000_000),
        (Milliseconds, Seconds, 1_024_000_000, 1_024_000, 5_184_000),
        (Seconds, Milliseconds, 1_024_000, 1_024_000_000, 5_184_000_000),
    ] {
        let emulator = Emulator::builder().ttl_units(request, response).start().await.unwrap();
        assert_eq!(expires_in(&emulator, json!(ttl)).await, expected, "{request:?} {response:?}");
        assert_eq!(expires_in(&emulator, json!(ttl.to_string())).await, expected, "as text");
        assert_eq!(expires_in(&emulator, Value::Null).await, console, "null as absent");
        let absent = post(&emulator, &client_credentials()).await.json();
        assert_eq!(absent["expires_in"], console, "needs more than 32 bits in milliseconds");
        let token = app_token(&emulator).await;
        let inherited = with(inherit("c", false), "ttl", json!(ttl));
        let inherited = post_bearing(&emulator, &token, &inherited).await.json();
        assert_eq!(inherited["expires_in"], expected);
    }
}

#[tokio::test]
async fn the_console_setting_can_be_changed_even_to_permanent() {
    let hour = Duration::from_secs(3600);
    let emulator = Emulator::builder().default_ttl(hour).start().await.unwrap();
    assert_eq!(expires_in(&emulator, Value::Null).await, 3600);
    let emulator = Emulator::builder().default_ttl(Duration::ZERO).start().await.unwrap();
    assert_eq!(expires_in(&emulator, Value::Null).await, i64::MAX / 1000);
}

#[tokio::test]
async fn permanent_is_sent_as_set_in_both_units() {
    for (setting, expected) in [
        (PermanentAs::default(), i64::MAX / 1000),
        (PermanentAs::UsergridMax, 9_223_372_036_854_775),
        (PermanentAs::Zero, 0),
        (PermanentAs::Negative, -1),
        (PermanentAs::I64Max, i64::MAX),
    ] {
        for unit in [Seconds, Milliseconds] {
            let emulator = Emulator::builder()
                .permanent_as(setting)
                .ttl_units(unit, unit)
                .start()
                .await
                .unwrap();
            assert_eq!(expires_in(&emulator, json!(0)).await, expected);
            assert_eq!(expires_in(&emulator, json!("0")).await, expected);
        }
    }
}

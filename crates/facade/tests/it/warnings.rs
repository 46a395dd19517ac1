//! Warnings for the operator: a wrong ttl unit and a long dynamic token, each emitted once.

use std::time::Duration;

use easemob_token::hyper::HyperTransport;
use easemob_token::{Ttl, TtlUnits};
use easemob_token_emulator::{Emulator, Unit};

use crate::end_to_end::client_of;
use crate::recorder::Recorder;

impl Recorder {
    fn warnings(&self) -> Vec<String> {
        self.take().into_iter().filter(|line| line.starts_with("WARN ")).collect()
    }
}

async fn vip5() -> Emulator {
    let milliseconds = Unit::Milliseconds;
    Emulator::builder().ttl_units(milliseconds, milliseconds).start().await.unwrap()
}

const TTL: Duration = Duration::from_secs(1_024_000);

#[tokio::test]
async fn a_wrong_unit_is_warned_about_once_with_the_setting_and_without_a_secret() {
    let (recorder, _guard) = Recorder::start();
    let emulator = vip5().await;
    let client = client_of(&emulator, HyperTransport::new()).build().unwrap();
    for _ in 0..3 {
        client.user_token("c").ttl(TTL).await.unwrap();
    }
    let warnings = recorder.warnings();
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    for part in [
        "event=\"ttl_unit_mismatch\"",
        "setting=\"ttl_units\"",
        "set=seconds",
        "suggested=request=seconds,response=milliseconds",
        "answered_seconds=5184000000.0",
        "in_token_seconds=5184000.0",
        "ClientBuilder::ttl_units",
    ] {
        assert!(warning.contains(part), "{part}: {warning}");
    }
    for secret in ["YWMt", "YXA6"] {
        assert!(!warning.contains(secret), "{warning}");
    }
}

#[tokio::test]
async fn the_right_units_are_not_warned_about() {
    let (recorder, _guard) = Recorder::start();
    let emulator = vip5().await;
    let builder = client_of(&emulator, HyperTransport::new()).ttl_units(TtlUnits::VIP5);
    let client = builder.build().unwrap();
    client.user_token("c").ttl(TTL).await.unwrap();
    client.user_token("c").ttl(Ttl::Permanent).await.unwrap();
    assert_eq!(recorder.warnings(), Vec::<String>::new());
}

#[cfg(feature = "dynamic")]
#[tokio::test]
async fn a_long_dynamic_token_is_warned_about_once() {
    let (recorder, _guard) = Recorder::start();
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, HyperTransport::new()).build().unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    client.dynamic_token("Alice", day).unwrap();
    assert_eq!(recorder.warnings(), Vec::<String>::new());
    for _ in 0..3 {
        client.dynamic_token("Alice", day * 2).unwrap();
    }
    let warnings = recorder.warnings();
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    let parts = ["event=\"long_dynamic_ttl\"", "ttl_seconds=172800"];
    assert!(parts.iter().all(|part| warning.contains(part)), "{warning}");
    assert!(!warning.contains("ZHQt"), "{warning}");
}

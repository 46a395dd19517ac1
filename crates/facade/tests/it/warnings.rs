//! Warnings for the operator: an outage, a wrong ttl unit, a long dynamic token.

use std::time::Duration;

use easemob_token::hyper::HyperTransport;
use easemob_token::{Client, Ttl, TtlUnits};
use easemob_token_emulator::{Emulator, Unit};
use easemob_token_transport_testkit::ClosedPort;
use tokio::task::JoinSet;

use crate::driving::user_call;
use crate::end_to_end::client_of;
use crate::recorder::Recorder;

impl Recorder {
    /// Takes the warnings; no line shows a marked secret.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut lines = self.take();
        assert!(!lines.join("\n").contains("MARK"), "{lines:?}");
        lines.retain(|line| line.starts_with("WARN "));
        lines
    }
}

/// The warnings while fifty users ask for tokens several times.
async fn warnings_of_an_outage(base_url: &str) -> Vec<String> {
    let (recorder, _guard) = Recorder::start();
    let builder = Client::builder(base_url, "org#app").client_credentials("id", "MARK-secret");
    let client = builder.transport(HyperTransport::new()).max_attempts(1).build().unwrap();
    for _ in 0..3 {
        let mut callers = JoinSet::new();
        for user in 0..50 {
            callers.spawn(user_call(&client, &format!("MARK-{user}")));
        }
        for result in callers.join_all().await {
            let report = result.unwrap_err().report();
            assert!(base_url.contains(report.split(['(', ')']).nth(1).unwrap()), "{report}");
        }
        client.app_token().await.unwrap_err();
    }
    recorder.warnings()
}

#[tokio::test]
async fn an_outage_is_warned_about_once_with_its_host_and_cause() {
    let port = ClosedPort::new();
    let closed_port = format!("http://{}", port.address());
    for (base_url, host, cause) in [
        (&closed_port[..], &closed_port[7..], "refused"),
        ("https://no-such-host.invalid", "no-such-host.invalid", "lookup"),
    ] {
        let warnings = warnings_of_an_outage(base_url).await;
        let [warning] = &warnings[..] else { panic!("{warnings:?}") };
        for part in [&format!("host=\"{host}\""), cause, "kind=\"connect\"", "client_credentials"] {
            assert!(warning.contains(part), "{part}: {warning}");
        }
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

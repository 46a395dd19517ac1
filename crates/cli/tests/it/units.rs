//! A unit that is set wrongly is said on standard error, and only then.

use easemob_token_emulator::{Emulator, Unit};
use serde_json::Value;

use crate::{json, run, set_up, stderr, stdout};

const COMMANDS: [&[&str]; 3] =
    [&["app"], &["user", "--username", "c"], &["password", "--username", "c"]];

/// What each command says with seconds set, to a service that counts so.
async fn told_by(request: Unit, response: Unit, more: &[&str]) -> Vec<(Value, String)> {
    let emulator = Emulator::builder().ttl_units(request, response).start().await.unwrap();
    let mut told = Vec::new();
    for words in COMMANDS {
        let words = [words, more, &["--format", "json"]].concat();
        let output = run(set_up(&emulator, &words)).await;
        told.push((json(&output), stderr(&output).to_owned()));
    }
    told
}

#[tokio::test]
async fn a_response_in_milliseconds_is_warned_about_and_cut() {
    for (token, said) in told_by(Unit::Seconds, Unit::Milliseconds, &["--ttl", "12h"]).await {
        assert_eq!(token["expires_in"], 43_200);
        let warning: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(warning["warning"]["kind"], "ttl_unit_mismatch");
        let message = warning["warning"]["message"].as_str().unwrap();
        assert!(message.contains("set it to request=seconds,response=milliseconds"), "{message}");
        assert!(message.ends_with("(--ttl-unit, EASEMOB_TTL_UNIT)"), "{message}");
    }
    // Without a wish of ours the token itself still tells.
    for (token, said) in told_by(Unit::Seconds, Unit::Milliseconds, &[]).await {
        assert_eq!(token["expires_in"], 5_184_000);
        assert!(said.contains("response=milliseconds"), "{said}");
    }
}

#[tokio::test]
async fn a_request_in_milliseconds_is_warned_about() {
    for (token, said) in told_by(Unit::Milliseconds, Unit::Seconds, &["--ttl", "1024000"]).await {
        assert_eq!(token["expires_in"], 1_024);
        assert!(said.contains("set it to request=milliseconds,response=seconds"), "{said}");
    }
}

#[tokio::test]
async fn both_in_milliseconds_are_warned_about_also_where_quiet_was_asked_for() {
    let both = Unit::Milliseconds;
    for (token, said) in told_by(both, both, &["--ttl", "1024000", "-q"]).await {
        assert_eq!(token["expires_in"], 1_024);
        assert!(said.contains("set it to milliseconds"), "{said}");
    }
    let emulator = Emulator::builder().ttl_units(both, both).start().await.unwrap();
    let output = run(set_up(&emulator, &["app", "-q"])).await;
    assert!(stdout(&output).starts_with("YWMt"));
    assert!(
        stderr(&output).starts_with("easemob-token: warning: the ttl unit "),
        "{}",
        stderr(&output)
    );
    assert_eq!(stderr(&output).lines().count(), 1);
}

#[tokio::test]
async fn units_that_are_set_rightly_are_not_warned_about() {
    for more in [&[][..], &["--ttl", "30s"], &["--ttl", "60d"], &["--ttl", "permanent"]] {
        for (_, said) in told_by(Unit::Seconds, Unit::Seconds, more).await {
            assert_eq!(said, "");
        }
    }
}

//! Warnings about a wrong ttl unit on standard error.

use easemob_token_emulator::{Emulator, Unit};
use serde_json::Value;

use crate::{json, run, set_up, stderr, stdout};

const COMMANDS: [&[&str]; 3] =
    [&["app"], &["user", "--username", "c"], &["password", "--username", "c"]];

/// Token and standard error of each command, with seconds set, for a service with these units.
async fn outputs(request: Unit, response: Unit, more: &[&str]) -> Vec<(Value, String)> {
    let emulator = Emulator::builder().ttl_units(request, response).start().await.unwrap();
    let mut outputs = Vec::new();
    for words in COMMANDS {
        let words = [words, more, &["--format", "json"]].concat();
        let output = run(set_up(&emulator, &words)).await;
        outputs.push((json(&output), stderr(&output).to_owned()));
    }
    outputs
}

#[tokio::test]
async fn a_response_in_milliseconds_is_warned_about_and_cut() {
    for (token, errors) in outputs(Unit::Seconds, Unit::Milliseconds, &["--ttl", "12h"]).await {
        assert_eq!(token["expires_in"], 43_200);
        let warning: Value = serde_json::from_str(&errors).unwrap();
        assert_eq!(warning["warning"]["kind"], "ttl_unit_mismatch");
        let message = warning["warning"]["message"].as_str().unwrap();
        assert!(message.contains("set it to request=seconds,response=milliseconds"), "{message}");
        assert!(message.ends_with("(--ttl-unit, EASEMOB_TTL_UNIT)"), "{message}");
    }
    // Without a requested ttl, the token itself shows it.
    for (token, errors) in outputs(Unit::Seconds, Unit::Milliseconds, &[]).await {
        assert_eq!(token["expires_in"], 5_184_000);
        assert!(errors.contains("response=milliseconds"), "{errors}");
    }
}

#[tokio::test]
async fn a_request_in_milliseconds_is_warned_about() {
    for (token, errors) in outputs(Unit::Milliseconds, Unit::Seconds, &["--ttl", "1024000"]).await {
        assert_eq!(token["expires_in"], 1_024);
        assert!(errors.contains("set it to request=milliseconds,response=seconds"), "{errors}");
    }
}

#[tokio::test]
async fn both_in_milliseconds_are_warned_about_also_with_quiet() {
    let both = Unit::Milliseconds;
    for (token, errors) in outputs(both, both, &["--ttl", "1024000", "-q"]).await {
        assert_eq!(token["expires_in"], 1_024);
        assert!(errors.contains("set it to milliseconds"), "{errors}");
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
async fn right_units_are_not_warned_about() {
    for more in [&[][..], &["--ttl", "30s"], &["--ttl", "60d"], &["--ttl", "permanent"]] {
        for (_, errors) in outputs(Unit::Seconds, Unit::Seconds, more).await {
            assert_eq!(errors, "");
        }
    }
}

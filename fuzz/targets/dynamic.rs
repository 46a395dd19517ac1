//! Any text as a dynamic user token: parsed or refused, without a panic.
#![no_main]

use std::time::{Duration, SystemTime};

use easemob_token_core::dynamic::{Signer, UnverifiedToken};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_686_207_600);
    match UnverifiedToken::parse(text) {
        Ok(reading) => {
            let _ = (reading.verify(now), reading.issued_at(), reading.expires_at());
            let app_key: easemob_token_core::AppKey =
                "easemob-demo#testapp".parse().expect("an App Key");
            let signer = Signer::new(&app_key, "id", "fuzz-secret").expect("a signer");
            // The fuzzer does not know the secret, so nothing is signed with it.
            assert!(signer.verify(&reading, now).is_err());
        }
        Err(error) => assert!(!error.to_string().chars().any(char::is_control), "{error:?}"),
    }
});

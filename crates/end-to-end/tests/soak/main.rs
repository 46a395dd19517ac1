//! Runs the program for some seconds and checks its output.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

fn soak(arguments: &[&str]) -> (bool, String) {
    let program = env!("CARGO_BIN_EXE_soak");
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap()).concat();
    (output.status.success(), text)
}

#[test]
fn a_short_run_keeps_every_promise() {
    let (kept, text) = soak(&["--short", "--transport", "hyper", "--seed", "1"]);
    assert!(kept && text.contains("every promise was kept"), "{text}");
}

#[test]
fn an_unknown_transport_is_refused() {
    let (kept, text) = soak(&["--transport", "carrier-pigeon"]);
    assert!(!kept && text.contains("hyper, isahc"), "{text}");
}

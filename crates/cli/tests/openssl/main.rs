//! Dynamic tokens checked against OpenSSL and a shell.
//!
//! These tests need the programs `openssl` and `sh`, so a plain `cargo test` skips them;
//! `cargo xtask ci signatures` finds or installs the programs and runs them.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use easemob_token_emulator::{DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET};
use serde_json::Value;

/// Reads a token from standard input and prints its member names, the expected signature and the
/// actual one.
const CHECK: &str = r#"
set -eu
json=$(tr -- '-_' '+/' | "$OPENSSL" base64 -d -A)
case $json in dt-*) json=${json#dt-} ;; *) echo "no dt- inside" >&2; exit 1 ;; esac
number() { printf '%s' "$json" | sed -E "s/.*\"$1\":([0-9]+).*/\1/"; }
text() { printf '%s' "$json" | sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/"; }
printf '%s' "$json" | grep -oE '"[A-Za-z]+":' | tr -d '":\n' && echo
printf '%s' "$CLIENT_ID$(text appkey)$(text userId)$(number curTime)$(number ttl)$CLIENT_SECRET" |
    "$OPENSSL" dgst -sha256 -r | cut -d' ' -f1
text signature
"#;

/// Makes a token of the arguments: user ID, time, ttl.
const MAKE: &str = r#"
set -eu
signature=$(printf '%s' "$CLIENT_ID$APP_KEY$1$2$3$CLIENT_SECRET" | "$OPENSSL" dgst -sha256 -r | cut -d' ' -f1)
printf 'dt-{"signature":"%s","appkey":"%s","userId":"%s","curTime":%s,"ttl":%s}' \
    "$signature" "$APP_KEY" "$1" "$2" "$3" | "$OPENSSL" base64 -A | tr '+/' '-_'
"#;

fn shell(script: &str, arguments: &[&str], input: &[u8]) -> String {
    let openssl = std::env::var("OPENSSL").unwrap_or_else(|_| "openssl".to_owned());
    let version = Command::new(&openssl).arg("version").output();
    assert!(
        version.is_ok_and(|version| version.status.success()),
        "the program `openssl` is needed and does not run; install it (Debian, Ubuntu: `apt-get \
         install openssl`), or name it in the variable OPENSSL, or run `cargo xtask ci signatures`"
    );
    let mut child = Command::new("sh")
        .args(["-c", script, "sh"])
        .args(arguments)
        .env("OPENSSL", openssl)
        .env("CLIENT_ID", DEMO_CLIENT_ID)
        .env("CLIENT_SECRET", DEMO_CLIENT_SECRET)
        .env("APP_KEY", DEMO_APP_KEY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell named sh");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the shell script failed; its reason stands above");
    String::from_utf8(output.stdout).unwrap()
}

fn easemob_token(words: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_easemob-token"))
        .args(words)
        .env("EASEMOB_APP_KEY", DEMO_APP_KEY)
        .env("EASEMOB_CLIENT_ID", DEMO_CLIENT_ID)
        .env("EASEMOB_CLIENT_SECRET", DEMO_CLIENT_SECRET)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn what_the_command_makes_has_the_signature_that_openssl_computes() {
    for (user, ttl) in
        [("Test2333", "600"), ("a.b-c_d", "1"), ("0", "60d"), (&*"z".repeat(64), "12h")]
    {
        let token = easemob_token(&["dynamic", "-q", "--username", user, "--ttl", ttl]).stdout;
        let checked = shell(CHECK, &[], token.trim_ascii());
        let lines: Vec<_> = checked.lines().collect();
        let [members, expected, found] = lines[..] else { panic!("three lines: {checked}") };
        assert_eq!(members, "signatureappkeyuserIdcurTimettl");
        assert_eq!(expected.len(), 64);
        assert_eq!(found, expected, "{user} {ttl}");
    }
}

#[test]
fn what_openssl_makes_is_good() {
    // The vector of the rule, and another token.
    for (user, time, ttl, signature) in [
        (
            "test2333",
            "1686207557",
            "600",
            Some("e92a1247dff460e2f8040d7d2575bee6ca4ebb0f2adaa1a191e82ea1f9c4c4d0"),
        ),
        ("someone-else", "1795000000", "86400", None),
    ] {
        let token = shell(MAKE, &[user, time, ttl], b"");
        let output = easemob_token(&["inspect", "--format", "json", &token]);
        let decoded: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&decoded["signature"], &decoded["username"]), (&"good".into(), &user.into()));
        if let Some(signature) = signature {
            assert!(shell(CHECK, &[], token.as_bytes()).ends_with(signature));
        }
        let wrong = shell(MAKE, &[user, time, ttl], b"").replace(&token[10..20], &"A".repeat(10));
        let output = easemob_token(&["inspect", "--format", "json", &wrong]);
        let decoded: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_ne!(decoded["signature"], "good");
    }
}

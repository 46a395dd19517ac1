//! The commands without a service: `dynamic` and `inspect`.

use std::process::Command;

use easemob_token_emulator::{DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};

use crate::{command, failure, json, run, run_with_input, set_up, stderr, stdout};

/// The sample of the Chinese page.
const SAMPLE: &str = "YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnNonWqRx7gTPwR7Kzl-Q_xISNOAwMAAAF9UPZqbQAPoAAtYK9fWgaTNyuWoB3-6nGf_TXBx3Nt3XRZST-elU0x2A";
/// The vector of the rule, expired since 2023.
const VECTOR: &str = "ZHQteyJzaWduYXR1cmUiOiJlOTJhMTI0N2RmZjQ2MGUyZjgwNDBkN2QyNTc1YmVlNmNhNGViYjBmMmFkYWExYTE5MWU4MmVhMWY5YzRjNGQwIiwiYXBwa2V5IjoiZWFzZW1vYi1kZW1vI3Rlc3RhcHAiLCJ1c2VySWQiOiJ0ZXN0MjMzMyIsImN1clRpbWUiOjE2ODYyMDc1NTcsInR0bCI6NjAwfQ==";
const VECTOR_SIGNATURE: &str = "e92a1247dff460e2f8040d7d2575bee6ca4ebb0f2adaa1a191e82ea1f9c4c4d0";

/// The command with the credentials of the samples and without a service.
fn signing(words: &[&str]) -> Command {
    let mut command = command(words);
    command
        .env("EASEMOB_APP_KEY", DEMO_APP_KEY)
        .env("EASEMOB_CLIENT_ID", DEMO_CLIENT_ID)
        .env("EASEMOB_CLIENT_SECRET", DEMO_CLIENT_SECRET);
    command
}

#[tokio::test]
async fn the_sample_of_the_chinese_page_is_told() {
    let output = run(command(&["inspect", SAMPLE])).await;
    let text = stdout(&output);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    for part in [
        "kind         user token\n",
        "application  bb0cac57-a9dd-4e81-bd58-fb2929cda275\n",
        "user         aa471ee0-4cfc-11ec-ace5-f90ff121234e\n",
        "issued       2021-11-24T08:01:06.157Z\n",
        "lifetime     1 024 000 s (11d 20h 26m 40s)\n",
        "expires      2021-12-06T04:27:46.157Z\n",
        "state        expired ",
        "undocumented",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let decoded = json(&run(command(&["inspect", SAMPLE, "--format", "json"])).await);
    assert_eq!(
        decoded,
        serde_json::json!({
            "kind": "user",
            "confidence": "high",
            "application": "bb0cac57-a9dd-4e81-bd58-fb2929cda275",
            "principal": "aa471ee0-4cfc-11ec-ace5-f90ff121234e",
            "token_id": "ad1e840a-4cfc-11ec-b1e9-8f63d5e5fd91",
            "issued_at": "2021-11-24T08:01:06.157Z",
            "lifetime": "expires",
            "lifetime_seconds": 1_024_000,
            "expires_at": "2021-12-06T04:27:46.157Z",
            "expired": true,
            "left_seconds": 0,
        })
    );
}

#[tokio::test]
async fn a_token_of_the_emulator_has_its_time_left() {
    let emulator = Emulator::start().await.unwrap();
    let app = run(set_up(&emulator, &["app", "--ttl", "12h"])).await;
    let decoded = json(&run_with_input(command(&["inspect", "--format", "json"]), &app.stdout));
    assert_eq!((&decoded["kind"], &decoded["expired"]), (&"app".into(), &false.into()));
    let left = decoded["left_seconds"].as_u64().unwrap();
    assert!((43_000..=43_200).contains(&left), "{left}");
}

#[test]
fn a_dynamic_token_is_made_without_a_service_and_read_back() {
    let words = ["dynamic", "--username", "Alice", "--ttl", "10m"];
    let output = signing(&words).output().unwrap();
    let token = stdout(&output).strip_suffix('\n').unwrap();
    assert!(token.starts_with("ZHQt"), "{token}");
    let made = json(&signing(&[&words[..], &["--format", "json"]].concat()).output().unwrap());
    let members: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members.len(), 5, "{members:?}");
    assert_eq!((&made["kind"], &made["expires_in"]), (&"dynamic".into(), &600.into()));
    assert_eq!(made["lifetime"], "expires");
    assert!(made["expires_at"].as_str().unwrap().ends_with('Z'));

    // Standard input is read with and without a dash.
    for words in [&["inspect", "--format", "json"][..], &["inspect", "-", "--format", "json"]] {
        let decoded = json(&run_with_input(signing(words), &output.stdout));
        assert_eq!((&decoded["kind"], &decoded["username"]), (&"dynamic".into(), &"alice".into()));
        assert_eq!(
            (&decoded["app_key"], &decoded["signature"]),
            (&DEMO_APP_KEY.into(), &"good".into())
        );
        assert_eq!(
            (&decoded["faults"], &decoded["lifetime_seconds"]),
            (&serde_json::json!([]), &600.into())
        );
    }
    // Without the secret the signature is not checked.
    let decoded = json(&run_with_input(command(&["inspect", "--format", "json"]), &output.stdout));
    assert_eq!(decoded["signature"], "unchecked");
}

#[test]
fn each_fault_of_a_dynamic_token_is_named() {
    let decoded =
        |command: &mut Command| json(&command.args(["--format", "json"]).output().unwrap());
    let good = decoded(&mut signing(&["inspect", VECTOR]));
    assert_eq!(
        (&good["signature"], &good["faults"]),
        (&"good".into(), &serde_json::json!(["expired"]))
    );
    let wrong = decoded(signing(&["inspect", VECTOR]).env("EASEMOB_CLIENT_SECRET", "MARK"));
    assert_eq!(wrong["faults"], serde_json::json!(["expired", "bad_signature"]));
    assert_eq!(wrong["signature"], "bad");
    let other = decoded(signing(&["inspect", VECTOR]).env("EASEMOB_APP_KEY", "org#app"));
    assert_eq!(other["faults"], serde_json::json!(["expired", "other_app_key"]));
    assert_eq!(other["signature"], "unchecked");
    let outside = format!("dt-{VECTOR}");
    let outside = decoded(&mut signing(&["inspect", &outside]));
    assert_eq!(outside["faults"], serde_json::json!(["prefix_outside", "expired"]));
}

#[test]
fn a_text_that_is_no_whole_token_is_named_and_not_repeated() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP";
    let agora = "007eJxTYNAIsnbS3v/A5t2TC6feR15r+6cq8bqAvfaW+tk/Vzz+p6xTYLA0N3B2NDZN";
    let dash = SAMPLE.replacen('-', "–", 1);
    for (text, kind, shown) in [
        ("a.b.c", "opaque", "opaque: nothing to decode"),
        (
            "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc",
            "credential",
            "not a token but a client ID or client secret",
        ),
        (jwt, "jwt", "not a token of Easemob but a JSON Web Token"),
        (agora, "agora", "not a token of Easemob but a token of Agora"),
        ("YWMt-sample", "cut_off", "fewer than 130 characters; copy it again (11 characters here)"),
        (&dash, "cut_off", "characters here, then U+2013)"),
        (&VECTOR[..200], "cut_off", "a dynamic token that was cut off"),
        ("ZHQtbroken", "opaque", "not a dynamic token: it is not base64"),
    ] {
        for form in ["★", "Authorization: Bearer ★", "{\"access_token\":\"★\"}"] {
            let pasted = form.replace('★', text);
            let output = command(&["inspect", &pasted]).output().unwrap();
            assert_eq!(output.status.code(), Some(0));
            assert!(stdout(&output).contains(shown), "{pasted}: {}", stdout(&output));
            let decoded = command(&["inspect", &pasted, "--format", "json"]).output().unwrap();
            assert_eq!(json(&decoded)["kind"], kind, "{pasted}");
            assert!(!format!("{output:?} {decoded:?}").contains(&text[..5.min(text.len())]));
        }
    }
}

#[test]
fn a_token_is_read_from_what_is_pasted_as_an_argument_and_as_input() {
    let header = format!("-H 'authorization: Bearer {SAMPLE}' \\\n");
    let response = format!("\u{feff}{{\"access_token\":\"{SAMPLE}\",\"expires_in\":1024000}}");
    let wrapped = format!("  {}\r\n  {}\r\n", &SAMPLE[..80], &SAMPLE[80..]);
    let utf_16: Vec<u8> =
        format!("\u{feff}{SAMPLE}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let gbk = [b"\xc1\xee\xc5\xc6: ", SAMPLE.as_bytes()].concat();
    let expected = json(&command(&["inspect", SAMPLE, "--format", "json"]).output().unwrap());
    for text in [&header, &response, &wrapped, &format!("{SAMPLE}%3D%3D")] {
        let argument = command(&["inspect", "--format", "json", "--", text]).output().unwrap();
        assert_eq!(json(&argument), expected, "{text}");
    }
    let input = [header.as_bytes(), response.as_bytes(), wrapped.as_bytes(), &utf_16, &gbk];
    for input in input {
        let output = run_with_input(command(&["inspect", "--format", "json"]), input);
        assert_eq!(json(&output), expected, "{}", String::from_utf8_lossy(input));
    }
    let dynamic = format!("Bearer {}", VECTOR.replace('=', "%3D"));
    let dynamic = json(&signing(&["inspect", &dynamic, "--format", "json"]).output().unwrap());
    assert_eq!((&dynamic["signature"], &dynamic["username"]), (&"good".into(), &"test2333".into()));
}

#[tokio::test]
async fn a_permanent_token_never_expires() {
    let emulator = Emulator::start().await.unwrap();
    let app = run(set_up(&emulator, &["app", "--ttl", "permanent"])).await;
    let decoded = json(&run_with_input(command(&["inspect", "--format", "json"]), &app.stdout));
    for (member, value) in [
        ("lifetime", "permanent".into()),
        ("expired", false.into()),
        ("lifetime_seconds", serde_json::Value::Null),
        ("expires_at", serde_json::Value::Null),
        ("left_seconds", serde_json::Value::Null),
    ] {
        assert_eq!(decoded[member], value, "{member}: {decoded}");
    }
    let output = run_with_input(command(&["inspect"]), &app.stdout);
    let text = stdout(&output);
    let rows = ["lifetime     permanent\n", "expires      never\n", "state        never expires\n"];
    assert!(rows.iter().all(|row| text.contains(row)), "{text}");
}

#[test]
fn the_clock_of_the_maker_of_a_dynamic_token_may_differ_by_the_leeway() {
    use easemob_token::dynamic::Signer;
    use std::time::{Duration, SystemTime};

    let app_key = DEMO_APP_KEY.parse().unwrap();
    let signer = Signer::new(&app_key, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET).unwrap();
    let (now, ttl) = (SystemTime::now(), Duration::from_secs(600));
    for (made_at, leeway, faults, expired) in [
        (now + Duration::from_secs(40), "60s", &[][..], false),
        (now + Duration::from_secs(40), "10s", &["not_yet_valid"], false),
        (now - ttl - Duration::from_secs(30), "60s", &[], false),
        (now - ttl - Duration::from_secs(30), "0", &["expired"], true),
        (now - ttl - Duration::from_secs(90), "60s", &["expired"], true),
        (now - ttl - Duration::from_secs(90), "5m", &[], false),
    ] {
        let token = signer.token("c", ttl, made_at).unwrap();
        let words = ["inspect", token.access_token().expose(), "--leeway", leeway];
        for mut command in [signing(&words), command(&words)] {
            let output = command.args(["--format", "json"]).output().unwrap();
            let decoded = json(&output);
            assert_eq!(decoded["faults"], serde_json::json!(faults), "{leeway}: {decoded}");
            assert_eq!(decoded["expired"], expired, "{leeway}: {decoded}");
            assert!(decoded["left_seconds"].as_u64() <= Some(600), "{decoded}");
        }
    }
}

#[test]
fn inspect_prints_neither_the_token_nor_its_signature() {
    let mut texts = String::new();
    for token in [SAMPLE, VECTOR] {
        for format in ["text", "json"] {
            let output = signing(&["inspect", token, "--format", format]).output().unwrap();
            texts.push_str(stdout(&output));
            texts.push_str(stderr(&output));
        }
    }
    // The decoded parts are in the output.
    assert!(texts.contains("test2333") && texts.contains("aa471ee0"), "{texts}");
    for secret in ["YWMt", "ZHQt", VECTOR_SIGNATURE, "60af5f5a0693372b", DEMO_CLIENT_SECRET] {
        assert!(!texts.contains(secret), "{texts}");
    }
}

#[test]
fn control_characters_of_a_user_id_are_escaped() {
    use base64::Engine as _;
    let json =
        r#"dt-{"signature":"","appkey":"o#a","userId":"\u001b[31m\u202ered","curTime":1,"ttl":1}"#;
    let token = base64::engine::general_purpose::URL_SAFE.encode(json);
    let output = command(&["inspect", &token]).output().unwrap();
    assert!(stdout(&output).contains(r"\u{1b}[31m\u{202e}red"), "{}", stdout(&output));
    assert!(!stdout(&output).contains('\u{1b}'));
}

#[test]
fn a_missing_or_wrong_argument_is_named_with_exit_2() {
    let case = |mut command: Command, part: &str| {
        let (code, error) = failure(&command.args(["--format", "json"]).output().unwrap());
        assert_eq!((code, &error["kind"]), (2, &"invalid_input".into()), "{part}");
        assert!(error["message"].as_str().unwrap().contains(part), "{part}: {error}");
    };
    let dynamic = ["dynamic", "--username", "alice", "--ttl", "10m"];
    case(signing(&dynamic[..3]), "--ttl: missing");
    case(signing(&[&dynamic[..4], &["permanent"]].concat()), "no permanent dynamic token");
    case(signing(&[&dynamic[..4], &["0"]].concat()), "is zero");
    case(signing(&[&dynamic[..4], &["10ms"]].concat()), "ttl: is shorter than one second");
    case(signing(&["dynamic", "--ttl", "1m", "--username", "a b"]), "user ID: ");
    for (variable, part) in [
        ("EASEMOB_APP_KEY", "--app-key"),
        ("EASEMOB_CLIENT_ID", "--client-id"),
        ("EASEMOB_CLIENT_SECRET", "EASEMOB_CLIENT_SECRET"),
    ] {
        let mut command = signing(&dynamic);
        command.env_remove(variable);
        case(command, part);
    }
    let mut wrong = signing(&dynamic);
    wrong.env("EASEMOB_APP_KEY", "org/app");
    case(wrong, "--app-key");
    case(signing(&["inspect"]), "the input is empty");
    case(signing(&["inspect", "  "]), "the input is empty");
    case(signing(&["inspect", "--client-secret-file", "-"]), "cannot both be standard input");
    case(signing(&["inspect", "Bearer null"]), "holds no token");
    let output = run_with_input(command(&["inspect"]), &[0xff, 0xfe]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn a_long_dynamic_token_is_made_and_warned_about() {
    let words = ["dynamic", "--username", "alice", "--ttl"];
    let short = signing(&[&words[..], &["24h", "-q"]].concat()).output().unwrap();
    assert_eq!((short.status.code(), stderr(&short)), (Some(0), ""));
    let long = signing(&[&words[..], &["25h", "-q"]].concat()).output().unwrap();
    assert_eq!(long.status.code(), Some(0));
    assert!(stderr(&long).starts_with("easemob-token: warning: --ttl: "), "{}", stderr(&long));
    assert!(stdout(&long).starts_with("ZHQt"));
}

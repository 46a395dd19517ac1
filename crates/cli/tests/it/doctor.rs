//! The command `doctor`: the first fault is named, with its exit code, and costs two requests at most.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use easemob_token_emulator::{DEMO_CLIENT_SECRET, Emulator, Fault, Grant, Unit};
use serde_json::Value;

use crate::{command, json, run, set_up, stderr, stdout};

/// The exit code, and the line of the first fault.
async fn fault(command: Command) -> (i32, String) {
    let output = run(command).await;
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    let text = stdout(&output);
    let faults: Vec<_> = text.lines().filter(|line| line.starts_with("fault")).collect();
    let [fault] = faults[..] else { panic!("{text}") };
    (output.status.code().unwrap(), fault.to_owned())
}

#[track_caller]
fn says((code, line): (i32, String), expected: i32, words: &[&str]) {
    assert_eq!(code, expected, "{line}");
    for word in words {
        assert!(line.contains(word), "{word}: {line}");
    }
}

#[tokio::test]
async fn from_the_settings_to_a_token_each_step_is_a_line() {
    let emulator = Emulator::start().await.unwrap();
    let output = run(set_up(&emulator, &["doctor", "c"])).await;
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let text = stdout(&output);
    for line in [
        "base URL: http://127.0.0.1",
        "App Key: easemob-demo#testapp (EASEMOB_APP_KEY)",
        "client ID: YXA6… (EASEMOB_CLIENT_ID)",
        "client secret: set (EASEMOB_CLIENT_SECRET)",
        "ok       connection    127.0.0.1:",
        "ok       clock         agrees",
        "ok       app token     received, lives 60d",
        "ok       ttl unit      seconds, as the token itself says",
        "ok       user          token of c received",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // No secret, no token, no colour without a terminal.
    for absent in [DEMO_CLIENT_SECRET, "YWMt", "\u{1b}"] {
        assert!(!text.contains(absent), "{absent:?}: {text}");
    }
    assert_eq!(emulator.request_count(), 2);
    let report = json(&run(set_up(&emulator, &["doctor", "--format", "json"])).await);
    let names = |report: &Value| -> Vec<String> {
        let steps = report["steps"].as_array().unwrap();
        steps.iter().map(|step| format!("{}: {}", step["step"], step["result"])).collect()
    };
    assert_eq!((&report["ok"], names(&report).len()), (&true.into(), 8));
    let mut unknown = set_up(&emulator, &["doctor", "nobody", "--format", "json"]);
    unknown.env("EASEMOB_TTL", "1h");
    let output = run(unknown).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let last = &report["steps"][7];
    assert_eq!((output.status.code(), &report["ok"]), (Some(3), &false.into()));
    assert_eq!(
        (&last["result"], &last["error"]["kind"]),
        (&"fault".into(), &"user_not_found".into())
    );
}

#[tokio::test]
async fn a_fault_of_the_settings_is_told_before_anything_is_sent() {
    let emulator = Emulator::start().await.unwrap();
    says(fault(command(&["doctor"])).await, 2, &["settings", "missing", "--base-url", "--app-key"]);
    for (variable, value, words) in [
        ("EASEMOB_CLIENT_SECRET", "", &["missing: --client-secret-file"][..]),
        ("EASEMOB_APP_KEY", "easemob-demo", &["--app-key", "#"]),
        ("EASEMOB_BASE_URL", "https://user:hunter2@a1.easemob.com", &["--base-url"]),
        ("EASEMOB_TTL_UNIT", "hours", &["--ttl-unit"]),
        ("EASEMOB_CA_FILE", "/nonexistent/ca.pem", &["--ca-file"]),
        ("EASEMOB_PROXY", "socks5://127.0.0.1", &["--proxy"]),
    ] {
        let mut command = set_up(&emulator, &["doctor"]);
        command.env(variable, value);
        let found = fault(command).await;
        assert!(!found.1.contains("hunter2"), "{}", found.1);
        says(found, 2, &[&["settings"], words].concat());
    }
    assert_eq!(emulator.request_count(), 0);
}

#[tokio::test]
async fn the_deadline_is_that_of_all_steps_and_the_lifetime_that_of_both_tokens() {
    let emulator = Emulator::start().await.unwrap();
    says(fault(set_up(&emulator, &["doctor", ""])).await, 2, &["settings", "user ID", "empty"]);
    assert_eq!(emulator.request_count(), 0);
    let text = stdout(&run(set_up(&emulator, &["doctor", "c", "--ttl", "1h"])).await).to_owned();
    assert_eq!(text.matches("received, lives 1h\n").count(), 2, "{text}");
    // Each of the requests would be in time.
    emulator.inject(Fault::delay(Duration::from_millis(600)).always()).unwrap();
    let late = fault(set_up(&emulator, &["doctor", "c", "--deadline", "1s"])).await;
    says(late, 5, &["user", "deadline"]);
}

#[tokio::test]
async fn an_app_token_that_is_refused_is_not_fetched_again() {
    let emulator = Emulator::start().await.unwrap();
    let revoked = Fault::error(401, "unauthorized", None).on(Grant::Inherit).always();
    emulator.inject(revoked).unwrap();
    says(fault(set_up(&emulator, &["doctor", "c"])).await, 3, &["user", "401"]);
    assert_eq!(emulator.request_count(), 2);
}

#[tokio::test]
async fn a_refusal_is_the_fault_of_its_step() {
    let emulator = Emulator::start().await.unwrap();
    emulator.add_user("eve", "1").unwrap();
    emulator.ban("eve").unwrap();
    let page = || Fault::response(200, [], b"<html>Sign in to this network</html>".to_vec());
    let none: [(&str, &str); 0] = [];
    for (words, variables, injected, code, expected) in [
        (
            &["doctor"][..],
            &[("EASEMOB_APP_KEY", "other#app")][..],
            None,
            3,
            &["app token", "app key"][..],
        ),
        (&["doctor"], &[("EASEMOB_CLIENT_SECRET", "wrong")], None, 3, &["app token", "console"]),
        (
            &["doctor"],
            &[("EASEMOB_CLIENT_ID", "YXA6swapped"), ("EASEMOB_CLIENT_SECRET", "YXA6id")],
            None,
            3,
            &["app token", "console"],
        ),
        (&["doctor"], &none, Some(page()), 6, &["app token", "firewall"]),
        (
            &["doctor"],
            &none,
            Some(Fault::redirect("https://login.example/")),
            6,
            &["app token", "redirect"],
        ),
        (&["doctor"], &none, Some(Fault::rate_limited(None)), 4, &["app token", "try again"]),
        (&["doctor", "c"], &none, Some(Fault::quota_exceeded()), 4, &["plan"]),
        (&["doctor"], &none, Some(Fault::gateway(503)), 5, &["app token", "503"]),
        (&["doctor"], &none, Some(Fault::close()), 5, &["app token"]),
        (&["doctor", "nobody"], &none, None, 3, &["user", "--create"]),
        (&["doctor", "eve"], &none, None, 3, &["user", "unban"]),
    ] {
        let before = emulator.request_count();
        if let Some(fault) = injected {
            emulator.inject(fault).unwrap();
        }
        let mut command = set_up(&emulator, words);
        command.envs(variables.iter().copied());
        says(fault(command).await, code, expected);
        assert!(emulator.request_count() - before <= 2, "{words:?}");
    }
}

#[tokio::test]
async fn another_unit_than_the_service_has_is_a_fault() {
    let vip5 = Emulator::builder().ttl_units(Unit::Milliseconds, Unit::Milliseconds);
    let vip5 = vip5.start().await.unwrap();
    says(fault(set_up(&vip5, &["doctor"])).await, 2, &["ttl unit", "milliseconds"]);
    let seconds = Emulator::start().await.unwrap();
    let mut milliseconds = set_up(&seconds, &["doctor"]);
    milliseconds.env("EASEMOB_TTL_UNIT", "milliseconds");
    says(fault(milliseconds).await, 2, &["ttl unit", "--ttl-unit"]);
}

#[tokio::test]
async fn a_fault_of_the_network_is_named_before_a_request() {
    let emulator = Emulator::start().await.unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap();
    let tls = Emulator::builder().tls(["127.0.0.1"]).start().await.unwrap();
    let at = |url: String, more: &[(&'static str, &'static str)]| {
        let mut command = set_up(&emulator, &["doctor"]);
        command.env("EASEMOB_BASE_URL", url).env("EASEMOB_ALLOW_HTTP", "1");
        command.envs(more.iter().copied());
        command
    };
    let unknown = || "https://no.such.name.invalid".to_owned();
    let closed = || "https://127.0.0.1:1".to_owned();
    for (command, code, words) in [
        (at(unknown(), &[]), 5, &["name look-up", "check the name"][..]),
        (at(closed(), &[]), 5, &["connection", "refused", "firewall"]),
        (
            // An address of this machine that goes through a proxy, as 127.0.0.1 does not.
            at("https://0.0.0.0:1".to_owned(), &[("HTTPS_PROXY", "http://127.0.0.1:9")]),
            5,
            &["connection", "HTTPS_PROXY is set but not used", "--proxy env"],
        ),
        (
            at(unknown(), &[("HTTPS_PROXY", "http://127.0.0.1:9")]),
            5,
            &["name look-up", "HTTPS_PROXY is set but not used", "--proxy env"],
        ),
        (
            at(unknown(), &[("EASEMOB_PROXY", "http://127.0.0.1:1")]),
            5,
            &["connection", "proxy (--proxy)"],
        ),
        (at(format!("http://{silent}"), &[("EASEMOB_DEADLINE", "500ms")]), 5, &["app token"]),
        (at(tls.base_url().replace("https:", "http:"), &[]), 5, &["app token", "https://"]),
        #[cfg(feature = "hyper")]
        (at(format!("https://{silent}"), &[("EASEMOB_DEADLINE", "500ms")]), 5, &["TLS", "HTTPS"]),
        #[cfg(feature = "hyper")]
        (
            at(emulator.base_url().replace("http:", "https:"), &[]),
            5,
            &["TLS", "no TLS on this port"],
        ),
    ] {
        let begun = Instant::now();
        says(fault(command).await, code, words);
        assert!(begun.elapsed() < Duration::from_secs(4), "{words:?}");
    }
    assert_eq!(emulator.request_count(), 0);
}

#[tokio::test]
async fn a_clock_that_is_off_is_a_warning_that_says_by_how_much() {
    let emulator = Emulator::start().await.unwrap();
    let (now, hour) = (SystemTime::now(), Duration::from_secs(3660));
    for (date, words) in [
        (now + hour, ["1h", "behind the service", "NTP"]),
        (now - hour, ["1h", "ahead of the service", "NTP"]),
        (now - 24 * hour, ["1d", "ahead of the service", "NTP"]),
    ] {
        let date = httpdate::fmt_http_date(date);
        let app_token = Fault::error(503, "unavailable", None).header("date", &date);
        emulator.inject(app_token).unwrap();
        let output = run(set_up(&emulator, &["doctor"])).await;
        let text = stdout(&output);
        let line = text.lines().find(|line| line.starts_with("warning  clock")).expect(text);
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
}

#[cfg(feature = "hyper")]
mod certificates {
    use std::fs;

    use easemob_token_transport_testkit::{Authority, Identity, LOOPBACK, Script, ScriptedServer};

    use super::*;

    /// What `doctor` says of a server with this certificate.
    async fn doctor(script: Script, roots: &str, is_proxy: bool) -> (i32, String) {
        let emulator = Emulator::start().await.unwrap();
        let server = ScriptedServer::start(script);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        fs::write(&file, roots).unwrap();
        let mut command = set_up(&emulator, &["doctor"]);
        command.env("EASEMOB_CA_FILE", &file);
        if is_proxy {
            command.env("EASEMOB_PROXY", format!("http://{}", server.address()));
            command.env("EASEMOB_BASE_URL", "https://a1.easemob.com");
        } else {
            command.env("EASEMOB_BASE_URL", format!("https://{}", server.address()));
        }
        fault(command).await
    }

    #[tokio::test]
    async fn whose_certificate_it_is_and_what_is_wrong_with_it_is_told() {
        let (ours, other) = (Authority::new(), Authority::new());
        let emulator = Emulator::builder().tls(["localhost"]).start().await.unwrap();
        let unrelated = emulator.ca_pem().unwrap();
        let script = Script::new().tls(other.issue(LOOPBACK)).serve();
        let found = doctor(script, unrelated, false).await;
        says(found, 5, &["TLS", "no trusted root", "--add-ca-file", "valid from"]);
        // The roots of the tests have one name.
        let roots = ours.pem();
        for (identity, words) in [
            (other.issue(LOOPBACK), ["another key", "--add-ca-file", "valid from"]),
            (Identity::self_signed(LOOPBACK), ["another key", "--add-ca-file", "itself"]),
            (Identity::self_signed_authority(LOOPBACK), ["CA:TRUE", "--add-ca-file", "itself"]),
            (ours.issue("other.example"), ["for another host", "the URL", "for other.example"]),
            (ours.issue_expired(LOOPBACK), ["has expired", "clock", "2020"]),
            (ours.issue_not_yet_valid(LOOPBACK), ["not valid yet", "clock", "4000"]),
        ] {
            let script = Script::new().tls(identity).serve();
            says(doctor(script, &roots, false).await, 5, &[&["TLS"], &words[..]].concat());
        }
        let closed = doctor(Script::new().cut(), &roots, false).await;
        says(closed, 5, &["TLS", "closed during the handshake", "firewall"]);
    }

    #[tokio::test]
    async fn a_proxy_that_opens_tls_itself_is_found_at_the_app_token() {
        let (ours, proxy) = (Authority::new(), Authority::new());
        let script = Script::new().request().write(&b"HTTP/1.1 200 OK\r\n\r\n"[..]);
        let script = script.tls(proxy.issue("a1.easemob.com")).serve();
        let found = doctor(script, &ours.pem(), true).await;
        says(found, 5, &["app token", "another key", "--add-ca-file"]);
    }
}

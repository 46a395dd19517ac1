//! The command `emulator` as a process: its ready line, its end, its command, its settings.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[cfg(unix)]
use easemob_token_transport_testkit::subprocess;
use serde_json::Value;

use crate::{command, failure, stderr, stdout};

/// Starts the command `emulator` and returns it with its ready line.
fn started(command: &mut Command) -> (Child, Value) {
    let mut child = command
        .args(["emulator", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

/// One request on a connection of its own; returns status and body.
fn send(url: &str, method: &str, path: &str, body: &str) -> (String, String) {
    let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
}

/// A pipe holds 64 KiB: these lines are many times as long.
#[cfg(unix)]
#[test]
fn pipes_that_nobody_reads_block_nothing() {
    let (mut child, ready) = started(command(&[]).env("EASEMOB_EMULATOR_REQUEST_LIMIT", "none"));
    let url = ready["base_url"].as_str().unwrap();
    let body = format!(r#"{{"grant_type":"password","username":"{}"}}"#, "n".repeat(2000));
    for _ in 0..600 {
        assert_eq!(send(url, "POST", "/easemob-demo/testapp/token", &body).0, "400");
    }
    let (status, counted) = send(url, "GET", "/__emulator/requests/count", "");
    assert_eq!((&*status, counted.contains(r#""arrived":600"#)), ("200", true), "{counted}");
    subprocess::signal(child.id(), "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

/// The first process of a container ignores every signal that it does not handle.
#[cfg(target_os = "linux")]
#[test]
fn the_first_process_of_a_container_ends_with_a_signal() {
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--pid", "--fork", "--kill-child", "--"])
        .arg(env!("CARGO_BIN_EXE_easemob-token"));
    if !Command::new("unshare")
        .args(["--pid", "--fork", "true"])
        .status()
        .is_ok_and(|it| it.success())
    {
        // Not possible here; `cargo xtask ci test` says what needs root and unshare.
        return;
    }
    for (name, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut inner = Command::new("unshare");
        inner.args(unshare.get_args());
        let (mut child, ready) = started(&mut inner);
        assert_eq!(ready["pid"], 1);
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let inside = std::fs::read_to_string(children).unwrap();
        subprocess::signal(inside.trim().parse().unwrap(), name);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{name}");
    }
}

#[test]
fn it_ends_when_standard_input_is_closed_or_when_a_request_says_so() {
    let (mut child, _) = started(command(&[]).env("EASEMOB_EMULATOR_UNTIL_STDIN_CLOSES", "1"));
    child.stdin.as_mut().unwrap().write_all(b"ignored").unwrap();
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let (mut child, ready) = started(&mut command(&[]));
    let url = ready["control_url"].as_str().unwrap();
    assert_eq!(send(url, "POST", "/__emulator/shutdown", "").0, "200");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_command_gets_the_variables_and_its_exit_code_is_the_end() {
    let script = "set -e; $1 app; $1 password --username $EASEMOB_USERNAME; $1 doctor 1>&2; exit 7";
    let program = env!("CARGO_BIN_EXE_easemob-token");
    let words = ["emulator", "--user", "dora:secret", "--", "/bin/sh", "-c", script, "sh", program];
    // What the user's own file says is for another service, in the usual place and in a named one.
    let home = tempfile::tempdir().unwrap();
    let usual = home.path().join(".config/easemob-token/config.toml");
    std::fs::create_dir_all(usual.parent().unwrap()).unwrap();
    let profile = "base-url = 'https://other.example'\nttl-unit = 'milliseconds'\nttl = '1h'\n\
                   add-ca-file = '/nonexistent'\nuser-agent = 'other'\n";
    std::fs::write(&usual, format!("[default]\n{profile}[other]\n{profile}")).unwrap();
    let mut around = command(&words);
    around.env("HOME", home.path()).env("EASEMOB_USER_AGENT", "x");
    let output = around.output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    around.env("EASEMOB_CONFIG", &usual).env("EASEMOB_PROFILE", "other");
    let output = around.output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    assert!(!stderr(&output).contains(" of /") && stderr(&output).contains("lives 60d"));
    assert_eq!(stdout(&output).lines().filter(|line| line.starts_with("YWMt")).count(), 2);

    // HTTPS, trusted by the file that the variable names.
    let file = std::env::temp_dir().join(format!("easemob-ca-{}.pem", std::process::id()));
    let tls = ["emulator", "--tls", "--ca-out", file.to_str().unwrap(), "--", program, "app"];
    let output = command(&tls).output().unwrap();
    let _ = std::fs::remove_file(&file);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let output = command(&["emulator", "--", "/no/such/program"]).output().unwrap();
    assert_eq!(output.status.code(), Some(127), "{}", stderr(&output));

    // The signal goes to the command, which ends as it likes.
    let script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done";
    let mut child = command(&["emulator", "--", "/bin/sh", "-c", script]);
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    subprocess::signal(child.id(), "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

/// A certificate for a pipe that nobody reads from delays no signal.
#[cfg(target_os = "linux")]
#[test]
fn a_pipe_for_the_certificate_blocks_no_signal() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = command(&["emulator", "--tls", "--ca-out"]).arg(&pipe).spawn().unwrap();
    let catches = |status: String| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
        u64::from_str_radix(mask, 16).unwrap() >> 14 & 1 == 1
    };
    while !catches(std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap()) {
        std::thread::yield_now();
    }
    subprocess::signal(child.id(), "-TERM");
    let begun = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > std::time::Duration::from_secs(10) {
            child.kill().unwrap();
        }
        std::thread::yield_now();
    }
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

/// The path of a new file.
fn listed(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn settings_come_from_the_option_then_the_variable_then_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = r##"default-ttl = "1h"
        request-limit = 7
        body-limit = 4096
        strict = true
        apps-on-demand = true
        seed = 5
        app-key = "my-org#app"
        client = ["my-id:my-secret"]
        [[users]]
        username = "alice"
        password = "1"
        [[faults]]
        kind = "hang"
        username = "nobody"
        [[stubs]]
        path = "/chatgroups"
        body = { data = [1] }
    "##;
    let file = listed(folder.path(), "emulator.toml", text);
    let mut configured = command(&[]);
    configured.env("EASEMOB_EMULATOR_CONFIG", &file).env("EASEMOB_EMULATOR_REQUEST_LIMIT", "8");
    configured.args(["--app-key", "my-org#other"]);
    let (mut child, ready) = started(&mut configured);
    let url = ready["control_url"].as_str().unwrap();
    let settings: Value =
        serde_json::from_str(&send(url, "GET", "/__emulator/settings", "").1).unwrap();
    assert_eq!(ready["app_key"], "my-org#other");
    for (member, value) in [("default_ttl", 3600.0), ("request_limit", 8.0), ("body_limit", 4096.0)]
    {
        assert_eq!(settings[member].as_f64(), Some(value), "{member}");
    }
    assert_eq!(settings["strict"], true);
    let users = send(url, "GET", "/__emulator/users", "").1;
    assert!(users.contains(r#""username":"alice""#), "{users}");
    assert!(send(url, "GET", "/__emulator/faults", "").1.contains("Hang"));
    assert!(send(url, "GET", "/__emulator/stubs", "").1.contains("/chatgroups"));
    assert_eq!(send(url, "GET", "/__emulator/settings?app_key=a%23b", "").0, "200", "on demand");
    // A reset restores what the file and the options say.
    assert_eq!(send(url, "POST", "/__emulator/reset", "").0, "200");
    let again = send(url, "GET", "/__emulator/settings", "").1;
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), settings);
    assert_eq!(send(url, "GET", "/__emulator/users", "").1, users);
    assert!(send(url, "GET", "/__emulator/faults", "").1.contains("Hang"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_file_that_is_wrong_is_told_by_its_place_and_never_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let listed = |name, text| listed(folder.path(), name, text);
    let pairs = listed("users", "# comment\n\ndora:secret\nnora\n");
    let check = |words: &[&str], part: &str| {
        let words = [&["emulator", "--format", "json"], words].concat();
        let (code, error) = failure(&command(&words).output().unwrap());
        let message = error["message"].as_str().unwrap();
        assert!(code == 2 && message.contains(part) && !message.contains("MARK"), "{message}");
    };
    for (text, part) in [
        ("listen = \n MARK", "is not TOML; see line"),
        ("\n\nMARK = 1", "unknown key on line 3"),
        ("listen = [1]", "bad.toml, line 1): must be text"),
        ("users = 5", "users must be a list of tables"),
        ("[[faults]]\nkind = \"MARK\"", "faults, entry 1: `kind` must be one of"),
        ("[[users]]\nusername = \"a\"\nMARK = 1", "users, entry 1: a member is unknown"),
    ] {
        check(&["--config", &listed("bad.toml", text)], part);
    }
    check(&["--user-file", &pairs, "--client-file", &pairs], "--client-file: has no colon");
    check(&["--config", "/no/such/file"], "--config: cannot read");
}

/// Options, with a part of the message.
const WITHOUT_EFFECT: &[(&[&str], &str)] = &[
    (&["--base-url", "http://127.0.0.1"], "--base-url: has no effect on emulator; use --listen"),
    (&["--ttl", "5"], "use --default-ttl"),
    (&["--password-file", "x"], "use --user-file"),
    (&["--authorize-password"], "use --password-needs-app-token"),
    (&["--timeout", "5s"], "--timeout: has no effect"),
    (&["--verbose"], "requests are printed anyway"),
    (&["--ca-out", "x"], "--ca-out: has no effect without --tls"),
    (&["--tls-name", "x"], "--tls-name: has no effect without --tls"),
    (&["--tls", "--tls-name", "a b"], "--tls-name: the TLS name must be"),
    (&["--listen", "x"], "--listen: is not an address"),
    (&["--listen", "0.0.0.0:0"], "add --allow-remote"),
    (&["--control", "0.0.0.0:0"], "--control: cannot start"),
    (&["--user", "a b:1"], "--user or --user-file: the user ID must be"),
    (&["--client", "id"], "--client: has no colon"),
    (&["--default-ttl", "12w"], "--default-ttl: must be a number of seconds"),
    (&["--seed", "+1"], "--seed: is not a whole number"),
    (&["--request-limit", "0"], "--request-limit: must be a whole number from 1"),
    (&["--max-connections", "0"], "--max-connections: is not a whole number"),
    (&["--client-id", "id"], "--client-id (EASEMOB_CLIENT_ID): is set without its secret"),
    (&["--health"], "--health: needs the port"),
    (&["--until-stdin-closes", "--", "true"], "cannot be used together with"),
    (
        &["--client", "a:b", "--client-id", "x"],
        "--client: cannot be used together with --client-id",
    ),
    (&["--listen", "127.0.0.1:0", "--"], "--: the command after it is missing"),
];

#[test]
fn an_option_without_effect_is_refused_with_the_right_one() {
    for (words, part) in WITHOUT_EFFECT {
        let words = [&["emulator", "--format", "json"], *words].concat();
        let (code, error) = failure(&command(&words).output().unwrap());
        let message = error["message"].as_str().unwrap();
        assert!(code == 2 && message.contains(part), "{words:?}: {message}");
    }
}

#[test]
fn credentials_come_from_the_environment_and_health_is_checked() {
    let mut own = command(&[]);
    own.env("EASEMOB_CLIENT_ID", "my-id").env("EASEMOB_CLIENT_SECRET", "my-secret");
    let (mut child, ready) = started(&mut own);
    let url = ready["base_url"].as_str().unwrap();
    let body =
        r#"{"grant_type":"client_credentials","client_id":"my-id","client_secret":"my-secret"}"#;
    assert_eq!(send(url, "POST", "/easemob-demo/testapp/token", body).0, "200");
    let address = url.strip_prefix("http://").unwrap();
    let health = || command(&["emulator", "--health", "--listen", address]).output().unwrap();
    assert_eq!(health().status.code(), Some(0));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(health().status.code(), Some(1));
}

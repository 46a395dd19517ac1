//! Limits and interrupts of the command while a name server is silent.
//!
//! A mount namespace gives the command a resolver configuration of its own, for which the test must be
//! root on Linux. Elsewhere it checks nothing, and `cargo xtask ci test` reports `NOT CHECKED`.

use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use easemob_token_transport_testkit::subprocess;

use crate::{TRANSPORTS, command, signal_of, stdout};

/// The address of the silent name server, on the port that cannot be chosen.
const NAME_SERVER: &str = "127.0.53.53";
const LIMIT: &str = "400ms";
/// The most that a case may take on a busy machine. A look-up takes 5 s at least.
const MOST: Duration = Duration::from_millis(2400);
/// Runs a program with these files in place of the system's.
const WITH_FILES: &str = "mount --bind \"$RESOLV\" /etc/resolv.conf || exit 99
    [ ! -e /etc/nsswitch.conf ] || mount --bind \"$SWITCH\" /etc/nsswitch.conf || exit 99
    exec \"$0\" \"$@\"";

/// A name server that reads questions and never answers.
struct SilentServer(Arc<Mutex<Vec<u8>>>);

impl SilentServer {
    fn start() -> Self {
        let socket = UdpSocket::bind((NAME_SERVER, 53)).unwrap();
        let asked = Arc::<Mutex<Vec<u8>>>::default();
        let noted = asked.clone();
        thread::spawn(move || {
            let mut question = [0; 512];
            while let Ok(length) = socket.recv(&mut question) {
                noted.lock().unwrap().extend_from_slice(&question[..length]);
            }
        });
        Self(asked)
    }

    fn wait_for_question(&self, label: &str) {
        let begun = Instant::now();
        while !self.0.lock().unwrap().windows(label.len()).any(|own| own == label.as_bytes()) {
            assert!(begun.elapsed() < MOST * 4, "{label}: no question came");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Resolver configurations of the test.
struct Files {
    resolv: PathBuf,
    switch: PathBuf,
}

impl Files {
    fn new(name: &str, options: &str) -> Self {
        let write = |name: String, text: String| {
            let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        Self {
            resolv: write(
                format!("{name}.resolv"),
                format!("nameserver {NAME_SERVER}\n{options}\n"),
            ),
            switch: write(format!("{name}.switch"), "hosts: dns\n".to_owned()),
        }
    }

    /// The command where these files are the system's.
    fn command(&self, words: &[&str]) -> Command {
        let inner = command(words);
        let mut outer = Command::new("unshare");
        outer.args(["--mount", "sh", "-c", WITH_FILES]).arg(inner.get_program());
        outer.args(inner.get_args()).envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?))));
        outer.env("RESOLV", &self.resolv).env("SWITCH", &self.switch);
        outer.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        outer
    }
}

/// Runs the command until a limit or an interrupt ends it.
fn ends_in_time(server: &SilentServer, files: &Files, label: &str, words: &[&str]) {
    let mut command = files.command(words);
    if words[0] == "emulator" {
        command.args(["--listen", &format!("{label}.test:0")]);
    }
    // Without TLS, so that no time goes into the system's roots before the look-up.
    command.env("EASEMOB_BASE_URL", format!("http://{label}.test")).env("EASEMOB_ALLOW_HTTP", "1");
    command.env("EASEMOB_APP_KEY", "org#app").env("EASEMOB_CLIENT_ID", "id");
    let mut begun = Instant::now();
    let child = command.env("EASEMOB_CLIENT_SECRET", "secret").spawn().unwrap();
    server.wait_for_question(label);
    let has_limit = words.contains(&LIMIT);
    if !has_limit {
        begun = Instant::now();
        subprocess::signal(child.id(), "-INT");
    }
    let output = child.wait_with_output().unwrap();
    let status = output.status;
    let code = status.code().or_else(|| signal_of(status).map(|signal| 128 + signal));
    let took = begun.elapsed();
    assert_eq!(code, Some(if has_limit { 5 } else { 130 }), "{words:?}");
    assert!(took < MOST, "{words:?}: {took:?}");
    let names_cause = stdout(&output).contains("no name server answered");
    assert_eq!(names_cause, has_limit && words[0] == "doctor", "{}", stdout(&output));
}

#[test]
fn a_silent_name_server_delays_neither_a_limit_nor_an_interrupt() {
    let plain = Files::new("plain", "");
    if !plain.command(&["--version"]).status().is_ok_and(|status| status.success()) {
        return;
    }
    let server = SilentServer::start();
    let searching = Files::new("searching", "search one.test two.test three.test\noptions ndots:9");
    thread::scope(|scope| {
        let mut number = 0;
        let mut start = |files, words: Vec<&'static str>| {
            number += 1;
            let (server, label) = (&server, format!("case-{number}-of-silence"));
            scope.spawn(move || ends_in_time(server, files, &label, &words));
        };
        for files in [&plain, &searching] {
            for transport in TRANSPORTS {
                let app = ["app", "--transport", transport];
                start(files, app.to_vec());
                start(files, [&app[..], &["--deadline", LIMIT]].concat());
                start(files, [&app[..], &["--timeout", LIMIT, "--max-attempts", "1"]].concat());
            }
            start(files, vec!["emulator"]);
            start(files, vec!["doctor"]);
            start(files, vec!["doctor", "--deadline", LIMIT]);
        }
    });
}

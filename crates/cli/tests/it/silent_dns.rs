//! Limits and interrupts of the command while a name server is silent.
//!
//! A mount namespace gives the command a resolver configuration of its own, for which the test must be
//! root on Linux. Elsewhere it checks nothing, and `cargo xtask ci test` reports that at its end.

use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::{TRANSPORTS, command};

/// The address of the silent name server, on the port that cannot be chosen.
const NAME_SERVER: &str = "127.0.53.53";
/// What the start of a process may take on a busy machine. A name look-up takes at least 5 s.
const START: Duration = Duration::from_secs(2);
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
            assert!(begun.elapsed() < START * 4, "{label}: no question came");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Puts the command where this resolver configuration is the system's.
fn isolated(words: &[&str], search: &str) -> Command {
    let file = |name: &str, text: String| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let name = format!("resolv-{}", search.len());
    let resolv = file(&name, format!("nameserver {NAME_SERVER}\n{search}\n"));
    let switch = file("nsswitch", "hosts: dns\n".to_owned());
    let inner = command(words);
    let mut outer = Command::new("unshare");
    outer.args(["--mount", "sh", "-c", WITH_FILES]).arg(inner.get_program());
    outer.args(inner.get_args()).envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?))));
    outer.env("RESOLV", resolv).env("SWITCH", switch).stdin(Stdio::null());
    outer.stdout(Stdio::null()).stderr(Stdio::null());
    outer
}

fn is_possible() -> bool {
    isolated(&["--version"], "").status().is_ok_and(|status| status.success())
}

#[test]
fn a_silent_name_server_delays_neither_a_limit_nor_an_interrupt() {
    if !is_possible() {
        eprintln!("NOT CHECKED: this needs root on Linux, and the program `unshare`");
        return;
    }
    let server = SilentServer::start();
    let searches = ["", "search one.test two.test three.test\noptions ndots:9"];
    let mut cases = Vec::new();
    for (search, transport) in
        searches.into_iter().flat_map(|it| TRANSPORTS.iter().map(move |own| (it, own)))
    {
        let token = vec!["app", "--transport", transport];
        for limits in [
            ["--timeout", "400ms", "--max-attempts", "1"],
            ["--deadline", "400ms", "--max-attempts", "3"],
        ] {
            cases.push((search, [&token[..], &limits].concat(), Some(Duration::from_millis(400))));
        }
        cases.push((search, token, None));
        cases.push((search, vec!["emulator"], None));
    }
    thread::scope(|scope| {
        for (number, (search, words, limit)) in cases.into_iter().enumerate() {
            let server = &server;
            scope.spawn(move || {
                let label = format!("label-of-case-{number}");
                let mut command = isolated(&words, search);
                if words[0] == "emulator" {
                    command.args(["--listen", &format!("{label}.test:0")]);
                }
                command.env("EASEMOB_BASE_URL", format!("https://{label}.test"));
                command.env("EASEMOB_APP_KEY", "org#app").env("EASEMOB_CLIENT_ID", "id");
                let mut begun = Instant::now();
                let mut child = command.env("EASEMOB_CLIENT_SECRET", "secret").spawn().unwrap();
                server.wait_for_question(&label);
                if limit.is_none() {
                    begun = Instant::now();
                    let kill =
                        Command::new("kill").args(["-INT", &child.id().to_string()]).status();
                    assert!(kill.unwrap().success());
                }
                let code = child.wait().unwrap().code();
                let took = begun.elapsed();
                println!("{words:?} {search:?}: {took:?}");
                assert_eq!(code, Some(if limit.is_some() { 5 } else { 130 }), "{words:?}");
                let least = limit.unwrap_or_default();
                assert!((least..least + START).contains(&took), "{words:?} {search:?}: {took:?}");
            });
        }
    });
}

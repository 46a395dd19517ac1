//! Signals and `--deadline` while the command waits: for input, for the prompt, for a server.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use easemob_token_transport_testkit::subprocess;
use rustix::termios::{LocalModes, tcgetattr};

use crate::pty::Terminal;
use crate::{TRANSPORTS, command, failure, signal_of};

const LIMIT: &str = "400ms";
/// The most that an end may take on a busy machine. Without one, each case waits for 20 s at least.
const MOST: Duration = Duration::from_secs(2);
const SIGNALS: [(&str, i32); 3] = [("-INT", 130), ("-TERM", 143), ("-HUP", 129)];

/// A server that takes connections and says nothing.
struct Silent(TcpListener);

impl Silent {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    /// The command with all settings for this server.
    fn client(&self, scheme: &str, words: &[&str]) -> Command {
        let mut command = command(words);
        let port = self.0.local_addr().unwrap().port();
        command
            .env("EASEMOB_BASE_URL", format!("{scheme}://127.0.0.1:{port}"))
            .env("EASEMOB_APP_KEY", "org#app")
            .env("EASEMOB_CLIENT_ID", "id")
            .env("EASEMOB_CLIENT_SECRET", "secret")
            .stderr(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    /// Waits until the command has connected.
    fn connected(&self) -> TcpStream {
        let begun = Instant::now();
        loop {
            match self.0.accept() {
                Ok((connection, _)) => return connection,
                // A command that was refused never connects.
                Err(error) => assert!(begun.elapsed() < MOST * 8, "no connection: {error}"),
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// The command as the first process of a container, which has no default action for a signal.
fn first_process(inner: &Command) -> Command {
    let mut outer = Command::new("unshare");
    outer.args(["--pid", "--fork", "--kill-child", "--"]).arg(inner.get_program());
    outer.args(inner.get_args()).envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?))));
    outer.stderr(Stdio::piped()).stdout(Stdio::piped()).stdin(Stdio::null());
    outer
}

fn can_be_first() -> bool {
    first_process(&command(&["--version"])).output().is_ok_and(|output| output.status.success())
}

/// The process of the command inside [`first_process`].
fn inside(child: &Child) -> u32 {
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    std::fs::read_to_string(children).unwrap().trim().parse().unwrap()
}

/// The exit code that a shell shows.
fn shown(status: ExitStatus) -> Option<i32> {
    status.code().or_else(|| signal_of(status).map(|signal| 128 + signal))
}

/// Sends a signal to a command that waits, and checks how and how soon it ends.
fn ends(mut child: Child, process: u32, (signal, code): (&str, i32), label: &str) {
    let begun = Instant::now();
    subprocess::signal(process, signal);
    let status = child.wait().unwrap();
    assert_eq!(shown(status), Some(code), "{label} {signal}");
    assert!(begun.elapsed() < MOST, "{label} {signal}: {:?}", begun.elapsed());
}

#[test]
fn a_signal_ends_a_command_that_waits_for_a_server_also_as_the_first_process() {
    let can_be_first = can_be_first();
    let cases = TRANSPORTS.iter().flat_map(|it| ["https", "http"].map(|scheme| (*it, scheme)));
    thread::scope(|scope| {
        for (transport, scheme) in cases {
            scope.spawn(move || {
                let server = Silent::start();
                for case in SIGNALS {
                    let mut command = server.client(scheme, &["app", "--transport", transport]);
                    let child = command.spawn().unwrap();
                    let _connection = server.connected();
                    let process = child.id();
                    ends(child, process, case, transport);
                    if can_be_first {
                        let child = first_process(&command).spawn().unwrap();
                        let _connection = server.connected();
                        let process = inside(&child);
                        ends(child, process, case, transport);
                    }
                }
            });
        }
    });
}

#[test]
fn a_server_that_says_nothing_delays_no_deadline() {
    for transport in TRANSPORTS {
        for scheme in ["https", "http"] {
            let server = Silent::start();
            let words = ["app", "--transport", transport, "--deadline", LIMIT, "--format", "json"];
            let begun = Instant::now();
            let child = server.client(scheme, &words).spawn().unwrap();
            // On a busy machine the deadline may come before the connection.
            let (code, error) = failure(&child.wait_with_output().unwrap());
            assert_eq!((code, &error["kind"]), (5, &"timeout".into()), "{transport}: {error}");
            assert!(begun.elapsed() < MOST, "{transport} {scheme}: {:?}", begun.elapsed());
        }
    }
}

/// What was read from a pipe counts too: the secret comes after most of the time.
#[test]
fn the_deadline_counts_from_the_start_of_the_command() {
    let server = Silent::start();
    let words = ["app", "--client-secret-file", "-", "--deadline", "1s", "--format", "json"];
    let mut command = server.client("http", &words);
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"secret").unwrap();
    thread::sleep(Duration::from_millis(900));
    drop(input);
    let (code, _) = failure(&child.wait_with_output().unwrap());
    assert_eq!(code, 5);
    assert!(begun.elapsed() < Duration::from_millis(1_800), "{:?}", begun.elapsed());
}

#[test]
fn a_signal_ends_the_demo_and_removes_its_folders() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ended-demo");
    std::fs::create_dir_all(&folder).unwrap();
    let mut child = command(&["demo"])
        .env("TMPDIR", &folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut output, mut text) = (child.stdout.take().unwrap(), Vec::new());
    // The process of step 7 is held by the service.
    let mut byte = [0];
    while !text.ends_with(b"of its own.") {
        assert_eq!(output.read(&mut byte).unwrap(), 1);
        text.push(byte[0]);
    }
    let process = child.id();
    ends(child, process, SIGNALS[0], "demo");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

/// A command that prompts on a terminal.
struct Prompting(Terminal);

impl Prompting {
    fn start(server: &Silent, more: &[&str]) -> Self {
        let words = [&["password", "--username", "c"], more].concat();
        let mut terminal = Terminal::start(&server.client("http", &words));
        terminal.read_to("Password of c: ");
        let prompting = Self(terminal);
        assert!(!prompting.echoes());
        prompting
    }

    fn types(&mut self, text: &[u8]) {
        self.0.screen.write_all(text).unwrap();
    }

    fn process(&self) -> u32 {
        self.0.child.id()
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.0.screen).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Waits for the end, which leaves the echo on and shows nothing of what was typed.
    fn exit_code(mut self) -> Option<i32> {
        let code = self.0.child.wait().unwrap().code();
        assert!(self.echoes(), "{code:?}");
        let mut shown = Vec::new();
        // The terminal of a process that has ended is an error.
        let _ = self.0.screen.read_to_end(&mut shown);
        let shown = String::from_utf8_lossy(&shown);
        assert!(!shown.contains("hunter2"), "{shown}");
        code
    }
}

#[test]
fn the_prompt_restores_the_echo_whatever_ends_it() {
    let server = Silent::start();
    let expect = |typed: &[u8], signal: &str, code| {
        let mut prompting = Prompting::start(&server, &[]);
        if signal.is_empty() {
            prompting.types(typed);
        } else {
            subprocess::signal(prompting.process(), signal);
        }
        assert_eq!(prompting.exit_code(), Some(code), "{typed:?} {signal}");
    };
    // Interrupt, quit, end of input, no password.
    for (typed, code) in [(b"hunter2\x03", 130), (b"hunter2\x1c", 131)] {
        expect(typed, "", code);
    }
    for typed in [&b"\x04"[..], b"\n"] {
        expect(typed, "", 2);
    }
    for (signal, code) in SIGNALS {
        expect(b"", signal, code);
    }
    let begun = Instant::now();
    let mut prompting = Prompting::start(&server, &["--deadline", LIMIT]);
    prompting.types(b"hunter2");
    assert_eq!(prompting.exit_code(), Some(5));
    assert!(begun.elapsed() < MOST);
}

#[test]
fn a_password_that_is_typed_is_sent_and_not_shown() {
    let server = Silent::start();
    let mut prompting = Prompting::start(&server, &[]);
    prompting.types("hunter2 密\n".as_bytes());
    let (mut connection, mut request) = (server.connected(), Vec::new());
    while !request.ends_with(b"}") {
        let mut byte = [0];
        assert_eq!(connection.read(&mut byte).unwrap(), 1);
        request.push(byte[0]);
    }
    assert!(String::from_utf8(request).unwrap().contains("hunter2 密"));
    // After the prompt too, a signal ends the command.
    subprocess::signal(prompting.process(), "-TERM");
    assert_eq!(prompting.exit_code(), Some(143));
}

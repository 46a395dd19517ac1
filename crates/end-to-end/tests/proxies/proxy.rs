//! A tinyproxy or squid for one test, which requires credentials and logs its requests.

use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use easemob_token_end_to_end::{Server, eventually};
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Tinyproxy,
    Squid,
}

/// A host that only squid can resolve, from a file of the test.
pub(crate) const KNOWN_TO_SQUID: &str = "im.test";

pub(crate) struct RealProxy {
    program: Program,
    dir: TempDir,
    server: Server,
}

impl RealProxy {
    pub(crate) fn start(program: Program) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // squid, started by root, switches to its own user and writes its log as that user.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
        let commands = |port| {
            program.configure(dir.path(), port);
            program.commands(dir.path())
        };
        let listens = |port, _| TcpStream::connect(("127.0.0.1", port)).is_ok();
        let server = Server::start(commands, listens)
            .expect("the proxy is installed; see `cargo xtask ci servers`")
            .unwrap_or_else(|| panic!("{program:?} ends:\n{}", program.errors(dir.path())));
        Self { program, dir, server }
    }

    /// Its URL with valid credentials.
    pub(crate) fn url(&self) -> String {
        self.url_with(&format!("{}@", self.program.credentials()))
    }

    /// Its URL with this before the host.
    pub(crate) fn url_with(&self, userinfo: &str) -> String {
        format!("http://{userinfo}127.0.0.1:{}", self.server.port())
    }

    /// Every request line in the log, once there are `count` of them.
    pub(crate) fn seen(&self, count: usize) -> Vec<String> {
        eventually("the requests are in the log of the proxy", || {
            let log = self.log();
            // A line without its end is incomplete.
            let complete = log.rfind('\n').map_or("", |end| &log[..end]);
            let seen: Vec<String> =
                complete.lines().filter_map(|line| self.program.request_in(line)).collect();
            (seen.len() >= count).then_some(seen)
        })
    }

    /// The whole log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Program {
    /// Credentials in the form of a URL.
    fn credentials(self) -> &'static str {
        match self {
            // It permits no other characters.
            Self::Tinyproxy => "tester:r1ghtpassword",
            Self::Squid => "tester:p%40ss%3Aw%25rd",
        }
    }

    fn configure(self, dir: &Path, port: u16) {
        let shown = dir.display();
        let text = match self {
            Self::Tinyproxy => format!(
                "\
Port {port}
Listen 127.0.0.1
Timeout 10
MaxClients 20
LogLevel Connect
LogFile \"{shown}/log\"
BasicAuth tester r1ghtpassword
"
            ),
            Self::Squid => {
                fs::write(dir.join("hosts"), format!("127.0.0.1 {KNOWN_TO_SQUID}\n")).unwrap();
                fs::write(dir.join("login.sh"), LOGIN).unwrap();
                format!(
                    "\
http_port 127.0.0.1:{port}
hosts_file {shown}/hosts
auth_param basic program /bin/sh {shown}/login.sh
auth_param basic children 1 startup=1
acl known proxy_auth REQUIRED
http_access allow CONNECT known
http_access deny all
cache deny all
logformat calls request %rm %ru
access_log stdio:{shown}/log calls
buffered_logs off
cache_log {shown}/errors
pid_filename {shown}/squid.pid
coredump_dir {shown}
pinger_enable off
shutdown_lifetime 0 seconds
"
                )
            }
        };
        fs::write(dir.join("conf"), text).unwrap();
    }

    /// The commands that start and stop it in this folder. tinyproxy needs none to stop.
    fn commands(self, dir: &Path) -> (Command, Option<Command>) {
        let command = |variable, name: &str, arguments: &[&str]| {
            let program = std::env::var_os(variable).unwrap_or_else(|| name.into());
            let mut command = Command::new(program);
            command.args(arguments).arg(dir.join("conf"));
            command
        };
        match self {
            Self::Tinyproxy => (command("TINYPROXY", "tinyproxy", &["-d", "-c"]), None),
            Self::Squid => (
                command("SQUID", "squid", &["-N", "-f"]),
                Some(command("SQUID", "squid", &["-k", "shutdown", "-f"])),
            ),
        }
    }

    /// The request in a line of the log, `CONNECT host:port`.
    fn request_in(self, line: &str) -> Option<String> {
        match self {
            Self::Tinyproxy => {
                let (_, request) = line.split_once("Request (file descriptor ")?;
                let (_, request) = request.split_once("): ")?;
                Some(request.strip_suffix(" HTTP/1.1").unwrap_or(request).to_owned())
            }
            // A connection without a request is logged too, with the method `-`.
            Self::Squid => {
                line.strip_prefix("request ").filter(|line| !line.starts_with('-')).map(Into::into)
            }
        }
    }

    fn errors(self, dir: &Path) -> String {
        let file = match self {
            Self::Tinyproxy => "log",
            Self::Squid => "errors",
        };
        fs::read_to_string(dir.join(file)).unwrap_or_else(|error| error.to_string())
    }
}

/// A program that knows one user. squid writes a line per login, with special characters escaped.
const LOGIN: &str = "\
while read -r line; do
    case \"$line\" in
        'tester p@ss:w%25rd') echo OK ;;
        *) echo ERR ;;
    esac
done
";

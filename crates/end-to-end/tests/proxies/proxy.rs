//! One tinyproxy or squid of a test's own, which wants to know who comes, and what it has seen.

use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use easemob_token_end_to_end::{Running, eventually, free_port, within_limit};
use tempfile::TempDir;

/// How often somebody else may take the port that was free a moment ago.
const ATTEMPTS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Tinyproxy,
    Squid,
}

/// A host that squid alone knows, from a file of the test's: whoever looks it up elsewhere fails.
pub(crate) const KNOWN_TO_SQUID: &str = "im.test";

pub(crate) struct RealProxy {
    program: Program,
    dir: TempDir,
    port: u16,
    _process: Running,
}

impl RealProxy {
    pub(crate) fn start(program: Program) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // squid, started by root, goes on as a user of its own and writes its log as that.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).unwrap();
        for _ in 0..ATTEMPTS {
            let port = free_port().unwrap();
            program.configure(dir.path(), port);
            if let Some(process) = started(program, dir.path(), port) {
                return Self { program, dir, port, _process: process };
            }
        }
        panic!("{program:?} ends:\n{}", program.complaints(dir.path()));
    }

    /// Its URL, with the credentials that it knows.
    pub(crate) fn url(&self) -> String {
        self.url_with(&format!("{}@", self.program.credentials()))
    }

    /// Its URL with this before the host.
    pub(crate) fn url_with(&self, userinfo: &str) -> String {
        format!("http://{userinfo}127.0.0.1:{}", self.port)
    }

    /// Every request line that the proxy has written down, once there are so many.
    pub(crate) fn seen(&self, count: usize) -> Vec<String> {
        eventually("the proxy has written down the requests", || {
            let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            // A line without its end is still being written.
            let complete = log.rfind('\n').map_or("", |end| &log[..end]);
            let seen: Vec<String> =
                complete.lines().filter_map(|line| self.program.request_in(line)).collect();
            (seen.len() >= count).then_some(seen)
        })
    }

    /// All that it has written down.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Program {
    /// As they are in a URL.
    fn credentials(self) -> &'static str {
        match self {
            // It takes no other characters.
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
                fs::write(dir.join("who.sh"), WHO).unwrap();
                format!(
                    "\
http_port 127.0.0.1:{port}
hosts_file {shown}/hosts
auth_param basic program /bin/sh {shown}/who.sh
auth_param basic children 1 startup=1
acl known proxy_auth REQUIRED
http_access allow CONNECT known
http_access deny all
cache deny all
logformat calls request %rm %ru
access_log stdio:{shown}/log calls
buffered_logs off
cache_log {shown}/complaints
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

    /// The command for this folder, up to its own arguments.
    fn command(self, dir: &Path) -> Command {
        let (variable, name) = match self {
            Self::Tinyproxy => ("TINYPROXY", "tinyproxy"),
            Self::Squid => ("SQUID", "squid"),
        };
        let mut command = Command::new(std::env::var_os(variable).unwrap_or_else(|| name.into()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match self {
            Self::Tinyproxy => command.arg("-c"),
            Self::Squid => command.arg("-f"),
        };
        command.arg(dir.join("conf"));
        command
    }

    /// From a line of its log, `CONNECT host:port`.
    fn request_in(self, line: &str) -> Option<String> {
        match self {
            Self::Tinyproxy => {
                let (_, request) = line.split_once("Request (file descriptor ")?;
                let (_, request) = request.split_once("): ")?;
                Some(request.strip_suffix(" HTTP/1.1").unwrap_or(request).to_owned())
            }
            // A connection without a request is logged as well; its method is `-`.
            Self::Squid => {
                line.strip_prefix("request ").filter(|line| !line.starts_with('-')).map(Into::into)
            }
        }
    }

    fn complaints(self, dir: &Path) -> String {
        let file = match self {
            Self::Tinyproxy => "log",
            Self::Squid => "complaints",
        };
        fs::read_to_string(dir.join(file)).unwrap_or_else(|error| error.to_string())
    }
}

/// Knows one user. squid writes a line for each who comes, with the rarer characters escaped.
const WHO: &str = "\
while read -r line; do
    case \"$line\" in
        'tester p@ss:w%25rd') echo OK ;;
        *) echo ERR ;;
    esac
done
";

/// The proxy, up and listening; `None` where it ended instead.
fn started(program: Program, dir: &Path, port: u16) -> Option<Running> {
    let mut command = program.command(dir);
    let stop = match program {
        Program::Tinyproxy => {
            command.arg("-d");
            // It has no children and no word for it.
            Command::new("false")
        }
        Program::Squid => {
            command.arg("-N");
            let mut stop = program.command(dir);
            stop.args(["-k", "shutdown"]);
            stop
        }
    };
    let mut process = Running::start(command, stop)
        .expect("the proxy is installed; `cargo xtask ci servers` does that, or says how");
    let listens = within_limit(|| {
        let listens = TcpStream::connect(("127.0.0.1", port)).is_ok();
        (listens || process.ended().is_some()).then_some(listens)
    });
    listens.unwrap_or_default().then_some(process)
}

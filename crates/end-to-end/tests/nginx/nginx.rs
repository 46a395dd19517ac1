//! One nginx of a test's own: its configuration, its start and end, and what it has seen.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use easemob_token_end_to_end::{Authority, Running, eventually, free_port, within_limit};
use tempfile::TempDir;

/// How often somebody else may take the port that was free a moment ago.
const ATTEMPTS: usize = 5;

/// Where the gateway is strict; the rest is as it comes.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// How long an idle connection is kept.
    pub(crate) keepalive_timeout: &'static str,
    /// How long a new connection may take to say something.
    pub(crate) header_timeout: &'static str,
    /// How many requests one connection carries.
    pub(crate) keepalive_requests: u32,
    /// The largest body that is passed on.
    pub(crate) body_limit: &'static str,
    /// How long the service may be silent.
    pub(crate) read_timeout: &'static str,
    /// The `X-Call` of a request that is read, and answered by closing the connection.
    pub(crate) dropped_call: &'static str,
    pub(crate) workers: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keepalive_timeout: "60s",
            header_timeout: "60s",
            keepalive_requests: 1000,
            body_limit: "64k",
            read_timeout: "10s",
            dropped_call: "none",
            workers: 2,
        }
    }
}

pub(crate) struct Nginx {
    process: Running,
    dir: TempDir,
    port: u16,
    upstream: SocketAddr,
    settings: Settings,
    roots: String,
    generation: u32,
}

/// What nginx wrote down of one request.
pub(crate) struct Logged {
    /// nginx's number of the connection.
    pub(crate) connection: u64,
    /// What the caller wrote into `X-Call`.
    pub(crate) call: String,
}

impl Nginx {
    /// Starts one on a free port, in front of this service, with a certificate of its own.
    pub(crate) fn start(upstream: SocketAddr, settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let issued = authority.issue("127.0.0.1");
        fs::write(dir.path().join("certificate.pem"), issued.certificate).unwrap();
        fs::write(dir.path().join("key.pem"), issued.key).unwrap();
        let mut attempt = 1;
        let (process, port) = loop {
            let port = free_port().unwrap();
            let text = configuration(upstream, settings, port, 1);
            fs::write(dir.path().join("nginx.conf"), text).unwrap();
            match started(dir.path()) {
                Some(process) => break (process, port),
                None => assert!(attempt < ATTEMPTS, "nginx ends:\n{}", errors(dir.path())),
            }
            attempt += 1;
        };
        let roots = authority.pem().to_owned();
        Self { process, dir, port, upstream, settings, roots, generation: 1 }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Whom to trust, in PEM.
    pub(crate) fn roots(&self) -> &str {
        &self.roots
    }

    /// Which configuration is the newest; every response says its own in `X-Generation`.
    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// `nginx -s reload`, with a configuration of the next generation: new workers start, and the
    /// old ones finish what they have begun.
    pub(crate) fn reload(&mut self) {
        self.generation += 1;
        let text = configuration(self.upstream, self.settings, self.port, self.generation);
        fs::write(self.dir.path().join("nginx.conf"), text).unwrap();
        assert!(nginx(self.dir.path(), &["-s", "reload"]).status().unwrap().success());
    }

    /// How many connections of callers are open; with one worker, which closes them before it
    /// answers this, those that do not count are closed indeed.
    pub(crate) fn open_connections(&self) -> u64 {
        let mut status = UnixStream::connect(self.dir.path().join("status.socket")).unwrap();
        status.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        status.read_to_string(&mut text).unwrap();
        let (_, rest) = text.split_once("Active connections: ").expect("the page of stub_status");
        let active: u64 = rest.split_whitespace().next().unwrap().parse().unwrap();
        // The one that asks is not a caller's.
        active - 1
    }

    /// The requests that have ended, once there are so many.
    pub(crate) fn logged(&self, count: usize) -> Vec<Logged> {
        eventually("nginx has written down the requests", || {
            let text = fs::read_to_string(self.dir.path().join("access.log")).unwrap();
            // A line without its end is still being written.
            let complete = text.rfind('\n').map_or("", |end| &text[..end]);
            let lines: Vec<Logged> = complete.lines().map(Logged::parse).collect();
            (lines.len() >= count).then_some(lines)
        })
    }

    /// Ends nginx, which by then has written down all that it has seen, and gives that.
    pub(crate) fn all_logged(mut self) -> Vec<Logged> {
        self.process.stop();
        self.logged(0)
    }
}

impl Logged {
    fn parse(line: &str) -> Self {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        Self { connection: word().parse().unwrap(), call: word() }
    }
}

/// nginx in this folder, up and listening; `None` where it ended instead.
fn started(dir: &Path) -> Option<Running> {
    // Left by an attempt before.
    let _ = fs::remove_file(dir.join("status.socket"));
    let mut process = Running::start(nginx(dir, &[]), nginx(dir, &["-s", "stop"]))
        .expect("nginx is installed; `cargo xtask ci servers` does that, or says how");
    // It writes its number when it listens.
    let listens = within_limit(|| {
        let number = fs::read_to_string(dir.join("nginx.pid")).unwrap_or_default();
        let listens = number.trim() == process.id().to_string();
        (listens || process.ended().is_some()).then_some(listens)
    });
    listens.unwrap_or_default().then_some(process)
}

/// The command `nginx` for this folder alone.
fn nginx(dir: &Path, arguments: &[&str]) -> Command {
    let program = std::env::var_os("NGINX").unwrap_or_else(|| "nginx".into());
    let mut command = Command::new(program);
    // `-e` as well: until it has read its configuration it complains into a file of the system.
    command.arg("-p").arg(dir).args(["-c", "nginx.conf", "-e", "error.log"]).args(arguments);
    // `listen unix:` knows no prefix.
    command.current_dir(dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn errors(dir: &Path) -> String {
    fs::read_to_string(dir.join("error.log")).unwrap_or_else(|error| error.to_string())
}

fn configuration(upstream: SocketAddr, own: Settings, port: u16, generation: u32) -> String {
    let mut text = format!(
        "\
daemon off;
pid nginx.pid;
worker_processes {workers};
error_log error.log info;
events {{ worker_connections 256; }}
http {{
    log_format calls '$connection $http_x_call';
    access_log access.log calls;
    upstream emulator {{
        server {upstream} max_fails=0;
        keepalive 8;
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;
        keepalive_timeout {keepalive_timeout};
        client_header_timeout {header_timeout};
        keepalive_requests {keepalive_requests};
        client_max_body_size {body_limit};
        add_header X-Generation {generation} always;
        if ($http_x_call = {dropped_call}) {{ return 444; }}
        location / {{
            proxy_pass http://emulator;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_read_timeout {read_timeout};
        }}
    }}
    server {{
        listen unix:status.socket;
        access_log off;
        location / {{ stub_status; }}
    }}
",
        keepalive_timeout = own.keepalive_timeout,
        header_timeout = own.header_timeout,
        keepalive_requests = own.keepalive_requests,
        body_limit = own.body_limit,
        read_timeout = own.read_timeout,
        dropped_call = own.dropped_call,
        workers = own.workers,
    );
    // A package for a whole system puts these where only its own user may write.
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "    {kind}_temp_path {kind};").unwrap();
    }
    text.push_str("}\n");
    text
}

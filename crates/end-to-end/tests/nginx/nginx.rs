//! An nginx for one test: its configuration, its start and end, and its log.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use easemob_token_end_to_end::{Server, eventually};
use easemob_token_transport_testkit::{Authority, LOOPBACK};
use tempfile::TempDir;

/// The limits of the gateway.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// How long an idle connection stays open.
    pub(crate) keepalive_timeout: &'static str,
    /// How long a new connection may take to send the head of a request.
    pub(crate) header_timeout: &'static str,
    /// The most requests of a connection.
    pub(crate) keepalive_requests: u32,
    /// The largest body that is forwarded.
    pub(crate) body_limit: &'static str,
    /// How long the service may take to respond.
    pub(crate) read_timeout: &'static str,
    /// The `X-Call` of a request after which nginx closes the connection.
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
    server: Server,
    dir: TempDir,
    upstream: SocketAddr,
    settings: Settings,
    roots: String,
    generation: u32,
}

/// A request in the log of nginx.
pub(crate) struct Logged {
    /// The number of the connection.
    pub(crate) connection: u64,
    /// The value of `X-Call`.
    pub(crate) call: String,
}

impl Nginx {
    /// Starts nginx on a free port in front of this service, with a new certificate.
    pub(crate) fn start(upstream: SocketAddr, settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let identity = authority.issue(LOOPBACK);
        fs::write(dir.path().join("certificate.pem"), identity.pem()).unwrap();
        fs::write(dir.path().join("key.pem"), identity.key_pem()).unwrap();
        let commands = |port| {
            // Left by an earlier attempt.
            let _ = fs::remove_file(dir.path().join("status.socket"));
            let text = configuration(upstream, settings, port, 1);
            fs::write(dir.path().join("nginx.conf"), text).unwrap();
            (nginx(dir.path(), &[]), Some(nginx(dir.path(), &["-s", "stop"])))
        };
        // nginx writes its process ID when it listens.
        let listens = |_, pid: u32| {
            let written = fs::read_to_string(dir.path().join("nginx.pid")).unwrap_or_default();
            written.trim() == pid.to_string()
        };
        let server = Server::start(commands, listens)
            .expect("nginx is installed; see `cargo xtask ci servers`")
            .unwrap_or_else(|| {
                let errors = fs::read_to_string(dir.path().join("error.log")).unwrap_or_default();
                panic!("nginx ends:\n{errors}")
            });
        Self { server, dir, upstream, settings, roots: authority.pem(), generation: 1 }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.server.port())
    }

    /// The authority to trust, in PEM.
    pub(crate) fn roots(&self) -> &str {
        &self.roots
    }

    /// The number of the newest configuration. `X-Generation` of a response has its own.
    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// Runs `nginx -s reload` with the next configuration: new workers start, and the old ones finish
    /// their requests.
    pub(crate) fn reload(&mut self) {
        self.generation += 1;
        let text = configuration(self.upstream, self.settings, self.server.port(), self.generation);
        fs::write(self.dir.path().join("nginx.conf"), text).unwrap();
        assert!(nginx(self.dir.path(), &["-s", "reload"]).status().unwrap().success());
    }

    /// How many connections of clients are open. With one worker, connections that are not counted
    /// are closed, since it closes them before it responds to this request.
    pub(crate) fn open_connections(&self) -> u64 {
        let mut status = UnixStream::connect(self.dir.path().join("status.socket")).unwrap();
        status.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        status.read_to_string(&mut text).unwrap();
        let (_, rest) = text.split_once("Active connections: ").expect("the page of stub_status");
        let active: u64 = rest.split_whitespace().next().unwrap().parse().unwrap();
        // Without the connection of this request.
        active - 1
    }

    /// The requests in the log, once there are `count` of them.
    pub(crate) fn logged(&self, count: usize) -> Vec<Logged> {
        eventually("the requests are in the log of nginx", || {
            let text = fs::read_to_string(self.dir.path().join("access.log")).unwrap();
            // A line without its end is incomplete.
            let complete = text.rfind('\n').map_or("", |end| &text[..end]);
            let lines: Vec<Logged> = complete.lines().map(Logged::parse).collect();
            (lines.len() >= count).then_some(lines)
        })
    }

    /// Stops nginx, which completes its log, and returns all requests.
    pub(crate) fn all_logged(mut self) -> Vec<Logged> {
        self.server.stop();
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

/// The command `nginx` in this folder.
fn nginx(dir: &Path, arguments: &[&str]) -> Command {
    let program = std::env::var_os("NGINX").unwrap_or_else(|| "nginx".into());
    let mut command = Command::new(program);
    // `-e`: until it has read its configuration, it logs to a file of the system.
    command.arg("-p").arg(dir).args(["-c", "nginx.conf", "-e", "error.log"]).args(arguments);
    // `listen unix:` ignores the prefix. nginx itself reads `NGINX` as a list of sockets.
    command.current_dir(dir).env_remove("NGINX");
    command
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
    // By default these are in folders where only the user of the package may write.
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "    {kind}_temp_path {kind};").unwrap();
    }
    text.push_str("}\n");
    text
}

//! A Redis for one test, with an administrator's connection to it.

use std::cell::Cell;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use easemob_token_end_to_end::Server;
use easemob_token_store_redis::RedisStore;
use easemob_token_transport_testkit::subprocess;
use redis::{Connection, FromRedisValue};
use tempfile::TempDir;

/// A key as the client makes it.
pub(crate) const KEY: &str = "easemob-token:v1:299ed4fd93707199ce78943612135cfb";
pub(crate) const KEEP: Duration = Duration::from_secs(60);
pub(crate) const PASSWORD: &str = "s3cret-of-redis";
/// What docs/fleet.md says that the user needs.
pub(crate) const RIGHTS: [&str; 6] =
    ["~easemob-token:v1:*", "+get", "+pttl", "+set", "+eval", "+evalsha"];

pub(crate) struct Redis {
    server: Server,
    pid: u32,
    _dir: TempDir,
}

impl Redis {
    pub(crate) fn start() -> Self {
        Self::with(|port| format!("port {port}"))
    }

    /// Starts a server with these lines in its configuration.
    pub(crate) fn with(lines: impl Fn(u16) -> String) -> Self {
        Self::run(lines, &[])
    }

    pub(crate) fn run(lines: impl Fn(u16) -> String, arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pid = Cell::new(0);
        let commands = |port| {
            let shown = dir.path().display();
            let lines = lines(port);
            let text = format!("bind 127.0.0.1\ndir {shown}\nlogfile {shown}/log\n{lines}\n");
            fs::write(dir.path().join("conf"), text).unwrap();
            let program = std::env::var_os("REDIS_SERVER").unwrap_or("redis-check-rdb".into());
            let mut command = Command::new(program);
            // One binary does all: it is the server under this name.
            command.arg0("redis-server").arg(dir.path().join("conf")).args(arguments);
            (command, None)
        };
        let listens = |port, id| {
            pid.set(id);
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        };
        let server = Server::start(commands, listens)
            .expect("Redis is installed; see `cargo xtask ci servers`")
            .unwrap_or_else(|| {
                panic!("Redis ends:\n{}", fs::read_to_string(dir.path().join("log")).unwrap())
            });
        Self { server, pid: pid.get(), _dir: dir }
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    /// The URL of the user without a name, who may do everything.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// The URL of a new user with a password and these rights only.
    pub(crate) fn user(&self, name: &str, rights: &[&str]) -> String {
        let password = format!(">{PASSWORD}");
        self.admin::<()>(&[&["ACL", "SETUSER", name, "reset", "on", &password], rights].concat());
        format!("redis://{name}:{PASSWORD}@127.0.0.1:{}", self.port())
    }

    /// Runs a command as the administrator.
    pub(crate) fn admin<T: FromRedisValue>(&self, command: &[&str]) -> T {
        self.try_admin(command).unwrap()
    }

    pub(crate) fn try_admin<T: FromRedisValue>(&self, command: &[&str]) -> redis::RedisResult<T> {
        redis::cmd(command[0]).arg(&command[1..]).query(&mut self.try_connection()?)
    }

    pub(crate) fn connection(&self) -> Connection {
        self.try_connection().unwrap()
    }

    fn try_connection(&self) -> redis::RedisResult<Connection> {
        redis::Client::open(self.url())?.get_connection()
    }

    /// Sends a signal to the server, such as `-STOP`.
    pub(crate) fn signal(&self, name: &str) {
        subprocess::signal(self.pid, name);
    }
}

/// A store whose operations end soon if Redis does not answer.
pub(crate) fn impatient(url: &str) -> RedisStore {
    RedisStore::builder(url).timeout(Duration::from_millis(300)).build().unwrap()
}

/// Everything that an administrator sees of the commands.
pub(crate) struct Monitor {
    stream: TcpStream,
}

impl Redis {
    pub(crate) fn monitor(&self) -> Monitor {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut ok = [0; 5];
        stream.read_exact(&mut ok).unwrap();
        assert_eq!(&ok, b"+OK\r\n");
        Monitor { stream }
    }
}

impl Monitor {
    /// What was seen until now.
    pub(crate) fn all(&mut self) -> String {
        self.stream.set_nonblocking(true).unwrap();
        let mut seen = Vec::new();
        // It ends with the error that nothing more is there.
        let _ = self.stream.read_to_end(&mut seen);
        String::from_utf8_lossy(&seen).into_owned()
    }
}

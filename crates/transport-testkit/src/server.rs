//! A server over real sockets that plays scripts and records every byte that arrives.
#![expect(clippy::expect_used, reason = "without a socket on loopback nothing can be tested")]

pub(crate) mod certificates;
pub(crate) mod closed_port;
mod player;
mod record;
pub mod reply;
pub(crate) mod request;
pub(crate) mod script;
pub(crate) mod tls;

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use self::player::Player;
pub use self::record::Connection;
use self::record::Record;
use self::request::Received;
use self::script::Plan;
#[cfg(doc)]
use self::script::Script;
use crate::watch;

/// The longest time that a script takes; only a test that fails waits that long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on `127.0.0.1` that plays a script for each connection.
///
/// It records everything that clients send. Dropping it closes all its connections and waits for its
/// threads.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use easemob_token_transport_testkit::{Script, ScriptedServer};
///
/// let server = ScriptedServer::start(Script::new().request().echo());
/// let mut client = TcpStream::connect(server.address())?;
/// client.write_all(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")?;
/// let mut reply = String::new();
/// client.read_to_string(&mut reply)?;
/// assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("\r\n\r\nhi"));
/// assert_eq!(server.requests().len(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    record: Arc<Record>,
    listening: Option<JoinHandle<()>>,
}

impl ScriptedServer {
    /// Starts a server on a port that the system chooses.
    #[must_use]
    pub fn start(plan: impl Into<Plan>) -> Self {
        let plan = plan.into();
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let record = Arc::<Record>::default();
        let own = record.clone();
        let listening = thread::Builder::new()
            .name("testkit-listen".to_owned())
            .spawn(move || listen(&listener, &plan, &own))
            .expect("a thread can be started");
        Self { address, record, listening: Some(listening) }
    }

    /// The address on which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of an endpoint of this server, by this scheme and host name.
    #[must_use]
    pub fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/org/app/token", self.address.port())
    }

    /// The records of all connections so far, in the order in which they were accepted.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        self.record.look(|state| state.connections.clone())
    }

    /// All whole requests so far, connection by connection.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.record.look(|state| {
            let connections = state.connections.iter();
            connections.flat_map(|own| own.requests().to_vec()).collect()
        })
    }

    /// Opens the gate of this number, so that scripts waiting there ([`Script::gate`]) go on.
    pub fn open_gate(&self, number: usize) {
        self.record.change(|state| {
            state.gates.insert(number);
        });
    }

    /// Waits until the condition holds, at most this long. Returns whether it holds.
    ///
    /// The thread is blocked meanwhile; [`wait_until_async`](Self::wait_until_async) lets a runtime go
    /// on.
    pub fn wait_until(&self, limit: Duration, condition: impl Fn(&[Connection]) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        self.record.wait(deadline, |state| condition(&state.connections).then_some(())).is_some()
    }

    /// Waits like [`wait_until`](Self::wait_until), as a future that needs no runtime.
    pub async fn wait_until_async(
        &self,
        limit: Duration,
        condition: impl Fn(&[Connection]) -> bool,
    ) -> bool {
        watch::until(limit, || self.record.look(|state| condition(&state.connections))).await
    }

    /// Waits until no connection is open, at most this long. Returns whether none is open.
    #[must_use]
    pub fn wait_until_closed(&self, limit: Duration) -> bool {
        self.wait_until(limit, |connections| connections.iter().all(Connection::is_over))
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.record.stop();
        // Wakes the listener, so that it notices the end.
        let _ = TcpStream::connect_timeout(&self.address, PATIENCE);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn listen(listener: &TcpListener, plan: &Plan, record: &Arc<Record>) {
    let mut players = Vec::new();
    for stream in listener.incoming() {
        if record.look(|state| state.stopping) {
            break;
        }
        let Ok(stream) = stream else { continue };
        // What a script writes is sent at once.
        let _ = stream.set_nodelay(true);
        let Ok(handle) = stream.try_clone() else { continue };
        let number = record.accept(handle);
        let script = plan.for_connection(number);
        let own = record.clone();
        let player = thread::Builder::new()
            .name("testkit-play".to_owned())
            .spawn(move || Player::new(stream, number, own).play(&script));
        players.extend(player);
    }
    // The closed sockets wake the threads that still read or write.
    record.change(|state| {
        for handle in state.handles.values() {
            let _ = handle.shutdown(Shutdown::Both);
        }
    });
    for player in players {
        let _ = player.join();
    }
}

//! A scripted server: each connection is handled by a closure, what it sees is told to the test.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

/// More than any step of a test takes; only a failing test waits that long.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the server tells the test.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A whole request on the connection of this number.
    Request { connection: usize, text: String },
    /// The other side closed or reset the connection of this number.
    Closed(usize),
    /// The script reached this point.
    Point(&'static str),
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// One connection, as the script sees it. Dropping it closes the connection.
pub(crate) struct Peer {
    /// Counted from 0 in the order of acceptance.
    pub(crate) number: usize,
    stream: Box<dyn Stream>,
    tcp: TcpStream,
    seen: UnboundedSender<Seen>,
}

impl Peer {
    /// Reads one request, head and body; `None` where the other side closed before.
    pub(crate) fn request(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        let mut wanted = usize::MAX;
        while bytes.len() < wanted {
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) | Err(_) => {
                    let _ = self.seen.send(Seen::Closed(self.number));
                    return None;
                }
                Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            }
            let text = String::from_utf8_lossy(&bytes);
            if let Some(end) = text.find("\r\n\r\n") {
                let length = text[..end].to_lowercase().lines().find_map(|line| {
                    let value = line.strip_prefix("content-length:")?;
                    value.trim().parse::<usize>().ok()
                });
                wanted = end + 4 + length.unwrap_or(0);
            }
        }
        let text = String::from_utf8(bytes).unwrap();
        let _ = self.seen.send(Seen::Request { connection: self.number, text: text.clone() });
        Some(text)
    }

    /// Writes; whether the other side still took it.
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let written = self.stream.write_all(bytes.as_ref());
        written.and_then(|()| self.stream.flush()).is_ok()
    }

    /// Writes a response of status 200 with this body, and keeps the connection.
    pub(crate) fn answer(&mut self, body: &str) -> bool {
        self.write(ok(body))
    }

    /// Tells the test that the script came this far.
    pub(crate) fn point(&self, name: &'static str) {
        let _ = self.seen.send(Seen::Point(name));
    }

    /// Waits until the other side closes, and tells the test.
    pub(crate) fn wait_for_close(&mut self) {
        let mut chunk = [0; 4096];
        while !matches!(self.stream.read(&mut chunk), Ok(0) | Err(_)) {}
        let _ = self.seen.send(Seen::Closed(self.number));
    }

    /// Passes bytes on, both ways, until either side closes.
    pub(crate) fn relay_to(self, target: SocketAddr) {
        let mut back = TcpStream::connect(target).unwrap();
        let mut back_reader = back.try_clone().unwrap();
        let mut forth = self.tcp.try_clone().unwrap();
        let mut forth_writer = self.tcp;
        let returning = thread::spawn(move || {
            let _ = io::copy(&mut back_reader, &mut forth_writer);
            let _ = forth_writer.shutdown(Shutdown::Both);
        });
        let _ = io::copy(&mut forth, &mut back);
        let _ = back.shutdown(Shutdown::Both);
        returning.join().unwrap();
    }

    /// Closes the writing side; the other side sees the end.
    pub(crate) fn shut_down(&self) {
        self.tcp.shutdown(Shutdown::Write).unwrap();
    }

    /// Ends the connection with a reset instead of a close.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.tcp).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// A response of status 200 with this body.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A listener on loopback that runs a script for each connection.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: UnboundedReceiver<Seen>,
    stopping: Arc<AtomicBool>,
}

impl Server {
    /// Plain TCP.
    pub(crate) fn start(script: impl Fn(Peer) + Send + Sync + 'static) -> Self {
        Self::run(None, script)
    }

    /// TLS with this configuration. A failed handshake shows as a connection that is closed.
    pub(crate) fn start_tls(
        config: ServerConfig,
        script: impl Fn(Peer) + Send + Sync + 'static,
    ) -> Self {
        Self::run(Some(Arc::new(config)), script)
    }

    fn run(tls: Option<Arc<ServerConfig>>, script: impl Fn(Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, seen) = unbounded_channel();
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = stopping.clone();
        let script = Arc::new(script);
        let count = AtomicUsize::new(0);
        thread::spawn(move || {
            for tcp in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let tcp = tcp.unwrap();
                // What a script has written is on its way, not waiting for an acknowledgement.
                tcp.set_nodelay(true).unwrap();
                let stream = tcp.try_clone().unwrap();
                let stream: Box<dyn Stream> = match &tls {
                    None => Box::new(stream),
                    Some(config) => {
                        let session = ServerConnection::new(config.clone()).unwrap();
                        Box::new(StreamOwned::new(session, stream))
                    }
                };
                let peer = Peer {
                    number: count.fetch_add(1, Ordering::SeqCst),
                    stream,
                    tcp,
                    seen: tell.clone(),
                };
                let script = script.clone();
                thread::spawn(move || script(peer));
            }
        });
        Self { address, seen, stopping }
    }

    /// The server's address as a URL with this scheme and host.
    pub(crate) fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/org/app/token", self.address.port())
    }

    /// The next thing that the server saw.
    pub(crate) async fn next(&mut self) -> Seen {
        let seen = timeout(PATIENCE, self.seen.recv()).await;
        seen.expect("the server saw nothing").expect("the server is gone")
    }

    /// Waits until the server sees this; what it saw before is forgotten.
    pub(crate) async fn wait_until(&mut self, is_it: impl Fn(&Seen) -> bool) {
        while !is_it(&self.next().await) {}
    }

    /// Waits, outside a runtime, until the script comes to this point.
    pub(crate) fn wait_for_point(&mut self, name: &'static str) {
        while self.seen.blocking_recv().expect("the server is gone") != Seen::Point(name) {}
    }

    /// How many requests the server has read since this was asked last.
    pub(crate) fn requests(&mut self) -> usize {
        let mut requests = 0;
        while let Ok(seen) = self.seen.try_recv() {
            requests += usize::from(matches!(seen, Seen::Request { .. }));
        }
        requests
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees that it is to stop.
        let _ = TcpStream::connect(self.address);
    }
}

//! A server that plays a script, connection by connection, and tells what it saw.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use easemob_token_transport::{Exchange, Transport, TransportError, TransportErrorKind};
use easemob_token_transport_isahc::IsahcTransport;
use futures_lite::future::block_on;
use http::Response;

pub(crate) type Outcome = Result<Response<Bytes>, TransportError>;

/// What every request here carries.
pub(crate) const BODY: &str = r#"{"grant_type":"client_credentials"}"#;

/// Listens on loopback until the test process ends.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Runs `script` for each connection, on a thread of its own; the number counts from 0.
    pub(crate) fn start(script: impl Fn(&mut Connection, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            addr: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let connections = server.connections.clone();
        let requests = server.requests.clone();
        let script = Arc::new(script);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let mut connection =
                    Connection { stream: stream.unwrap(), requests: requests.clone() };
                let script = script.clone();
                thread::spawn(move || script(&mut connection, number));
            }
        });
        server
    }

    /// Reads one request, answers with these bytes, and closes.
    pub(crate) fn answering(reply: impl Into<Vec<u8>>) -> Self {
        let reply = reply.into();
        Self::start(move |connection, _| {
            connection.read_request();
            connection.send(&reply);
        })
    }

    pub(crate) fn uri(&self) -> String {
        format!("http://{}/org/app/token", self.addr)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many whole requests were read.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Sends the usual request with the defaults.
    pub(crate) fn call(&self) -> Outcome {
        send(&transport(), exchange(&self.uri()))
    }

    /// The kind of the usual request's failure.
    pub(crate) fn kind(&self) -> TransportErrorKind {
        self.call().unwrap_err().kind()
    }
}

/// One accepted connection.
pub(crate) struct Connection {
    stream: TcpStream,
    requests: Arc<AtomicUsize>,
}

impl Connection {
    /// Reads a head and the body that its `Content-Length` promises; gives both as text.
    pub(crate) fn read_request(&mut self) -> String {
        let request = read_request(&mut self.stream).unwrap_or_default();
        if !request.is_empty() {
            self.requests.fetch_add(1, Ordering::SeqCst);
        }
        request
    }

    /// Sends what still can be sent.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Closes with a reset instead of an end.
    pub(crate) fn reset(&mut self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Waits until the other side is gone.
    pub(crate) fn wait_for_close(&mut self) -> Instant {
        let mut rest = [0; 1024];
        while matches!(self.stream.read(&mut rest), Ok(read) if read > 0) {}
        Instant::now()
    }

    /// The stream itself, for a script that goes on with TLS.
    pub(crate) fn stream(&self) -> TcpStream {
        self.stream.try_clone().unwrap()
    }
}

/// Reads one request from a plain or an encrypted stream.
pub(crate) fn read_request(stream: &mut impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .map_or(0, |value| value.trim().parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return Ok(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

/// A complete reply with a body and its length.
pub(crate) fn reply(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(crate) fn transport() -> IsahcTransport {
    IsahcTransport::new().unwrap()
}

pub(crate) fn exchange(uri: &str) -> Exchange {
    let request =
        http::Request::post(uri).header("content-type", "application/json").body(BODY).unwrap();
    Exchange::new(request)
}

pub(crate) fn send(transport: &dyn Transport, exchange: Exchange) -> Outcome {
    block_on(transport.send(exchange))
}

/// A channel whose receiving end fails the test instead of waiting for ever.
pub(crate) fn reports<T>() -> (std::sync::mpsc::Sender<T>, Reports<T>) {
    let (sender, receiver) = channel();
    (sender, Reports(receiver))
}

pub(crate) struct Reports<T>(Receiver<T>);

impl<T> Reports<T> {
    pub(crate) fn next(&self) -> T {
        self.0.recv_timeout(Duration::from_secs(20)).expect("the server reports in time")
    }

    pub(crate) fn try_next(&self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

//! The script of a server: the steps that it performs on a connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::reply;
use super::request::Received;
use super::tls::ServerTls;

/// One step of a server. The methods of [`Script`] that add them say what they do.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Tls(ServerTls),
    Request,
    Read(usize),
    Write(Vec<u8>),
    Echo(Vec<u8>),
    EchoCut(Vec<u8>),
    Respond(Responder),
    Drip(Vec<u8>, Duration),
    Endless(Vec<u8>, Duration),
    Trickle(Vec<u8>),
    Gate(usize),
    Gather(usize),
    WaitForClose,
    Cut,
    CutAfter(Vec<u8>),
    Reset,
}

/// The function of [`Script::respond`].
#[derive(Clone)]
pub(crate) struct Responder(Arc<Respond>);

type Respond = dyn Fn(&Received, usize) -> Vec<u8> + Send + Sync;

impl Responder {
    pub(crate) fn response(&self, request: &Received, connection: usize) -> Vec<u8> {
        (self.0)(request, connection)
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Responder")
    }
}

/// The steps for one connection, after which it is closed.
///
/// ```
/// use easemob_token_transport_testkit::{Script, ScriptedServer};
///
/// let script = Script::new()
///     .request()
///     .write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
///     .reset();
/// let server = ScriptedServer::start(script);
/// # drop(server);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a script does nothing until a server plays it"]
pub struct Script(Vec<Step>);

impl Script {
    /// An empty script: the server accepts and closes at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of steps so far, as [`Connection::steps`](super::Connection::steps) counts them.
    #[must_use]
    pub fn step_count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }

    fn step(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Performs the server's side of a TLS handshake; the steps that follow are inside TLS.
    pub fn tls(self, tls: impl Into<ServerTls>) -> Self {
        self.step(Step::Tls(tls.into()))
    }

    /// Reads one whole request, head and body.
    pub fn request(self) -> Self {
        self.step(Step::Request)
    }

    /// Reads until this many more bytes have arrived.
    pub fn read(self, bytes: usize) -> Self {
        self.step(Step::Read(bytes))
    }

    /// Writes these bytes.
    pub fn write(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Write(bytes.into()))
    }

    /// Responds with status 200 and the body of the last request.
    pub fn echo(self) -> Self {
        self.echo_with("")
    }

    /// Does the same, and writes further bytes at once with the response.
    pub fn echo_with(self, more: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Echo(more.into()))
    }

    /// Echoes, and writes further bytes with it, of which the last one comes after the next request.
    ///
    /// Inside TLS that is the last byte of a record, without which none of it can be read.
    pub(crate) fn echo_with_cut(self, more: impl Into<Vec<u8>>) -> Self {
        self.step(Step::EchoCut(more.into()))
    }

    /// Reads requests and echoes each of them, until the other side closes.
    pub fn serve(self) -> Self {
        self.respond(|request, _| reply::ok(request.body()))
    }

    /// Reads requests and responds to each of them, until the other side closes.
    ///
    /// The function makes the bytes of a response from a request and the number of its connection,
    /// counted from 0.
    pub fn respond(
        self,
        response: impl Fn(&Received, usize) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        self.step(Step::Respond(Responder(Arc::new(response))))
    }

    /// Writes one byte at a time, with this pause before each.
    pub fn drip(self, bytes: impl Into<Vec<u8>>, pause: Duration) -> Self {
        self.step(Step::Drip(bytes.into(), pause))
    }

    /// Writes these bytes again and again until the other side closes.
    pub fn endless(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Endless(bytes.into(), Duration::MAX))
    }

    /// Writes these bytes again and again for this time, or until the other side closes.
    ///
    /// So an adapter without a bound has little more to read when its time limit is over.
    pub(crate) fn endless_for(self, time: Duration, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Endless(bytes.into(), time)).wait_for_close()
    }

    /// Writes these bytes again and again, each in a packet of its own, until the other side closes.
    pub fn trickle(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Trickle(bytes.into()))
    }

    /// Waits until the test opens the gate of this number.
    pub fn gate(self, number: usize) -> Self {
        self.step(Step::Gate(number))
    }

    /// Waits until this many whole requests have arrived, on all connections together.
    pub fn gather(self, requests: usize) -> Self {
        self.step(Step::Gather(requests))
    }

    /// Waits until the other side closes.
    pub fn wait_for_close(self) -> Self {
        self.step(Step::WaitForClose)
    }

    /// Closes the writing side and leaves the reading side open.
    ///
    /// Inside TLS no `close_notify` is sent, so that the end may be the work of an attacker.
    pub fn cut(self) -> Self {
        self.step(Step::Cut)
    }

    /// Writes these bytes and does the same, on Linux in one packet: neither arrives before the other.
    pub fn cut_after(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::CutAfter(bytes.into()))
    }

    /// Closes the connection with a reset.
    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }
}

/// The scripts of a server, by connection.
#[derive(Clone, Debug)]
pub struct Plan(Arc<[Script]>);

impl Plan {
    /// Gives each connection its script in this order; the last script serves all further connections.
    #[must_use]
    pub fn in_order(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self(scripts.into_iter().collect())
    }

    pub(crate) fn for_connection(&self, number: usize) -> Script {
        let index = number.min(self.0.len().saturating_sub(1));
        self.0.get(index).cloned().unwrap_or_default()
    }

    /// Whether the scripts begin with a TLS handshake.
    pub(crate) fn is_tls(&self) -> bool {
        matches!(self.for_connection(0).steps().first(), Some(Step::Tls(_)))
    }
}

impl From<Script> for Plan {
    fn from(script: Script) -> Self {
        Self::in_order([script])
    }
}

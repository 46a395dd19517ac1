//! The script of a server: the steps that it performs on a connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::reply;
use super::request::Received;
use super::tls::ServerTls;

/// One step of a server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// Performs the server's side of a TLS handshake; the steps that follow are inside TLS.
    Tls(ServerTls),
    /// Reads one whole request, head and body.
    Request,
    /// Reads until this many more bytes have arrived.
    Read(usize),
    /// Writes these bytes.
    Write(Vec<u8>),
    /// Responds with status 200 and the body of the last request. These bytes follow in the same write.
    Echo(Vec<u8>),
    /// Reads requests and responds to each of them, until the other side closes.
    Respond(Responder),
    /// Writes one byte at a time, with this pause before each.
    Drip(Vec<u8>, Duration),
    /// Writes these bytes again and again until the other side closes.
    Endless(Vec<u8>),
    /// Writes these bytes again and again, each in a packet of its own, until the other side closes.
    Trickle(Vec<u8>),
    /// Waits until the test opens the gate of this number.
    Gate(usize),
    /// Waits until this many whole requests have arrived, on all connections together.
    Gather(usize),
    /// Waits until the other side closes.
    WaitForClose,
    /// Closes the writing side and leaves the reading side open.
    ///
    /// Inside TLS no `close_notify` is sent, so that the end may be the work of an attacker.
    Cut,
    /// Closes the connection with a reset.
    Reset,
}

/// A function from a request and the number of its connection, counted from 0, to a response.
#[derive(Clone)]
pub struct Responder(Arc<Respond>);

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
/// use easemob_token_transport_testkit::Script;
///
/// let torn = Script::new()
///     .request()
///     .write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
///     .reset();
/// assert_eq!(torn.steps().len(), 3);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a script does nothing until a server plays it"]
pub struct Script(Vec<Step>);

impl Script {
    /// An empty script: the server accepts and closes at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// The steps so far.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Adds a step.
    pub fn step(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Adds [`Step::Tls`].
    pub fn tls(self, tls: impl Into<ServerTls>) -> Self {
        self.step(Step::Tls(tls.into()))
    }

    /// Adds [`Step::Request`].
    pub fn request(self) -> Self {
        self.step(Step::Request)
    }

    /// Adds [`Step::Read`].
    pub fn read(self, bytes: usize) -> Self {
        self.step(Step::Read(bytes))
    }

    /// Adds [`Step::Write`].
    pub fn write(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Write(bytes.into()))
    }

    /// Adds [`Step::Echo`].
    pub fn echo(self) -> Self {
        self.echo_with("")
    }

    /// Adds [`Step::Echo`] with bytes after it.
    pub fn echo_with(self, more: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Echo(more.into()))
    }

    /// Adds [`Step::Respond`]: each response has status 200 and the body of its request.
    pub fn serve(self) -> Self {
        self.respond(|request, _| reply::ok(request.body()))
    }

    /// Adds [`Step::Respond`] with this function.
    pub fn respond(
        self,
        response: impl Fn(&Received, usize) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        self.step(Step::Respond(Responder(Arc::new(response))))
    }

    /// Adds [`Step::Drip`].
    pub fn drip(self, bytes: impl Into<Vec<u8>>, pause: Duration) -> Self {
        self.step(Step::Drip(bytes.into(), pause))
    }

    /// Adds [`Step::Endless`].
    pub fn endless(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Endless(bytes.into()))
    }

    /// Adds [`Step::Trickle`].
    pub fn trickle(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Trickle(bytes.into()))
    }

    /// Adds [`Step::Gate`].
    pub fn gate(self, number: usize) -> Self {
        self.step(Step::Gate(number))
    }

    /// Adds [`Step::Gather`].
    pub fn gather(self, requests: usize) -> Self {
        self.step(Step::Gather(requests))
    }

    /// Adds [`Step::WaitForClose`].
    pub fn wait_for_close(self) -> Self {
        self.step(Step::WaitForClose)
    }

    /// Adds [`Step::Cut`].
    pub fn cut(self) -> Self {
        self.step(Step::Cut)
    }

    /// Adds [`Step::Reset`].
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

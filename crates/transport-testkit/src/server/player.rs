//! Plays one script over one connection.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConnection, StreamOwned};
use socket2::SockRef;

use super::PATIENCE;
use super::record::{Record, State};
use super::reply;
use super::request::Received;
use super::script::{Script, Step};
use crate::watch::census;

/// A connection, and the record of what happens on it.
pub(super) struct Player {
    wire: Wire,
    number: usize,
    record: Arc<Record>,
    /// The number of arrived requests that the script has taken.
    taken: usize,
    deadline: Instant,
}

/// The early end of a script: the other side is gone, the server stops, or it took too long.
struct Stopped;

enum Wire {
    Plain(TcpStream),
    /// Over TCP, or inside the TLS of a proxy.
    Tls(Box<StreamOwned<ServerConnection, Wire>>),
}

impl Player {
    pub(super) fn new(stream: TcpStream, number: usize, record: Arc<Record>) -> Self {
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let _ = stream.set_write_timeout(Some(PATIENCE));
        Self {
            wire: Wire::Plain(stream),
            number,
            record,
            taken: 0,
            deadline: Instant::now() + PATIENCE,
        }
    }

    pub(super) fn play(mut self, script: &Script) {
        let mut ending = Ending::Close;
        for step in script.steps() {
            if matches!(step, Step::Reset) {
                ending = Ending::Reset;
                break;
            }
            if self.take(step).is_err() {
                break;
            }
            let done = |own: &mut super::Connection| own.steps += 1;
            self.record.change_connection(self.number, done);
        }
        let Self { wire, number, record, .. } = self;
        wire.end(ending);
        // The last handle. As long as there is one, the socket stays open.
        record.change(|state| state.handles.remove(&number));
        let processor_time = census::processor_time_of_thread().unwrap_or_default();
        record.change_connection(number, |own| {
            own.processor_time = processor_time;
            own.over = true;
        });
    }

    fn take(&mut self, step: &Step) -> Result<(), Stopped> {
        match step {
            Step::Tls(tls) => self.start_tls(tls.config()),
            Step::Request => self.next_request().map(drop),
            Step::Read(bytes) => {
                let wanted = self.received() + bytes;
                self.read_until(|own| own.received() >= wanted)
            }
            Step::Write(bytes) => self.write(bytes),
            Step::Echo(more) => self.write(&[&self.last_echo(), more.as_slice()].concat()),
            Step::EchoCut(more) => self.echo_cut(more),
            Step::Respond(responder) => loop {
                let request = self.next_request()?;
                self.write(&responder.response(&request, self.number))?;
            },
            Step::Drip(bytes, pause) => bytes.iter().try_for_each(|byte| {
                self.read_for(*pause)?;
                self.write(&[*byte])
            }),
            Step::Endless(bytes, time) => {
                let start = Instant::now();
                while start.elapsed() < *time {
                    self.write(bytes)?;
                    self.check_time()?;
                }
                Ok(())
            }
            Step::Trickle(bytes) => loop {
                bytes.iter().try_for_each(|byte| self.write(&[*byte]))?;
                self.check_time()?;
            },
            Step::Gate(number) => self.wait(|state| state.gates.contains(number)),
            Step::Gather(wanted) => self.wait(|state| {
                let arrived = state.connections.iter().map(|own| own.requests.len());
                arrived.sum::<usize>() >= *wanted
            }),
            Step::WaitForClose => self.read_until(|_| false),
            Step::Cut => self.cut(),
            Step::CutAfter(bytes) => {
                #[cfg(any(target_os = "linux", target_os = "android"))]
                let _ = SockRef::from(self.wire.tcp()).set_tcp_cork(true);
                self.write(bytes)?;
                self.cut()
            }
            // `play` does this.
            Step::Reset => Ok(()),
        }
    }

    fn start_tls(&mut self, config: Arc<rustls::ServerConfig>) -> Result<(), Stopped> {
        let outcome = (|| {
            let tcp = Wire::Plain(self.wire.tcp().try_clone()?);
            let mut inner = mem::replace(&mut self.wire, tcp);
            let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
            while session.is_handshaking() {
                session.complete_io(&mut inner)?;
            }
            Ok(StreamOwned::new(session, inner))
        })();
        let result = outcome.as_ref().map(|_| ()).map_err(io::Error::to_string);
        let failed = result.is_err();
        self.record.change_connection(self.number, |own| {
            own.handshake = Some(result);
            if failed {
                own.closed = Some(Instant::now());
            }
        });
        self.wire = Wire::Tls(Box::new(outcome.map_err(|_| Stopped)?));
        Ok(())
    }

    fn cut(&mut self) -> Result<(), Stopped> {
        let _ = self.wire.tcp().shutdown(Shutdown::Write);
        self.read_until(|_| false)
    }

    fn wait(&self, condition: impl Fn(&State) -> bool) -> Result<(), Stopped> {
        let wait = |state: &State| (state.stopping || condition(state)).then_some(());
        self.record.wait(self.deadline, wait).ok_or(Stopped)
    }

    fn received(&self) -> usize {
        let number = self.number;
        self.record.look(|state| state.connections[number].received.len())
    }

    fn next_request(&mut self) -> Result<Received, Stopped> {
        let (number, taken) = (self.number, self.taken);
        self.read_until(|own| {
            own.record.look(|state| state.connections[number].requests.len() > taken)
        })?;
        self.taken += 1;
        Ok(self.record.look(|state| state.connections[number].requests[taken].clone()))
    }

    /// The response to the last request.
    fn last_echo(&self) -> Vec<u8> {
        let (number, index) = (self.number, self.taken.saturating_sub(1));
        let body = self.record.look(|state| {
            let request = state.connections[number].requests.get(index);
            request.map(|request| request.body().to_vec()).unwrap_or_default()
        });
        reply::ok(&body)
    }

    fn echo_cut(&mut self, more: &[u8]) -> Result<(), Stopped> {
        let echo = self.last_echo();
        let sealed = self.wire.seal(&[&echo, more]).map_err(|error| self.gone(&error))?;
        let (first, last) = sealed.split_at(sealed.len() - 1);
        for part in [first, last] {
            let mut tcp = self.wire.tcp();
            tcp.write_all(part).map_err(|error| self.gone(&error))?;
            if part.len() > 1 {
                self.next_request()?;
            }
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        let written = self.wire.write_all(bytes).and_then(|()| self.wire.flush());
        written.map_err(|error| self.gone(&error))
    }

    /// Reads until the condition holds.
    fn read_until(&mut self, enough: impl Fn(&Self) -> bool) -> Result<(), Stopped> {
        while !enough(self) {
            self.read()?;
            self.check_time()?;
        }
        Ok(())
    }

    /// Reads what arrives within this time.
    fn read_for(&mut self, time: Duration) -> Result<(), Stopped> {
        let _ = self.wire.tcp().set_read_timeout(Some(time));
        let read = self.read();
        let _ = self.wire.tcp().set_read_timeout(Some(PATIENCE));
        self.check_time()?;
        read
    }

    fn read(&mut self) -> Result<(), Stopped> {
        let mut chunk = [0; 16 * 1024];
        match self.wire.read(&mut chunk) {
            Ok(0) => Err(self.gone(&ErrorKind::UnexpectedEof.into())),
            Ok(read) => {
                let bytes = &chunk[..read];
                self.record.change_connection(self.number, |own| own.receive(bytes));
                Ok(())
            }
            Err(error) if is_timeout(&error) => Ok(()),
            Err(error) => Err(self.gone(&error)),
        }
    }

    fn check_time(&self) -> Result<(), Stopped> {
        let stopping = self.record.look(|state| state.stopping);
        if stopping || Instant::now() > self.deadline { Err(Stopped) } else { Ok(()) }
    }

    /// Notes that the other side closed the connection, unless the server stops.
    fn gone(&self, error: &io::Error) -> Stopped {
        if !is_timeout(error) && !self.record.look(|state| state.stopping) {
            let now = Instant::now();
            self.record.change_connection(self.number, |own| own.closed = Some(now));
        }
        Stopped
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[derive(Clone, Copy)]
enum Ending {
    Close,
    Reset,
}

impl Wire {
    /// The parts as they go over TCP, each in a record of its own if this is TLS.
    fn seal(&mut self, parts: &[&[u8]]) -> io::Result<Vec<u8>> {
        let mut sealed = Vec::new();
        for part in parts {
            match self {
                Self::Plain(_) => sealed.extend_from_slice(part),
                Self::Tls(own) => {
                    own.conn.writer().write_all(part)?;
                    own.conn.write_tls(&mut sealed)?;
                }
            }
        }
        Ok(sealed)
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.sock.tcp(),
        }
    }

    fn end(mut self, ending: Ending) {
        match ending {
            Ending::Reset => {
                let _ = SockRef::from(self.tcp()).set_linger(Some(Duration::ZERO));
            }
            Ending::Close => {
                if let Self::Tls(stream) = &mut self {
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
                let _ = self.tcp().shutdown(Shutdown::Write);
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

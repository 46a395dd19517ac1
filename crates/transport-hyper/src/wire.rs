//! A TCP stream whose reads ask the system before they say that there is nothing.
//!
//! hyper looks for bytes that nobody asked for before it writes a request on a reused connection.
//! tokio answers that read from the readiness that it noted last. Where the runtime did not turn
//! since (it only turns inside `block_on`, or is busy) bytes that arrived in the meantime are not
//! seen, the request is written, and then they are taken for its answer: somebody else's token. A
//! system call sees them.
//!
//! hyper reads four times or more for each request, so the system is asked once in a turn of the
//! connection's task. The look before the write is in the turn of the write, or hyper itself could
//! not tell the two apart.

use std::io::{self, ErrorKind, Read as _};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::consume_budget;
use tokio::task::coop::has_budget_remaining;

use crate::connection_state::ConnectionState;
use crate::pace::Pace;
use crate::turn;

/// At most so much is read at once.
const CHUNK: usize = 8 * 1024;
/// At most so much is read by a look past the runtime, which mostly finds nothing.
const GLANCE: usize = 512;
/// So many bytes count as one against the budget of their task, which is 128 for a turn. tokio counts
/// one for each read, which can hold some hundred heads; a peer that never stops sending them would
/// then keep the timers waiting for longer than a limit may be overrun.
const BYTES_PER_COST: usize = 1024;

/// TCP, as the connector opens it.
pub(crate) struct Wire {
    tcp: TokioIo<TcpStream>,
    /// The turn in which the system last said that there is no more to read.
    drained_in: Option<u64>,
    state: ConnectionState,
    pace: Pace,
}

impl Wire {
    pub(crate) fn new(tcp: TokioIo<TcpStream>) -> Self {
        Self { tcp, drained_in: None, state: ConnectionState::new(), pace: Pace::default() }
    }

    /// Reads what the runtime does not know of yet.
    fn glance(&mut self, buffer: &mut ReadBufCursor<'_>) -> Poll<io::Result<usize>> {
        let mut chunk = [0; GLANCE];
        let room = buffer.remaining().min(GLANCE);
        match (&*SockRef::from(self.tcp.inner())).read(&mut chunk[..room]) {
            Ok(read) => {
                buffer.put_slice(&chunk[..read]);
                Poll::Ready(Ok(read))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.drained_in = turn::current();
                Poll::Pending
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Counts bytes that were read, for the task and for the exchange.
    fn note(&self, cx: &mut Context<'_>, bytes: usize) -> io::Result<()> {
        charge(cx, bytes);
        self.state.count(bytes)
    }
}

/// Counts `bytes` against the budget of the task. One that is used up shows at the next read.
fn charge(cx: &mut Context<'_>, bytes: usize) {
    for _ in 0..bytes / BYTES_PER_COST {
        let _ = pin!(consume_budget()).poll(cx);
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.state.is_flooded() {
            ready!(self.pace.poll_read(cx));
        } else {
            self.pace.reset();
        }
        let mut chunk = [MaybeUninit::uninit(); CHUNK];
        let room = buffer.remaining().min(CHUNK);
        let mut heard = ReadBuf::uninit(&mut chunk[..room]);
        if let Poll::Ready(result) = Pin::new(self.tcp.inner_mut()).poll_read(cx, &mut heard) {
            let heard = heard.filled();
            buffer.put_slice(heard);
            // What was read did not fill the room: there was no more.
            self.drained_in = if heard.len() < room { turn::current() } else { None };
            let counted = self.note(cx, heard.len());
            return Poll::Ready(result.and(counted));
        }
        // The waker is known to the runtime now, whether it has heard of nothing or the budget is
        // used up.
        let looked = self.drained_in.is_some() && self.drained_in == turn::current();
        let glanced = if looked || !has_budget_remaining() {
            Poll::Pending
        } else {
            self.glance(&mut buffer)
        };
        if glanced.is_pending() {
            self.pace.rest();
        }
        let glanced = ready!(glanced)?;
        charge(cx, BYTES_PER_COST);
        Poll::Ready(self.note(cx, glanced))
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.state.clone())
    }
}

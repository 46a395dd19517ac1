//! A TCP stream whose reads ask the system before they report that there is nothing.
//!
//! Before hyper writes a request on a reused connection it reads, to detect unsolicited bytes. tokio
//! serves that read from the readiness that it noted last. If the runtime has not turned since (it
//! only turns inside `block_on`, or is busy), bytes that arrived in the meantime go unnoticed, the
//! request is written, and then they are taken for its response: perhaps another user's token. A
//! system call notices them.
//!
//! hyper reads four times or more for each request, so the system is asked once in each turn of the
//! connection's task. The look before the write is in the same turn as the write; otherwise hyper
//! itself could not tell the two apart.

use std::io::{self, ErrorKind, Read as _};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use hyper_util::client::legacy::connect::{Connected, Connection};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::consume_budget;
use tokio::task::coop::has_budget_remaining;

use crate::connection_state::ConnectionState;
use crate::pace::Pace;
use crate::records::Records;

/// How many bytes are read past the runtime at once, at most. Mostly there are none, and tokio's buffer
/// has to be overwritten before the system may write to it.
const GLANCE: usize = 512;
/// How many bytes are read at once, at most. hyper bounds its buffer after a read, and offers all the space
/// that it has: a head could be twice as long as the bound if it came in one piece.
const PIECE: usize = 16 * 1024;
/// How many bytes cost one unit of their task's budget, which is 128 for a turn. tokio counts one for
/// each read, which can hold some hundred heads; a peer that never stops sending them would then
/// delay the timers by more than a limit may be overrun.
const BYTES_PER_COST: usize = 1024;

/// A TCP stream, as the connector opens it.
///
/// It has tokio's traits, since only tokio's buffers tell without unsafe code how much was read into
/// them. `TokioIo` makes it a stream for hyper.
pub(crate) struct Wire {
    tcp: TcpStream,
    /// The turn in which the system was last asked, or 0.
    asked_in: u64,
    state: ConnectionState,
    pace: Pace,
    records: Records,
}

impl Wire {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        let state = ConnectionState::new();
        Self { tcp, asked_in: 0, state, pace: Pace::default(), records: Records::default() }
    }

    /// Reads what the runtime has noticed, at most a piece.
    fn read_piece(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() <= PIECE {
            return Pin::new(&mut self.tcp).poll_read(cx, buffer);
        }
        let mut piece = [MaybeUninit::uninit(); PIECE];
        let mut piece = ReadBuf::uninit(&mut piece);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut piece))?;
        buffer.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }

    /// Reads what the runtime has not noticed yet.
    fn glance(&mut self, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let space = buffer.remaining().min(GLANCE);
        match (&*SockRef::from(&self.tcp)).read(buffer.initialize_unfilled_to(space)) {
            Ok(read) => {
                buffer.advance(read);
                Poll::Ready(Ok(()))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.asked_in = self.state.turn();
                Poll::Pending
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Counts bytes that were read, for the task and for the exchange.
    fn note(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> io::Result<()> {
        if self.state.has_tls() {
            self.records.pass(bytes);
        }
        charge(cx, bytes.len());
        self.state.count(bytes.len())
    }

    fn note_write(&self, written: &Poll<io::Result<usize>>, bytes: usize) {
        self.state.note_write(matches!(written, Poll::Ready(Ok(all)) if *all == bytes));
    }
}

/// Counts `bytes` against the budget of the task. The next read sees if it is used up.
fn charge(cx: &mut Context<'_>, bytes: usize) {
    for _ in 0..bytes / BYTES_PER_COST {
        let _ = pin!(consume_budget()).poll(cx);
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.state.is_flooded() {
            ready!(self.pace.poll_read(cx));
        } else {
            self.pace.reset();
        }
        let before = buffer.filled().len();
        if let Poll::Ready(result) = self.read_piece(cx, buffer) {
            // If this read left something behind, the runtime reads on without a new event.
            self.asked_in = self.state.turn();
            let counted = self.note(cx, &buffer.filled()[before..]);
            return Poll::Ready(result.and(counted));
        }
        // The runtime has the waker now, whether it noticed nothing or the budget is used up.
        let looked = self.asked_in != 0 && self.asked_in == self.state.turn();
        let glanced =
            if looked || !has_budget_remaining() { Poll::Pending } else { self.glance(buffer) };
        if glanced.is_pending() {
            self.pace.rest();
            if self.state.is_idle() && self.records.is_cut() {
                return Poll::Ready(Err(io::Error::other("an unsolicited part of a TLS record")));
            }
        }
        ready!(glanced)?;
        charge(cx, BYTES_PER_COST);
        Poll::Ready(self.note(cx, &buffer.filled()[before..]))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        self.note_write(&written, bytes.len());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, slices);
        self.note_write(&written, slices.iter().map(|slice| slice.len()).sum());
        written
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Write as _;
    use std::net::{self, TcpListener};
    use std::task::Waker;

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    /// A wire of a runtime that turns only inside `block_on`, and its peer.
    fn opened() -> (Runtime, Wire, net::TcpStream) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        ours.set_nonblocking(true).unwrap();
        let inside = runtime.enter();
        let wire = Wire::new(TcpStream::from_std(ours).unwrap());
        drop(inside);
        (runtime, wire, listener.accept().unwrap().0)
    }

    /// The number of bytes that one read brings, or `None` if it fails.
    fn read(wire: &mut Wire) -> Poll<Option<usize>> {
        let mut space = [0; 64 * 1024];
        let mut buffer = ReadBuf::new(&mut space);
        let mut context = Context::from_waker(Waker::noop());
        let read = Pin::new(wire).poll_read(&mut context, &mut buffer);
        read.map(|it| it.map(|()| buffer.filled().len()).ok())
    }

    fn budget_left(cx: &mut Context<'_>) -> usize {
        (0..).take_while(|_| pin!(consume_budget()).poll(cx).is_ready()).count()
    }

    /// tokio's budget of a turn is 128.
    #[test]
    fn one_read_brings_a_piece_at_most_and_each_byte_costs() {
        let (runtime, mut wire, mut theirs) = opened();
        theirs.write_all(&[0; 2 * PIECE]).unwrap();
        runtime.block_on(wire.tcp.readable()).unwrap();
        runtime.block_on(poll_fn(|cx| {
            assert_eq!(read(&mut wire), Poll::Ready(Some(PIECE)));
            assert_eq!(budget_left(cx), 128 - 1 - PIECE / BYTES_PER_COST);
            assert_eq!(read(&mut wire), Poll::Pending);
            Poll::Ready(())
        }));
    }

    /// The runtime does not turn, so it does not notice what arrives.
    #[test]
    fn a_part_of_a_record_is_an_error_on_an_idle_connection_only() {
        let (runtime, mut wire, mut theirs) = opened();
        theirs.write_all(b"x").unwrap();
        runtime.block_on(poll_fn(|cx| {
            assert_eq!(read(&mut wire), Poll::Ready(Some(1)));
            assert_eq!(budget_left(cx), 128 - 1);
            Poll::Ready(())
        }));
        let state = wire.state.clone();
        let mut read = || read(&mut wire);
        state.begin_tls();
        theirs.write_all(&[23, 3, 3, 0]).unwrap();
        assert_eq!((read(), read()), (Poll::Ready(Some(4)), Poll::Pending));
        state.end_body();
        assert_eq!(read(), Poll::Ready(None));
        theirs.write_all(&[1, 0]).unwrap();
        assert_eq!((read(), read()), (Poll::Ready(Some(2)), Poll::Pending));
        theirs.write_all(&[23]).unwrap();
        assert_eq!((read(), read()), (Poll::Ready(Some(1)), Poll::Ready(None)));
        state.note_write(true);
        assert_eq!(read(), Poll::Pending);
    }
}

//! A TCP stream whose reads ask the system, not what the runtime last heard of it.
//!
//! hyper looks for bytes that nobody asked for before it writes a request on a reused connection.
//! tokio answers that read from the readiness that it noted last. Where the runtime did not turn
//! since (it only turns inside `block_on`, or is busy) bytes that arrived in the meantime are not
//! seen, the request is written, and then they are taken for its answer: somebody else's token. A
//! system call sees them.

use std::io::{self, ErrorKind, Read as _};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::consume_budget;

/// At most so much is read at once.
const CHUNK: usize = 8 * 1024;

/// What a read counts against the budget of its task, which is 128 for a turn. A chunk can hold some
/// hundred heads, and at one for each chunk a peer that never stops sending them keeps the timers
/// waiting for longer than a limit may be overrun.
const COST: usize = 8;

/// TCP, as the connector opens it.
pub(crate) struct Wire(pub(crate) TokioIo<TcpStream>);

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // tokio's own reads count against the task's budget; these have to as well, or a peer that
        // never stops writing would keep the timers from running.
        for _ in 0..COST {
            ready!(pin!(consume_budget()).poll(cx));
        }
        let mut chunk = [0; CHUNK];
        let room = buffer.remaining().min(CHUNK);
        match (&*SockRef::from(self.0.inner())).read(&mut chunk[..room]) {
            Ok(read) => {
                buffer.put_slice(&chunk[..read]);
                Poll::Ready(Ok(()))
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                Pin::new(&mut self.0).poll_read(cx, buffer)
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        self.0.inner().connected()
    }
}

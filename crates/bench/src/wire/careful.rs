//! A stream that looks at an idle connection before a request is written to it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustix::net::{RecvFlags, recv};
use tokio::net::TcpStream;
use tower_service::Service;

type Tcp = TokioIo<TcpStream>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A connector of such streams.
#[derive(Clone)]
pub(super) struct CarefulConnector(pub(super) HttpConnector);

impl Service<Uri> for CarefulConnector {
    type Response = Careful;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Careful, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = self.0.call(target);
        Box::pin(async move { Ok(Careful { tcp: connecting.await?, is_idle: false }) })
    }
}

/// A stream over which requests and responses alternate.
pub(super) struct Careful {
    tcp: Tcp,
    /// Whether the last bytes on it were read.
    is_idle: bool,
}

impl Careful {
    /// Fails if the server has sent what no request asked for, or has closed the connection.
    ///
    /// One system call for each request: the runtime may not have noticed those bytes yet.
    fn look(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.is_idle) {
            return Ok(());
        }
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        match recv(self.tcp.inner(), &mut [0; 1], flags) {
            Err(rustix::io::Errno::AGAIN) => Ok(()),
            _ => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

impl Read for Careful {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        self.is_idle |= read.is_ready();
        read
    }
}

impl Write for Careful {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.look()?;
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.look()?;
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

impl Connection for Careful {
    fn connected(&self) -> Connected {
        self.tcp.connected()
    }
}

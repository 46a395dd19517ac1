//! The listening socket and its connections.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::exchange::Exchanges;

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The task that accepts connections, and the tasks of the connections.
#[derive(Debug)]
pub(crate) struct Server {
    connections: Arc<Connections>,
    accept: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    abort: AbortHandle,
}

/// The open connections; owned by the accepting task and by [`Server`], never by a connection.
#[derive(Debug, Default)]
struct Connections {
    tasks: Mutex<JoinSet<()>>,
    count: Arc<Count>,
}

#[derive(Debug, Default)]
struct Count {
    accepted: AtomicU64,
    closed: AtomicU64,
}

/// Counts a connection as closed when its task ends or is aborted.
struct CountClosed(Arc<Count>);

impl Drop for CountClosed {
    fn drop(&mut self) {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
    }
}

impl Server {
    /// Serves on a listener that is bound already.
    pub(crate) fn spawn(listener: TcpListener, exchanges: Arc<Exchanges>) -> Self {
        let connections = Arc::new(Connections::default());
        let accept = tokio::spawn(accept(listener, exchanges, Arc::clone(&connections)));
        let abort = accept.abort_handle();
        Self { connections, accept: tokio::sync::Mutex::new(Some(accept)), abort }
    }

    /// Stops listening, closes every connection, and returns when every task has ended.
    pub(crate) async fn shutdown(&self) {
        self.abort.abort();
        if let Some(accept) = self.accept.lock().await.take() {
            // It ends with the cancellation of the line above.
            let _ = accept.await;
        }
        // Nothing is added to the set from here on.
        let mut tasks = std::mem::take(&mut *self.connections.lock());
        tasks.shutdown().await;
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.connections.count.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn open(&self) -> u64 {
        // Read in this order, a connection that ends in between is not counted twice.
        let closed = self.connections.count.closed.load(Ordering::SeqCst);
        self.accepted().saturating_sub(closed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.abort.abort();
        self.connections.lock().abort_all();
    }
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Resolves and binds. Every address of the name must be a loopback address, unless remote clients
/// are allowed; otherwise the result is `Ok(None)`.
pub(crate) async fn bind(listen: &str, allow_remote: bool) -> io::Result<Option<TcpListener>> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(listen).await?.collect();
    if !allow_remote && addresses.iter().any(|address| !address.ip().to_canonical().is_loopback()) {
        return Ok(None);
    }
    TcpListener::bind(&addresses[..]).await.map(Some)
}

async fn accept(listener: TcpListener, exchanges: Arc<Exchanges>, connections: Arc<Connections>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // No descriptor is free, or the client has gone: wait before the next attempt.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        connections.count.accepted.fetch_add(1, Ordering::SeqCst);
        let closed = CountClosed(Arc::clone(&connections.count));
        let mut tasks = connections.lock();
        tasks.spawn(serve(stream, Arc::clone(&exchanges), closed));
        while tasks.try_join_next().is_some() {}
    }
}

/// Serves one connection until either side closes it.
async fn serve(stream: TcpStream, exchanges: Arc<Exchanges>, closed: CountClosed) {
    // Responses are small: waiting for more data would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let exchanges = Arc::clone(&exchanges);
        async move { exchanges.serve(request).await }
    });
    // An error means that the client has disconnected, or is a scripted fault.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    drop(closed);
}

//! The listening sockets and their connections.

mod crowd;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use self::crowd::Crowd;
use crate::front::Front;
#[cfg(feature = "tls")]
use crate::tls::Tls;

/// How long a client may take for a TLS handshake, or to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes that one connection buffers; a longer head is refused with 431.
const BUFFER: usize = 64 * 1024;

/// One listening socket and what is behind it.
pub(crate) struct Endpoint {
    pub(crate) listener: TcpListener,
    pub(crate) front: Front,
    /// How many connections are served at once; more wait.
    pub(crate) max_connections: Option<usize>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Tls>,
}

impl Endpoint {
    /// Without a limit and without TLS.
    pub(crate) fn plain(listener: TcpListener, front: Front) -> Self {
        Self {
            listener,
            front,
            max_connections: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

/// The tasks that accept connections, and the tasks of the connections.
#[derive(Debug)]
pub(crate) struct Server {
    connections: Arc<Connections>,
    accept: tokio::sync::Mutex<Vec<JoinHandle<()>>>,
    abort: Vec<AbortHandle>,
}

/// The open connections; owned by the accepting tasks and by [`Server`], never by a connection.
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
    /// Serves on listeners that are bound already.
    pub(crate) fn spawn(endpoints: Vec<Endpoint>) -> Self {
        let connections = Arc::new(Connections::default());
        let accept: Vec<_> = endpoints
            .into_iter()
            .map(|endpoint| tokio::spawn(accept(endpoint, Arc::clone(&connections))))
            .collect();
        let abort = accept.iter().map(JoinHandle::abort_handle).collect();
        Self { connections, accept: tokio::sync::Mutex::new(accept), abort }
    }

    /// Stops listening, closes every connection, and returns when every task has ended.
    pub(crate) async fn shutdown(&self) {
        self.abort.iter().for_each(AbortHandle::abort);
        for accept in self.accept.lock().await.drain(..) {
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
        self.abort.iter().for_each(AbortHandle::abort);
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

async fn accept(endpoint: Endpoint, connections: Arc<Connections>) {
    let crowd = Arc::new(Crowd::new(endpoint.max_connections));
    let endpoint = Arc::new(endpoint);
    loop {
        let Ok((stream, _)) = endpoint.listener.accept().await else {
            // No descriptor is free, or the client has gone: wait before the next attempt.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        connections.count.accepted.fetch_add(1, Ordering::SeqCst);
        let closed = CountClosed(Arc::clone(&connections.count));
        let place = crowd.enter().await;
        let serve = connection(stream, Arc::clone(&endpoint), Arc::clone(&crowd), place, closed);
        let mut tasks = connections.lock();
        tasks.spawn(serve);
        while tasks.try_join_next().is_some() {}
    }
}

/// Serves one connection until either side closes it.
async fn connection(
    stream: TcpStream,
    endpoint: Arc<Endpoint>,
    crowd: Arc<Crowd>,
    place: Option<OwnedSemaphorePermit>,
    closed: CountClosed,
) {
    // Responses are small: waiting for more data would only delay them.
    let _ = stream.set_nodelay(true);
    #[cfg(feature = "tls")]
    if let Some(tls) = &endpoint.tls {
        // A failed handshake is the client's: it trusts other authorities, or speaks no TLS.
        if let Ok(Ok(stream)) = tokio::time::timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
            serve(stream, endpoint.front.clone(), &crowd).await;
        }
        drop((place, closed));
        return;
    }
    serve(stream, endpoint.front.clone(), &crowd).await;
    drop((place, closed));
}

async fn serve<S>(stream: S, front: Front, crowd: &Crowd)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let front = front.clone();
        async move {
            let mut response = front.serve(request).await;
            if crowd.takes_place() {
                let close = HeaderValue::from_static("close");
                response = response.map(|mut it| {
                    it.headers_mut().insert(CONNECTION, close);
                    it
                });
            }
            response
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        // An error means that the client has disconnected, or is a scripted fault.
        _ = serving.as_mut() => return,
        () = crowd.asked_to_leave() => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}

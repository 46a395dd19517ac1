//! The server of every client: its own process, with one response to every request.

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use easemob_token_transport_testkit::{Authority, LOOPBACK, ServerTls};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::sample::{USER_RESPONSE, good};

/// A running server process, killed when it is dropped.
pub(crate) struct Server {
    process: Child,
    /// The URL with scheme and port.
    pub(crate) url: String,
    /// The file with the certificate of its authority.
    pub(crate) certificate: PathBuf,
}

impl Server {
    pub(crate) fn start(scheme: &str) -> Self {
        let program = good(std::env::current_exe());
        let mut command = Command::new(program);
        command.args(["serve", scheme]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = good(command.spawn());
        let mut line = String::new();
        let mut printed = BufReader::new(good(process.stdout.take().ok_or("no output")));
        good(printed.read_line(&mut line));
        let port = line.trim().to_owned();
        let mut pem = String::new();
        while !pem.contains("END CERTIFICATE") {
            good(printed.read_line(&mut pem));
        }
        let name = format!("easemob-token-bench-{}-{port}.pem", std::process::id());
        let certificate = std::env::temp_dir().join(name);
        good(std::fs::write(&certificate, pem));
        Self { process, url: format!("{scheme}://127.0.0.1:{port}"), certificate }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(&self.certificate);
    }
}

/// The server process: prints its port and its root certificate, and serves until its parent ends.
pub(crate) fn serve(scheme: &str) {
    let authority = Authority::new();
    let config = ServerTls::new(authority.issue(LOOPBACK)).config();
    let tls = (scheme == "https").then(|| TlsAcceptor::from(config));

    std::thread::spawn(|| {
        // The parent kills this process; if the parent ends first, this pipe closes.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    good(runtime.enable_all().build()).block_on(async {
        let listener = good(TcpListener::bind("127.0.0.1:0").await);
        let mut out = std::io::stdout();
        good(write!(out, "{}\n{}", good(listener.local_addr()).port(), authority.pem()));
        good(out.flush());
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let tls = tls.clone();
            tokio::spawn(connection(stream, tls));
        }
    });
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>) {
    let _ = stream.set_nodelay(true);
    let http = http1::Builder::new();
    let service = service_fn(respond);
    let _ = match tls {
        None => http.serve_connection(TokioIo::new(stream), service).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => http.serve_connection(TokioIo::new(stream), service).await,
            Err(_) => return,
        },
    };
}

async fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(USER_RESPONSE.as_bytes())));
    let json = HeaderValue::from_static("application/json;charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

//! The server that every client asks: a process of its own, with one answer for everything.

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::sample::{USER_ANSWER, good};

/// The process, ended when this is dropped.
pub(crate) struct Server {
    process: Child,
    /// With scheme and port.
    pub(crate) url: String,
    /// Its certificate, as a file; there is one for plain HTTP too, which nobody reads.
    pub(crate) certificate: PathBuf,
}

impl Server {
    pub(crate) fn start(scheme: &str) -> Self {
        let ourselves = good(std::env::current_exe());
        let mut command = Command::new(ourselves);
        command.args(["serve", scheme]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = good(command.spawn());
        let mut said = String::new();
        let mut printed = BufReader::new(good(process.stdout.take().ok_or("no output")));
        good(printed.read_line(&mut said));
        let port = said.trim().to_owned();
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

/// That process: prints its port and its certificate, and serves until its parent is gone.
pub(crate) fn serve(scheme: &str) {
    let certified =
        good(rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]));
    let key = good(PrivateKeyDer::try_from(certified.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let settings =
        good(ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions());
    let settings = settings.with_no_client_auth();
    let settings = good(settings.with_single_cert(vec![certified.cert.der().clone()], key));
    let tls = (scheme == "https").then(|| TlsAcceptor::from(Arc::new(settings)));

    std::thread::spawn(|| {
        // Its parent ends it; where that is gone without a word, this pipe closes.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    good(runtime.enable_all().build()).block_on(async {
        let listener = good(TcpListener::bind("127.0.0.1:0").await);
        let mut out = std::io::stdout();
        good(write!(out, "{}\n{}", good(listener.local_addr()).port(), certified.cert.pem()));
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
    let service = service_fn(answer);
    let _ = match tls {
        None => http.serve_connection(TokioIo::new(stream), service).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => http.serve_connection(TokioIo::new(stream), service).await,
            Err(_) => return,
        },
    };
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(USER_ANSWER.as_bytes())));
    let json = HeaderValue::from_static("application/json;charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

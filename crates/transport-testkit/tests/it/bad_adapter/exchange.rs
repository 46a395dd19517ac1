//! One exchange, from the connection to the last byte of the body, with the faults.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, LOCATION, TRANSFER_ENCODING,
};
use easemob_token_transport::http::{HeaderMap, Method, Request, Response, Uri};
use easemob_token_transport::{
    ConnectionUse, Exchange, ProxyUrl, TransportError, head_within_limits, loopback_addresses,
};
use rustls::ClientConfig;

use super::message::{find, parse_head, write_request};
use super::stream::{Kind, Stream};
use super::{Fault, Outcome};

/// More bytes than a permitted head can have.
const MAX_HEAD: usize = 64 * 1024;

pub(crate) struct Job {
    pub(crate) fault: Fault,
    pub(crate) proxy: Option<ProxyUrl>,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) idle: Arc<Mutex<Option<Stream>>>,
    pub(crate) connect_by: Option<Instant>,
    pub(crate) finish_by: Option<Instant>,
    pub(crate) max_bytes: usize,
    pub(crate) reuses: bool,
    pub(crate) wire: Arc<Mutex<Option<TcpStream>>>,
}

/// How far an exchange came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begun,
    /// The proxy responded with this status.
    Refused(u16),
    Sent,
    Answered,
}

/// The bytes that arrived, and the stream that may bring more.
struct Incoming<'a> {
    stream: &'a mut Stream,
    bytes: Vec<u8>,
    by: Option<Instant>,
}

impl Job {
    pub(crate) fn run(self, exchange: Exchange) -> Outcome {
        let request = exchange.into_request();
        let target = request.uri().clone();
        let mut stage = Stage::Begun;
        let mut result = self.once(&request, &target, &mut stage);
        // When the call was dropped, the socket was taken away.
        let wanted = self.wire.lock().unwrap().is_some();
        if self.fault == Fault::RepeatsPost && result.is_err() && wanted && stage == Stage::Sent {
            result = self.once(&request, &target, &mut stage);
        }
        result.map_err(|(kind, bytes)| match (self.fault, stage) {
            (_, Stage::Refused(status)) => {
                TransportError::with_source(kind, format!("the proxy responded {status}"))
            }
            (Fault::ShowsTheReply, _) => {
                TransportError::with_source(kind, String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => TransportError::new(kind),
        })
    }

    fn once(
        &self,
        request: &Request<Bytes>,
        target: &Uri,
        stage: &mut Stage,
    ) -> Result<Response<Bytes>, (Kind, Vec<u8>)> {
        let none = |kind| (kind, Vec::new());
        let idle = if self.reuses { self.idle.lock().unwrap().take() } else { None };
        let idle = idle.filter(|own| !own.is_closed());
        let mut stream = match idle {
            Some(stream) => stream,
            None => self.open(target, stage).map_err(none)?,
        };
        let more = match self.fault {
            Fault::AsksForGzip => "Accept-Encoding: gzip\r\n",
            _ => "",
        };
        let bytes = write_request(request, target, more);
        stream.send(&bytes, self.finish_by).map_err(none)?;
        *stage = Stage::Sent;
        let mut incoming = Incoming { stream: &mut stream, bytes: Vec::new(), by: self.finish_by };
        let first = incoming.more().map_err(none)?;
        if first {
            *stage = Stage::Answered;
        }
        let response = self.read_response(&mut incoming, request.method());
        let bytes = incoming.bytes;
        let mut response = response.map_err(|kind| (kind, bytes))?;
        if self.fault == Fault::MarksAllAsFresh {
            response.extensions_mut().insert(ConnectionUse::Fresh);
        }
        if self.reuses {
            *self.idle.lock().unwrap() = Some(stream);
        }
        if self.fault == Fault::FollowsRedirects && response.status().is_redirection() {
            let place = response.headers().get(LOCATION).and_then(|own| own.to_str().ok());
            let place = place.and_then(|own| own.parse::<Uri>().ok());
            if let Some(place) = place.filter(|own| own.scheme_str() == Some("http")) {
                return self.once(request, &place, stage);
            }
        }
        Ok(response)
    }

    fn open(&self, target: &Uri, stage: &mut Stage) -> Result<Stream, Kind> {
        let by = match (self.connect_by, self.finish_by) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let secure = target.scheme_str() == Some("https");
        let host = target.host().unwrap();
        let port = target.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = match &self.proxy {
            None => self.dial(host, port, by)?,
            Some(proxy) => {
                let mut stream = self.dial(proxy.host(), proxy.port(), by)?;
                if proxy.is_https() {
                    stream = stream.secure(self.tls.clone(), proxy.host(), by)?;
                }
                let mut connect =
                    format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
                if let Some(value) = proxy.authorization() {
                    connect += &format!("Proxy-Authorization: {}\r\n", value.to_str().unwrap());
                }
                stream.send(format!("{connect}\r\n").as_bytes(), by)?;
                let mut incoming = Incoming { stream: &mut stream, bytes: Vec::new(), by };
                let granted = incoming.head().map_err(|kind| match kind {
                    Kind::Timeout => kind,
                    _ => Kind::Connect,
                })?;
                if !granted.status().is_success() {
                    *stage = Stage::Refused(granted.status().as_u16());
                    return Err(Kind::Connect);
                }
                // They belong to the tunnel, in which the server cannot have spoken yet.
                if !incoming.bytes.is_empty() {
                    return Err(Kind::Connect);
                }
                stream
            }
        };
        if secure { stream.secure(self.tls.clone(), host, by) } else { Ok(stream) }
    }

    fn dial(&self, host: &str, port: u16, by: Option<Instant>) -> Result<Stream, Kind> {
        let pinned = loopback_addresses(host).filter(|_| self.fault != Fault::LooksUpLoopback);
        let stream = Stream::connect(host, pinned, port, by)?;
        *self.wire.lock().unwrap() = stream.tcp().try_clone().ok();
        Ok(stream)
    }

    fn read_response(
        &self,
        incoming: &mut Incoming<'_>,
        method: &Method,
    ) -> Result<Response<Bytes>, Kind> {
        let head = loop {
            let head = incoming.head()?;
            match head.status().as_u16() {
                101 if self.fault == Fault::Panics => panic!("nobody thought of 101"),
                101 => return Err(Kind::Interrupted),
                100..200 => {}
                _ => break head,
            }
        };
        let bytes_only = self.fault == Fault::CountsBytesOnly && head.headers().len() > 100;
        if !bytes_only && !head_within_limits(head.headers()) {
            return Err(Kind::TooLarge);
        }
        let bodyless = matches!(head.status().as_u16(), 204 | 304) || method == Method::HEAD;
        let body = if bodyless { Vec::new() } else { self.read_body(incoming, head.headers())? };
        let body = match head.headers().get(CONTENT_ENCODING) {
            Some(_) if self.fault == Fault::Decompresses => b"inflated".to_vec(),
            _ => body,
        };
        Ok(head.map(|()| body.into()))
    }

    fn read_body(&self, incoming: &mut Incoming<'_>, head: &HeaderMap) -> Result<Vec<u8>, Kind> {
        if let Some(coding) = head.get(TRANSFER_ENCODING) {
            return match coding.as_bytes() {
                b"chunked" if head.get_all(TRANSFER_ENCODING).iter().count() == 1 => {
                    self.read_chunks(incoming)
                }
                _ => Err(Kind::Interrupted),
            };
        }
        let mut lengths = head.get_all(CONTENT_LENGTH).iter();
        let Some(length) = lengths.next() else {
            return incoming.rest(self.max_bytes);
        };
        let digits = length.to_str().unwrap_or_default();
        let sound = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !sound || lengths.any(|other| other != length) {
            return Err(Kind::Interrupted);
        }
        let length: usize = digits.parse().map_err(|_| Kind::TooLarge)?;
        if length > self.max_bytes {
            return Err(Kind::TooLarge);
        }
        match incoming.exactly(length) {
            Err(Kind::Interrupted) if self.fault == Fault::Truncates => {
                Ok(std::mem::take(&mut incoming.bytes))
            }
            result => result,
        }
    }

    fn read_chunks(&self, incoming: &mut Incoming<'_>) -> Result<Vec<u8>, Kind> {
        let mut body = Vec::new();
        let mut framing = 0;
        loop {
            let line = self.framing_line(incoming, &mut framing)?;
            let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(size).map_err(|_| Kind::Interrupted)?;
            if size.is_empty() || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Kind::Interrupted);
            }
            let size = usize::from_str_radix(size, 16).map_err(|_| Kind::Interrupted)?;
            if size > self.max_bytes - body.len() {
                return Err(Kind::TooLarge);
            }
            if size == 0 {
                while !self.framing_line(incoming, &mut framing)?.is_empty() {}
                return Ok(body);
            }
            body.extend(incoming.exactly(size)?);
            if !incoming.line()?.is_empty() {
                return Err(Kind::Interrupted);
            }
        }
    }
}

impl Job {
    /// A line that frames the body, unless there are too many.
    fn framing_line(&self, from: &mut Incoming<'_>, framing: &mut usize) -> Result<Vec<u8>, Kind> {
        let line = from.line()?;
        *framing += line.len();
        let bounds = self.fault != Fault::BoundsNoFraming;
        if bounds && *framing > MAX_HEAD { Err(Kind::TooLarge) } else { Ok(line) }
    }
}

impl Incoming<'_> {
    /// Reads more. Returns whether more came.
    fn more(&mut self) -> Result<bool, Kind> {
        let mut chunk = [0; 4096];
        let read = self.stream.receive(&mut chunk, self.by)?;
        self.bytes.extend_from_slice(&chunk[..read]);
        Ok(read > 0)
    }

    fn until(&mut self, end: &[u8]) -> Result<Vec<u8>, Kind> {
        let mut looked_at = 0;
        loop {
            if let Some(at) = find(&self.bytes[looked_at..], end).map(|at| at + looked_at) {
                let rest = self.bytes.split_off(at + end.len());
                let mut found = std::mem::replace(&mut self.bytes, rest);
                found.truncate(at);
                return Ok(found);
            }
            looked_at = self.bytes.len().saturating_sub(end.len());
            if self.bytes.len() > MAX_HEAD {
                return Err(Kind::TooLarge);
            }
            if !self.more()? {
                return Err(Kind::Interrupted);
            }
        }
    }

    fn head(&mut self) -> Result<Response<()>, Kind> {
        parse_head(&self.until(b"\r\n\r\n")?)
    }

    fn line(&mut self) -> Result<Vec<u8>, Kind> {
        self.until(b"\r\n")
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Kind> {
        while self.bytes.len() < length {
            if !self.more()? {
                return Err(Kind::Interrupted);
            }
        }
        let rest = self.bytes.split_off(length);
        Ok(std::mem::replace(&mut self.bytes, rest))
    }

    fn rest(&mut self, max_bytes: usize) -> Result<Vec<u8>, Kind> {
        while self.bytes.len() <= max_bytes {
            if !self.more()? {
                return Ok(std::mem::take(&mut self.bytes));
            }
        }
        Err(Kind::TooLarge)
    }
}

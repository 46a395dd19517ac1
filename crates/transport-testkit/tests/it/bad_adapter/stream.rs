//! A socket, with TLS or without, whose reads and writes have a time limit.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use easemob_token_transport::{TransportErrorKind, find_in_chain};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};

use super::Fault;

pub(crate) type Kind = TransportErrorKind;

pub(crate) enum Stream {
    Plain(TcpStream),
    /// Over TCP, or inside the TLS of a proxy.
    Tls(Box<StreamOwned<ClientConnection, Stream>>),
}

impl Stream {
    pub(crate) fn connect(
        host: &str,
        pinned: Option<[IpAddr; 2]>,
        port: u16,
        by: Option<Instant>,
    ) -> Result<Self, Kind> {
        let host = host.trim_matches(['[', ']']);
        let addresses: Vec<SocketAddr> = match pinned {
            Some(addresses) => addresses.map(|address| SocketAddr::new(address, port)).into(),
            None => (host, port).to_socket_addrs().map_err(|_| Kind::Connect)?.collect(),
        };
        let mut kind = Kind::Connect;
        for address in addresses {
            match TcpStream::connect_timeout(&address, left(by)?) {
                Ok(tcp) => {
                    let _ = tcp.set_nodelay(true);
                    return Ok(Self::Plain(tcp));
                }
                Err(error) if is_timeout(&error) => kind = Kind::Timeout,
                Err(_) => {}
            }
        }
        Err(kind)
    }

    pub(crate) fn secure(
        mut self,
        config: Arc<ClientConfig>,
        host: &str,
        by: Option<Instant>,
    ) -> Result<Self, Kind> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Kind::Tls)?;
        let mut session = ClientConnection::new(config, name).map_err(|_| Kind::Tls)?;
        while session.is_handshaking() {
            let _ = self.tcp().set_read_timeout(Some(left(by)?));
            match shake(&mut session, &mut self) {
                Ok(()) => {}
                Err(error) if is_timeout(&error) => return Err(Kind::Timeout),
                Err(error) if is_distrust(&error) => return Err(Kind::Tls),
                Err(_) => return Err(Kind::Connect),
            }
        }
        while session.wants_write() {
            session.write_tls(&mut self).map_err(|error| kind_of(&error))?;
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(session, self))))
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(stream) => stream.sock.tcp(),
        }
    }

    /// Whether the other side closed or reset it in the meantime.
    pub(crate) fn is_closed(&self) -> bool {
        let tcp = self.tcp();
        let _ = tcp.set_nonblocking(true);
        let closed = match tcp.peek(&mut [0]) {
            Ok(bytes) => bytes == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        };
        let _ = tcp.set_nonblocking(false);
        closed
    }

    pub(crate) fn send(&mut self, bytes: &[u8], by: Option<Instant>) -> Result<(), Kind> {
        let _ = self.tcp().set_write_timeout(Some(left(by)?));
        let written = self.write_all(bytes).and_then(|()| self.flush());
        written.map_err(|error| kind_of(&error))
    }

    /// Reads some bytes, none at the end.
    pub(crate) fn receive(
        &mut self,
        buffer: &mut [u8],
        by: Option<Instant>,
    ) -> Result<usize, Kind> {
        let _ = self.tcp().set_read_timeout(Some(left(by)?));
        self.read(buffer).map_err(|error| kind_of(&error))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

/// One step of a handshake. `complete_io` would wait for a whole message, however slowly it comes.
fn shake(session: &mut ClientConnection, tcp: &mut Stream) -> io::Result<()> {
    if session.wants_write() {
        session.write_tls(tcp)?;
    } else {
        if session.read_tls(tcp)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Err(error) = session.process_new_packets() {
            // The alert.
            let _ = session.write_tls(tcp);
            return Err(io::Error::other(error));
        }
    }
    Ok(())
}

fn kind_of(error: &io::Error) -> Kind {
    if is_timeout(error) { Kind::Timeout } else { Kind::Interrupted }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// The time that is left. A socket accepts no time limit of zero.
fn left(by: Option<Instant>) -> Result<Duration, Kind> {
    let Some(by) = by else { return Ok(Duration::from_secs(3600)) };
    let left = by.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(Kind::Timeout) } else { Ok(left) }
}

pub(crate) fn config(fault: Fault, roots_pem: Option<&str>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let pem = roots_pem.unwrap_or_default().as_bytes();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).map(Result::unwrap));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = if fault == Fault::TrustsAnyone {
        let verifier = Arc::new(Anyone);
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
    } else {
        builder.with_root_certificates(roots).with_no_client_auth()
    };
    Arc::new(config)
}

#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Whether the handshake failed because the certificate was refused.
fn is_distrust(error: &io::Error) -> bool {
    matches!(find_in_chain(error), Some(rustls::Error::InvalidCertificate(_)))
}

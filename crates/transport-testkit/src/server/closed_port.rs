//! A port at which nobody listens.

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A port of `127.0.0.1` that refuses every connection while this value lives.
///
/// A port that was only free a moment ago can belong to another process by now. This one is bound, so
/// that nobody else gets it, and does not listen.
///
/// ```
/// use std::io::ErrorKind;
/// use std::net::TcpStream;
/// use easemob_token_transport_testkit::ClosedPort;
///
/// let port = ClosedPort::new();
/// let error = TcpStream::connect(port.address()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
/// ```
#[derive(Debug)]
pub struct ClosedPort {
    address: SocketAddr,
    _socket: Socket,
}

impl ClosedPort {
    /// Takes a port that the system chooses.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a default value would take a port unseen")]
    pub fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be made");
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        socket.bind(&any.into()).expect("loopback has a free port");
        let address = socket.local_addr().ok().and_then(|address| address.as_socket());
        Self { address: address.expect("a bound socket has an address"), _socket: socket }
    }

    /// The address that refuses connections.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

//! Settings of the sockets: addresses, limits, TLS, the control plane.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::Builder;
use crate::control::Control;
use crate::error::{SetupError, StartError};
use crate::exchange::Exchanges;
use crate::front::Front;
use crate::server::{self, Endpoint};

/// Where an emulator listens, and how.
#[derive(Clone, Debug)]
pub(crate) struct Listening {
    pub(crate) listen: String,
    pub(crate) allow_remote: bool,
    max_connections: Option<usize>,
    control: ControlAt,
    control_names: Vec<String>,
    /// The names in the certificate besides loopback.
    #[cfg(feature = "tls")]
    tls: Option<Vec<String>>,
}

/// The place of the control plane.
#[derive(Clone, Debug)]
enum ControlAt {
    Nowhere,
    SamePort,
    Address(String),
}

/// The sockets of an emulator that is about to serve.
pub(crate) struct Bound {
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) address: SocketAddr,
    pub(crate) control: Arc<Control>,
    /// Where the control plane is served, if it is.
    pub(crate) control_address: Option<SocketAddr>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<crate::tls::Tls>,
}

impl Default for Listening {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            allow_remote: false,
            max_connections: None,
            control: ControlAt::Nowhere,
            control_names: Vec::new(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl Builder {
    /// Sets the address to listen on, as `host:port`. Port 0 takes a free one. Default `127.0.0.1:0`.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listening.listen = address.into();
        self
    }

    /// Permits an address that other machines can reach. The emulator is made for tests: it speaks
    /// plain HTTP, and its credentials may be public.
    pub fn allow_remote(mut self) -> Self {
        self.listening.allow_remote = true;
        self
    }

    /// Sets how many connections are served at once. More wait until another ends; idle ones are
    /// then closed. By default there is no limit.
    ///
    /// A [held](crate::Emulator::hold) request keeps its connection, and connections of the control
    /// plane on the same port count too.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.listening.max_connections = Some(count);
        self
    }

    /// Serves the control plane, `/__emulator/…`, on the same port. It is described in
    /// `/__emulator/openapi.json`. By default there is none, except for `/__emulator/health`.
    ///
    /// Not possible together with [`allow_remote`](Self::allow_remote).
    pub fn control(mut self) -> Self {
        self.listening.control = ControlAt::SamePort;
        self
    }

    /// Serves the control plane on an address of its own, `host:port`, over plain HTTP. Other machines
    /// can reach it only if [`allow_remote`](Self::allow_remote) is called too.
    pub fn control_on(mut self, address: impl Into<String>) -> Self {
        self.listening.control = ControlAt::Address(address.into());
        self
    }

    /// Permits a host name in the `Host` of control requests. IP addresses and `localhost` are always
    /// permitted; any other name could be one that a page in a browser resolves to this machine.
    pub fn control_name(mut self, name: impl Into<String>) -> Self {
        self.listening.control_names.push(name.into());
        self
    }

    /// Speaks HTTPS, with a certificate of an authority that is made at the start:
    /// [`Emulator::ca_pem`](crate::Emulator::ca_pem). It is valid for loopback addresses,
    /// `localhost`, the address of [`listen`](Self::listen), and these names.
    #[cfg(feature = "tls")]
    pub fn tls<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.listening.tls = Some(names.into_iter().map(Into::into).collect());
        self
    }
}

impl Listening {
    /// Binds every socket; serving begins later.
    pub(crate) async fn bind(&self, exchanges: &Arc<Exchanges>) -> Result<Bound, StartError> {
        let same_port = matches!(self.control, ControlAt::SamePort);
        if same_port && self.allow_remote {
            let problem = "needs an address of its own if remote clients are allowed";
            let source = SetupError::new("control plane", problem);
            return Err(StartError::setting(&self.listen, source));
        }
        if self.max_connections == Some(0) {
            let source = SetupError::new("limit of connections", "must be 1 or more");
            return Err(StartError::setting(&self.listen, source));
        }
        let (listener, address) = self.socket(&self.listen).await?;
        let names = self.control_names.clone();
        let control = Arc::new(Control::new(Arc::clone(exchanges), names));
        let mut separate = None;
        let mut control_address = same_port.then_some(address);
        if let ControlAt::Address(listen) = &self.control {
            let (listener, address) = self.socket(listen).await?;
            let front = Front { service: None, control: Some(Arc::clone(&control)) };
            separate = Some(Endpoint::plain(listener, front));
            control_address = Some(address);
        }
        let shared = same_port.then(|| Arc::clone(&control));
        let front = Front { service: Some(Arc::clone(exchanges)), control: shared };
        let mut endpoint = Endpoint::plain(listener, front);
        endpoint.max_connections = self.max_connections;
        #[cfg(feature = "tls")]
        let tls = self.make_tls(address)?;
        #[cfg(feature = "tls")]
        tls.clone_into(&mut endpoint.tls);
        let endpoints = [endpoint].into_iter().chain(separate).collect();
        Ok(Bound {
            endpoints,
            address,
            control,
            control_address,
            #[cfg(feature = "tls")]
            tls,
        })
    }

    #[cfg(feature = "tls")]
    fn make_tls(&self, address: SocketAddr) -> Result<Option<crate::tls::Tls>, StartError> {
        let Some(names) = &self.tls else { return Ok(None) };
        let valid = |name: &String| {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-*_:".contains(&byte);
            !name.is_empty() && name.bytes().all(legal)
        };
        if !names.iter().all(valid) {
            let source = SetupError::new("TLS name", "must be a host name or an IP address");
            return Err(StartError::setting(&self.listen, source));
        }
        let host = self.listen.rsplit_once(':').map(|(host, _)| host.to_owned()).filter(valid);
        let names: Vec<_> = names.iter().cloned().chain(host).collect();
        crate::tls::Tls::new(address, &names)
            .map(Some)
            .map_err(|source| StartError::listen_failed(&self.listen, source))
    }

    async fn socket(&self, listen: &str) -> Result<(TcpListener, SocketAddr), StartError> {
        let failed = |source| StartError::listen_failed(listen, source);
        let listener = server::bind(listen, self.allow_remote)
            .await
            .map_err(failed)?
            .ok_or_else(|| StartError::not_loopback(listen))?;
        let address = listener.local_addr().map_err(failed)?;
        Ok((listener, address))
    }
}

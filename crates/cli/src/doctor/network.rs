//! Name look-up and TCP, as far as the first machine on the way: the service or its proxy.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use easemob_token::transport::ProxyUrl;
use easemob_token::{BaseUrl, ErrorKind};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::options::Options;
use crate::{deadline, time, transports};

/// As the transports connect.
const CONNECT: Duration = Duration::from_secs(3);

/// The machine to which a connection is opened.
pub(super) struct Target {
    pub(super) host: String,
    port: u16,
    is_https: bool,
    is_proxy: bool,
}

impl Target {
    pub(super) fn of(base_url: &BaseUrl, proxy: Option<ProxyUrl>) -> Self {
        if let Some(proxy) = proxy {
            let host = bare(proxy.host());
            return Self { host, port: proxy.port(), is_https: proxy.is_https(), is_proxy: true };
        }
        let (host, port) = (bare(base_url.host()), base_url.port());
        Self { host, port, is_https: base_url.is_https(), is_proxy: false }
    }

    /// Why no TLS is opened, if so: the proxy's own is left to the transport.
    pub(super) fn without_tls(&self) -> Option<&'static str> {
        match (self.is_proxy, self.is_https) {
            (true, _) => Some("inside the proxy"),
            (false, true) => None,
            (false, false) => Some("none, the URL is http://"),
        }
    }

    fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    /// Looks the name up, on a thread: the system's look-up cannot be cancelled.
    pub(super) async fn look_up(&self, options: &Options) -> Result<Vec<SocketAddr>, Failure> {
        let (host, port) = (self.host.clone(), self.port);
        let found = spawn_blocking(move || (host, port).to_socket_addrs().map(Vec::from_iter));
        let of = self.described();
        let limit = deadline::left(options.deadline);
        let problem = match timeout(limit, found).await {
            Ok(Ok(Ok(addresses))) if !addresses.is_empty() => return Ok(addresses),
            Ok(Ok(Err(error))) => {
                let text = format!("cannot find {of}: {error}; check the name");
                Failure::of(ErrorKind::Connect, &text)
            }
            Ok(_) => Failure::of(ErrorKind::Connect, &format!("{of} has no address")),
            Err(_) => {
                let limit = time::span(options.deadline);
                let text = format!(
                    "no name server answered for {of} within {limit}; check the network and \
                     /etc/resolv.conf"
                );
                Failure::of(ErrorKind::Timeout, &text)
            }
        };
        Err(self.with_unused_proxy(problem, options))
    }

    pub(super) fn names(&self, addresses: &[SocketAddr]) -> String {
        if self.is_address() {
            return format!("{} is an address", self.described());
        }
        let addresses: Vec<_> = addresses.iter().map(|it| it.ip().to_string()).collect();
        format!("{}: {}", self.described(), addresses.join(", "))
    }

    /// Connects to the first address that accepts.
    pub(super) async fn connect(
        &self,
        addresses: &[SocketAddr],
        options: &Options,
    ) -> Result<String, Failure> {
        let mut problems = Vec::new();
        let mut is_timeout = true;
        for address in addresses {
            match open(*address, options).await {
                Ok(_) if problems.is_empty() => return Ok(address.to_string()),
                Ok(_) => return Ok(format!("{address}, after {}", problems.join(", "))),
                Err(error) => {
                    is_timeout &= error.kind() == io::ErrorKind::TimedOut;
                    problems.push(format!("{address}: {error}"));
                }
            }
        }
        let kind = if is_timeout { ErrorKind::Timeout } else { ErrorKind::Connect };
        let problems = problems.join(", ");
        let of = if self.is_proxy { "the proxy (--proxy)" } else { "the service" };
        let text =
            format!("cannot connect to {of}: {problems}; check host and port, and the firewall");
        Err(self.with_unused_proxy(Failure::of(kind, &text), options))
    }

    fn with_unused_proxy(&self, failure: Failure, options: &Options) -> Failure {
        match transports::unused_proxy(options) {
            Some(variable) if !self.is_proxy => failure.with_hint(format_args!(
                "{variable} is set but not used; if the network needs this proxy, add --proxy env"
            )),
            _ => failure,
        }
    }

    /// Adds what may be wrong if bytes came that are no HTTP.
    pub(super) fn with_other_scheme(&self, failure: Failure) -> Failure {
        if self.is_https || self.is_proxy || !failure.is(ErrorKind::Interrupted) {
            return failure;
        }
        failure.with_hint("if this port speaks TLS, write https:// instead of http://")
    }

    fn described(&self) -> String {
        let of = if self.is_proxy { "the proxy " } else { "" };
        format!("{of}{}", self.host)
    }
}

/// Opens a connection within the limits.
pub(super) async fn open(address: SocketAddr, options: &Options) -> io::Result<TcpStream> {
    let limit = CONNECT.min(deadline::left(options.deadline));
    let timed_out = || io::Error::new(io::ErrorKind::TimedOut, "no answer");
    timeout(limit, TcpStream::connect(address)).await.unwrap_or_else(|_| Err(timed_out()))
}

/// A host without the brackets of an IPv6 address.
fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

#[cfg(test)]
mod tests {
    use easemob_token::environment::Environment;

    use super::*;
    use crate::option_args::OptionArgs;

    #[tokio::test]
    async fn an_address_that_refuses_is_told_beside_the_one_that_accepts() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (open, closed) = (listener.local_addr().unwrap(), "[::1]:1".parse().unwrap());
        let nothing = Environment::from_fn(|_| None);
        let options = Options::new(OptionArgs::default(), &nothing, None, &[]);
        let target = Target::of(&"https://localhost".parse().unwrap(), None);
        let found = target.connect(&[closed, open], &options).await.unwrap();
        assert!(found.starts_with(&format!("{open}, after [::1]:1: ")), "{found}");
    }
}

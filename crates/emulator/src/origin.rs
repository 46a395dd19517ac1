//! The scheme, host and port at which a client reaches the emulator.

use std::net::SocketAddr;

use http::uri::Authority;

/// The socket of the service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) is_https: bool,
    /// For a client that names no host.
    pub(crate) address: SocketAddr,
}

/// An origin as one client sees it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) is_https: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// The host and port of the field `Host`: in a container, nobody else knows them.
    pub(crate) fn seen(self, host: Option<&[u8]>) -> Seen {
        let named = host
            .and_then(|host| std::str::from_utf8(host).ok())
            .filter(|host| !host.contains('@'))
            .and_then(|host| host.parse::<Authority>().ok())
            .filter(|authority| !authority.host().is_empty());
        let address = self.address.to_string().parse::<Authority>().ok();
        let default = if self.is_https { 443 } else { 80 };
        let (host, port) = match named.or(address) {
            Some(it) => (it.host().to_owned(), it.port_u16().unwrap_or(default)),
            None => (self.address.ip().to_string(), self.address.port()),
        };
        Seen { is_https: self.is_https, host, port }
    }
}

impl Seen {
    /// The base URL.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_the_request_comes_first() {
        let address = "127.0.0.1:9".parse().unwrap();
        for (is_https, host, url) in [
            (false, "emulator:8080", "http://emulator:8080"),
            (false, "localhost", "http://localhost:80"),
            (true, "a1.easemob.com", "https://a1.easemob.com:443"),
            (false, "[::1]:7", "http://[::1]:7"),
            (false, "", "http://127.0.0.1:9"),
            (false, "a@b", "http://127.0.0.1:9"),
            (true, "a b", "https://127.0.0.1:9"),
        ] {
            assert_eq!(Origin { is_https, address }.seen(Some(host.as_bytes())).url(), url);
        }
        assert_eq!(Origin { is_https: false, address }.seen(None).url(), "http://127.0.0.1:9");
    }
}

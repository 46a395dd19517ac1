//! Loopback hosts, and the addresses of their names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;

const ADDRESSES: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Whether the URI's host is this machine.
///
/// That is `localhost`, a name below `.localhost` (each with or without a dot at the end), an address in
/// `127.0.0.0/8`, or `[::1]`.
#[must_use]
pub fn is_loopback(uri: &Uri) -> bool {
    uri.host().is_some_and(is_loopback_host)
}

/// The addresses of a loopback name; `None` for any other host, and for an IP address.
///
/// For `localhost` and names below `.localhost` adapters connect to these without a look-up. A hosts file
/// or a name server could otherwise lead plain `http://` to another machine.
///
/// ```
/// use easemob_token_transport::loopback_addresses;
///
/// let addresses = loopback_addresses("im.localhost").expect("a name of this machine");
/// assert!(addresses.iter().all(std::net::IpAddr::is_loopback));
/// assert_eq!(loopback_addresses("a1.easemob.com"), None);
/// ```
#[must_use]
pub fn loopback_addresses(host: &str) -> Option<[IpAddr; 2]> {
    // Compared as bytes, since a name that is not ASCII cannot be split anywhere.
    let name = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let (above, last) = name.split_at(name.len().saturating_sub("localhost".len()));
    let is_loopback =
        last.eq_ignore_ascii_case(b"localhost") && (above.is_empty() || above.ends_with(b"."));
    is_loopback.then_some(ADDRESSES)
}

pub(crate) fn is_loopback_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => loopback_addresses(bare).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_in_all_its_spellings() {
        for uri in [
            "http://127.0.0.1:8080/",
            "http://127.9.9.9/",
            "http://localhost/",
            "http://LOCALHOST:1/",
            "http://localhost./",
            "http://im.localhost/",
            "http://a.b.LocalHost.:1/",
            "http://[::1]:8080/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(is_loopback(&uri.parse().unwrap()), "{uri}");
        }
    }

    #[test]
    fn what_only_looks_like_loopback_is_not() {
        for uri in [
            "http://127.0.0.1.evil.com/",
            "http://localhost.evil.com/",
            "http://notlocalhost/",
            "http://localhost../",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://[::2]/",
            "http://[::ffff:10.0.0.1]/",
            "/token",
        ] {
            assert!(!is_loopback(&uri.parse().unwrap()), "{uri}");
        }
    }

    #[test]
    fn names_are_pinned_and_addresses_need_no_look_up() {
        for name in ["localhost", "LOCALHOST", "localhost.", "im.localhost", "evil.localhost."] {
            assert_eq!(loopback_addresses(name), Some(ADDRESSES), "{name}");
        }
        for host in ["", ".", "localhos", "127.0.0.1", "::1", "[::1]", "elocalhost", "ünlocalhost"]
        {
            assert_eq!(loopback_addresses(host), None, "{host}");
        }
    }
}

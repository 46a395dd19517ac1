//! The list of exceptions in `NO_PROXY`.

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

/// A parsed `NO_PROXY` list; the default is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy(Vec<Exception>);

#[derive(Clone, Debug)]
struct Exception {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Hosts {
    All,
    /// This name, in lower case, and all names below it.
    Domain(String),
    /// A single address is a block of one.
    Block(IpNet),
}

impl NoProxy {
    /// Parses the list. An invalid entry is ignored, as in other programs.
    ///
    /// Programs differ in the separators, so all of them count. Quotes remain of files that a shell
    /// would have read in another way.
    pub(super) fn parse(list: &str) -> Self {
        let separates = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '，' | '；');
        let entries = list.split(separates).map(|entry| entry.trim_matches(['"', '\'']));
        Self(entries.filter_map(Exception::parse).collect())
    }

    /// Whether every target is one of the exceptions.
    pub(super) fn covers_everything(&self) -> bool {
        self.0.iter().any(|own| matches!(own.hosts, Hosts::All) && own.port.is_none())
    }

    /// Whether the target of `uri` is one of the exceptions.
    pub(super) fn covers(&self, uri: &Uri) -> bool {
        let Some(host) = uri.host() else { return false };
        let port = uri.port_u16().or(match uri.scheme_str() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        });
        let host = Target::new(host);
        self.0.iter().any(|exception| {
            exception.port.is_none_or(|only| port == Some(only)) && exception.hosts.contain(&host)
        })
    }
}

/// The host to look for, as an address if it is one.
enum Target {
    Address(IpAddr),
    Name(String),
}

impl Target {
    fn new(host: &str) -> Self {
        match without_brackets(host).parse::<IpAddr>() {
            Ok(ip) => Self::Address(ip.to_canonical()),
            Err(_) => Self::Name(host.trim_end_matches('.').to_ascii_lowercase()),
        }
    }
}

impl Exception {
    fn parse(entry: &str) -> Option<Self> {
        // First without a port: the last colon of an IPv6 address does not begin one.
        if let Some(hosts) = Hosts::parse(entry) {
            return Some(Self { hosts, port: None });
        }
        let (hosts, port) = entry.rsplit_once(':')?;
        if !port.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self { hosts: Hosts::parse(hosts)?, port: Some(port.parse().ok()?) })
    }
}

impl Hosts {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        let bare = without_brackets(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Some(Self::Block(ip.to_canonical().into()));
        }
        // Each part alone, since the address of a block may have brackets too.
        if let Some((address, bits)) = bare.split_once('/') {
            let block = IpNet::new(without_brackets(address).parse().ok()?, bits.parse().ok()?);
            return Some(Self::Block(block.ok()?));
        }
        // `*.example.com` is not standard, but common.
        let name = text.strip_prefix('*').unwrap_or(text);
        let name = name.trim_matches('.').to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        is_name.then_some(Self::Domain(name))
    }

    fn contain(&self, target: &Target) -> bool {
        match (self, target) {
            (Self::All, _) => true,
            (Self::Block(block), Target::Address(ip)) => block.contains(ip),
            (Self::Domain(domain), Target::Name(name)) => name
                .strip_suffix(domain.as_str())
                .is_some_and(|above| above.is_empty() || above.ends_with('.')),
            _ => false,
        }
    }
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(list: &str, uri: &str) -> bool {
        NoProxy::parse(list).covers(&uri.parse().unwrap())
    }

    #[test]
    fn a_domain_covers_itself_and_what_is_below_it() {
        for list in ["example.com", ".example.com", "*.example.com", "x, Example.COM. ,y"] {
            assert!(covers(list, "https://example.com/"), "{list}");
            assert!(covers(list, "https://IM.Example.com:8443/"), "{list}");
            assert!(covers(list, "https://im.example.com./"), "{list}");
            assert!(!covers(list, "https://notexample.com/"), "{list}");
            assert!(!covers(list, "https://example.com.evil.com/"), "{list}");
        }
    }

    #[test]
    fn entries_are_separated_in_any_way_and_may_be_quoted() {
        for list in [
            " a.com , b.com",
            "a.com b.com",
            "a.com\tb.com\r\n",
            "a.com,b.com,,",
            ",;a.com;b.com;",
            "a.com，b.com",
            "\"a.com,b.com\"",
            "'a.com', 'b.com'",
            "\"a.com\" \"b.com\"",
            "\u{3000}.A.COM,*.B.com.",
        ] {
            assert!(covers(list, "https://a.com/"), "{list:?}");
            assert!(covers(list, "https://im.b.com/"), "{list:?}");
            assert!(!covers(list, "https://c.com/"), "{list:?}");
            assert!(!NoProxy::parse(list).covers_everything(), "{list:?}");
        }
    }

    #[test]
    fn a_star_covers_everything() {
        assert!(covers("*", "https://a1.easemob.com/"));
        assert!(covers("a, *", "https://10.0.0.1/"));
        for (list, everything) in [("*", true), ("'*'", true), ("a *", true), ("*:443", false)] {
            assert_eq!(NoProxy::parse(list).covers_everything(), everything, "{list}");
        }
        assert!(!covers("", "https://a1.easemob.com/"));
    }

    #[test]
    fn addresses_and_blocks_cover_addresses() {
        assert!(covers("10.0.0.1", "https://10.0.0.1/"));
        assert!(!covers("10.0.0.1", "https://10.0.0.2/"));
        assert!(covers("10.0.0.0/8", "https://10.200.0.1:8443/"));
        assert!(!covers("10.0.0.0/8", "https://11.0.0.1/"));
        assert!(!covers("10.0.0.0/8", "https://10.example/"));
        for list in [
            "2001:db8::1",
            "[2001:db8::1]",
            "2001:DB8:0::1",
            "2001:db8::/32",
            "[2001:db8::]/32",
            "[2001:db8::/32]",
            "2001:db8::ffff/32",
            "[2001:db8::1]:443",
            "[2001:db8::]/32:443",
        ] {
            assert!(covers(list, "https://[2001:DB8::1]/"), "{list}");
            assert!(!covers(list, "https://[2001:db9::1]:444/"), "{list}");
        }
        assert!(covers("10.0.0.1", "https://[::ffff:10.0.0.1]/"));
    }

    #[test]
    fn a_port_narrows_the_exception() {
        for list in ["im.example:8443", "10.0.0.1:8443,im.example:8443", "*:8443"] {
            assert!(covers(list, "https://im.example:8443/"), "{list}");
            assert!(!covers(list, "https://im.example/"), "{list}");
        }
        assert!(covers("im.example:443", "https://im.example/"));
        assert!(covers("im.example:80", "http://im.example/"));
        assert!(covers("10.0.0.0/8:443", "https://10.1.1.1/"));
    }

    #[test]
    fn nonsense_covers_nothing() {
        for list in [
            ",,",
            "im.example:x",
            "im.example:99999",
            "10.0.0.0/40",
            "10.0.0.0/",
            "/8",
            "a b",
            ":443",
            ".",
        ] {
            assert!(!covers(list, "https://im.example/"), "{list}");
            assert!(!covers(list, "https://10.0.0.1/"), "{list}");
        }
        assert!(!covers("*", "/token"));
    }
}

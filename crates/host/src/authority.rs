//! Host and port of a URL, strictly parsed.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::odd_character::OddCharacter;

/// The longest host name, without its trailing dot.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A host with an optional port, as they stand between `//` and the path of a URL.
///
/// The host is one of these:
///
/// - a DNS name: at most 253 characters in labels of 1 to 63 of `A-Z a-z 0-9 - _`, without a hyphen at
///   either end of a label; one trailing dot is permitted and preserved;
/// - an IPv4 address: four plain decimal numbers. A name whose last label is a decimal or `0x`
///   hexadecimal number is nothing else, since resolvers read it as an address;
/// - an IPv6 address in brackets, without a zone ID.
///
/// The port is a decimal number from 1 to 65535.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    host: Box<str>,
    port: Option<u16>,
}

impl Authority {
    /// The host in lower case as a URL writes it: an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host in lower case; an IPv6 address is without brackets.
    #[must_use]
    pub fn bare_host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
    }

    /// The port, if one was written.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

impl FromStr for Authority {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        check_url_characters(text)?;
        // A colon inside brackets belongs to the address.
        let after_host = if text.starts_with('[') {
            text.find(']').map(|bracket| bracket + 1)
        } else {
            text.find(':')
        };
        let host_end = after_host.unwrap_or(text.len());
        let (host, rest) = text.split_at(host_end);
        if text.split('%').next().is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()) {
            return Err(phrase(
                "the host is an IPv6 address without brackets; write it as in [::1]",
            ));
        }
        let host = parse_host(host)?;
        let port = match rest.strip_prefix(':') {
            Some(digits) => Some(parse_port(digits)?),
            None if rest.is_empty() => None,
            None => {
                return Err(phrase(
                    "has something other than a port after the IPv6 address; write it as in [::1]:443",
                ));
            }
        };
        Ok(Self { host, port })
    }
}

fn parse_port(digits: &str) -> Result<u16, HostError> {
    // `u16` would take a leading `+`.
    let is_number = digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse() {
        Ok(port) if is_number && port > 0 => Ok(port),
        _ => Err(phrase(
            "the port is not a number from 1 to 65535; correct it, or leave out the colon and it",
        )),
    }
}

fn parse_host(host: &str) -> Result<Box<str>, HostError> {
    if host.is_empty() {
        return Err(phrase("the host is empty"));
    }
    if let Some(inside) = host.strip_prefix('[') {
        return parse_ipv6(inside.strip_suffix(']').unwrap_or_default());
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some(odd) = OddCharacter::find(host, is_allowed) {
        return Err(HostError(Problem::Character(odd, "write a host of A-Z a-z 0-9 - _ and dots")));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.len() > MAX_NAME {
        return Err(phrase("the host is longer than 253 characters"));
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    if is_number(last) && host.parse::<Ipv4Addr>().is_err() {
        return Err(phrase(
            "the host ends in a number but is not an IPv4 address; write four decimal numbers without \
             leading zeros or a dot at the end",
        ));
    }
    if let Some(problem) = name.split('.').find_map(label_problem) {
        return Err(phrase(problem));
    }
    Ok(host.to_ascii_lowercase().into())
}

fn parse_ipv6(inside: &str) -> Result<Box<str>, HostError> {
    if inside.contains('%') {
        return Err(phrase(
            "the IPv6 address has a zone ID, which is not supported; remove % and what follows",
        ));
    }
    match inside.parse::<Ipv6Addr>() {
        Ok(ip) => Ok(format!("[{ip}]").into()),
        Err(_) => {
            Err(phrase("the host in brackets is not an IPv6 address; write a name without them"))
        }
    }
}

/// Whether resolvers may read this last label as a number: decimal, or hexadecimal after `0x`.
///
/// A label that only begins with a digit is a name, as in the IDs of containers.
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// What is wrong with a label, apart from its characters.
fn label_problem(label: &str) -> Option<&'static str> {
    if label.is_empty() {
        Some("the host has a dot at its beginning or two in a row; remove one")
    } else if label.len() > MAX_LABEL {
        Some("the host has more than 63 characters between two dots; correct it")
    } else if label.starts_with('-') || label.ends_with('-') {
        Some("the host has a hyphen next to a dot or at an end; remove it")
    } else {
        None
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Refuses quotes around a URL or a part of one, and characters that none has.
///
/// Call it on a whole URL before anything else is said about it: with `https：//`, for example, the scheme
/// is not missing.
///
/// # Errors
///
/// The first such character, with its place in `text`.
pub fn check_url_characters(text: &str) -> Result<(), HostError> {
    let is_in_urls = |c: char| c.is_ascii_graphic() && !"\"'\\<>^`{|}".contains(c);
    let Some(odd) = OddCharacter::find(text, is_in_urls) else { return Ok(()) };
    let remedy = match odd.character() {
        '\\' => "write / (U+002F)",
        c if c.is_ascii() => "write a URL without it",
        _ => "write a host outside ASCII in its punycode form (xn--…)",
    };
    Err(HostError(Problem::Character(odd, remedy)))
}

/// The reason why a text is not a host with an optional port.
///
/// `Display` is a phrase with what is wrong and what to write. It never quotes the text, which may hold a
/// secret in the wrong place, except for one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostError(Problem);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Phrase(&'static str),
    /// The character, and the remedy if it has none of its own.
    Character(OddCharacter, &'static str),
}

fn phrase(text: &'static str) -> HostError {
    HostError(Problem::Phrase(text))
}

impl HostError {
    /// The same error about a longer text, with so many characters before the one that was parsed.
    #[must_use]
    pub fn moved_by(self, characters: usize) -> Self {
        match self.0 {
            Problem::Phrase(_) => self,
            Problem::Character(odd, remedy) => {
                Self(Problem::Character(odd.moved_by(characters), remedy))
            }
        }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Problem::Phrase(phrase) => f.write_str(phrase),
            Problem::Character(odd, remedy) => f.write_str(&odd.problem(remedy)),
        }
    }
}

impl std::error::Error for HostError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Authority {
        text.parse().expect(text)
    }

    fn error(text: &str) -> String {
        text.parse::<Authority>().expect_err(text).to_string()
    }

    #[test]
    fn hosts_are_returned_in_one_spelling() {
        for (text, host, port) in [
            ("a1.easemob.com", "a1.easemob.com", None),
            ("A31.Easemob.COM:443", "a31.easemob.com", Some(443)),
            ("127.0.0.1:1", "127.0.0.1", Some(1)),
            ("im_rest.internal:65535", "im_rest.internal", Some(65_535)),
            ("xn--fiqs8s.example", "xn--fiqs8s.example", None),
            ("localhost.", "localhost.", None),
            ("[0:0::1]:8443", "[::1]", Some(8_443)),
            ("[2001:DB8::1]", "[2001:db8::1]", None),
            // The ID of a container, and labels that begin with a number or are one.
            ("4b2c557fd0ad:80", "4b2c557fd0ad", Some(80)),
            ("a1.4b2c557fd0ad", "a1.4b2c557fd0ad", None),
            ("1.2.3.4a", "1.2.3.4a", None),
            ("im.10.example", "im.10.example", None),
            ("0xg", "0xg", None),
        ] {
            let authority = parsed(text);
            assert_eq!((authority.host(), authority.port()), (host, port), "{text}");
            assert_eq!(parsed(&authority.to_string()), authority, "{text}");
        }
        assert_eq!(parsed("[::1]:80").bare_host(), "::1");
        assert_eq!(parsed("a.b").bare_host(), "a.b");
    }

    #[test]
    fn a_name_that_a_resolver_may_read_as_an_address_is_refused() {
        for host in ["127.1", "256.1.1.1", "2130706433", "1.2.3", "1.2.3.4.5", "01.2.3.4"] {
            assert!(error(host).contains("IPv4"), "{host}");
        }
        for host in ["0x7f000001", "0X7F.1", "a.0x1", "0x", "a.1", "a.1.", "127.0.0.1."] {
            assert!(error(host).contains("IPv4"), "{host}");
        }
    }

    #[test]
    fn the_wrong_part_is_named() {
        for port in ["99999", "0", "", "+80", "-1", "8o", "65536", "80:80"] {
            assert!(error(&format!("a1.easemob.com:{port}")).contains("port"), "{port}");
        }
        for host in [".a", "a..b", "a..", "."] {
            assert!(error(host).contains("two in a row"), "{host}");
        }
        for host in ["-a.b", "a-.b", "a.-b", "a.b-"] {
            assert!(error(host).contains("a hyphen"), "{host}");
        }
        for host in ["[::1", "[]", "[zz]", "[1.2.3.4]", "[a", "["] {
            assert!(error(host).contains("not an IPv6 address"), "{host}");
        }
        assert!(error("[::1]x").contains("other than a port"));
        for host in ["[fe80::1%25eth0]", "[fe80::1%eth0]:80"] {
            assert!(error(host).contains("zone ID, which is not supported"), "{host}");
        }
        for host in ["::1", "fe80::1:8080", "2001:db8::1", "fe80::1%eth0"] {
            assert!(error(host).contains("without brackets"), "{host}");
        }
        assert_eq!((&*error(""), &*error(":80")), ("the host is empty", "the host is empty"));
    }

    #[test]
    fn a_character_that_is_not_allowed_is_named_with_its_place() {
        for (text, problem) in [
            ("a%2f", "has U+0025 (%) at character 2; write a host of A-Z a-z 0-9 - _ and dots"),
            ("a@b", "has U+0040 (@) at character 2; write a host of A-Z a-z 0-9 - _ and dots"),
            ("a b", "has U+0020 (space) at character 2; remove it"),
            ("a\r\nb", "has U+000D (carriage return) at character 2; remove it"),
            ("a:８0", "has U+FF18 (full-width 8) at character 3; write 8 (U+0038)"),
            ("a。b", "has U+3002 (ideographic full stop) at character 2; write . (U+002E)"),
            (
                "环信.com",
                "has U+73AF at character 1; write a host outside ASCII in its punycode form (xn--…)",
            ),
        ] {
            assert_eq!(error(text), problem);
        }
        let moved = |text: &str| text.parse::<Authority>().unwrap_err().moved_by(8).to_string();
        assert_eq!(moved("a b"), "has U+0020 (space) at character 10; remove it");
        assert_eq!(moved(" b"), "has U+0020 (space) at character 9; remove it");
        assert_eq!(moved(" "), "has U+0020 (space) at character 9; remove it");
        assert_eq!(moved(".."), error(".."));
    }

    #[test]
    fn lengths_are_bounded() {
        let name = |length: usize| ["a".repeat(63).as_str(); 4].join(".")[..length].to_owned();
        assert_eq!(parsed(&name(253)).host().len(), 253);
        assert_eq!(parsed(&(name(253) + ".")).host().len(), 254);
        assert!(error(&name(254)).contains("longer"));
        assert!(error(&"a".repeat(64)).contains("more than 63 characters"));
    }

    #[test]
    fn an_error_never_repeats_the_text() {
        for text in ["hunter2@x", "hunter2:hunter2", "[hunter2]", "hunter2%", "[::1]hunter2"] {
            assert!(!error(text).contains("hunter2"), "{text}");
        }
    }
}

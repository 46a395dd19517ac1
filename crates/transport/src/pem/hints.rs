//! Says what a text is that holds no usable certificate or key, and how to convert it.

use std::borrow::Cow;

use super::sections::Section;

/// What is searched in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Certificate,
    Key,
}

pub(super) const LITERAL_LINE_ENDS: &str = "has its line ends written as \\n: they must be real line \
     ends; printf '%b' \"$PEM\" makes them";

pub(super) const ENCRYPTED: &str =
    "holds an encrypted key, which has to be decrypted first: openssl pkey -in FILE -out key.pem";

/// Returns the bytes as a text, or what other kind of file they are.
pub(super) fn text(bytes: &[u8], wanted: Wanted) -> Result<Cow<'_, str>, String> {
    if let Some(kind) = binary(bytes, wanted) {
        return Err(kind.to_owned());
    }
    // Text around the sections may be in any encoding.
    Ok(String::from_utf8_lossy(bytes))
}

fn binary(bytes: &[u8], wanted: Wanted) -> Option<&'static str> {
    const SIGNED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some("is UTF-16 text: save the file as UTF-8");
    }
    if bytes.starts_with(b"\xfe\xed\xfe\xed") {
        return Some(
            "is a Java key store, not PEM: keytool -exportcert -rfc -keystore FILE -alias NAME",
        );
    }
    // A SEQUENCE, whose length takes one to four bytes.
    let contents = match bytes {
        [0x30, 0x80..=0x83, ..] => bytes.get(2 + usize::from(bytes[1] & 0x7f)..)?,
        [0x30, length, ..] if usize::from(*length) + 2 == bytes.len() => &bytes[2..],
        _ => return None,
    };
    Some(match (contents, wanted) {
        (contents, _) if contents.starts_with(SIGNED_DATA) => {
            "is PKCS #7 in DER, not PEM: openssl pkcs7 -inform DER -print_certs -in FILE -out certs.pem"
        }
        ([2, 1, 3, ..], Wanted::Certificate) => {
            "is PKCS #12 (.p12, .pfx), not PEM: openssl pkcs12 -in FILE -nokeys -out certs.pem"
        }
        ([2, 1, 3, ..], Wanted::Key) => {
            "is PKCS #12 (.p12, .pfx), not PEM: openssl pkcs12 -in FILE -nocerts -nodes -out key.pem"
        }
        ([2, 1, 0 | 1, ..], Wanted::Certificate) => {
            "is a private key in DER: give the certificate here, in PEM"
        }
        (_, Wanted::Certificate) => {
            "is DER, not PEM: openssl x509 -inform DER -in FILE -out cert.pem"
        }
        (_, Wanted::Key) => "is DER, not PEM: openssl pkey -inform DER -in FILE -out key.pem",
    })
}

/// The hint for a section that holds certificates in a form that must be converted.
pub(super) fn convertible(label: &str) -> Option<&'static str> {
    match label {
        "TRUSTED CERTIFICATE" => Some(
            "holds a TRUSTED CERTIFICATE, a form of OpenSSL's own: openssl x509 -in FILE -out cert.pem",
        ),
        "PKCS7" | "CMS" => {
            Some("holds PKCS #7: openssl pkcs7 -print_certs -in FILE -out certs.pem")
        }
        _ => None,
    }
}

/// The problem of a text without what is searched.
pub(super) fn nothing(text: &str, sections: &[Section<'_>], wanted: Wanted) -> String {
    let what = match wanted {
        Wanted::Certificate => "holds no certificate",
        Wanted::Key => "holds no private key",
    };
    let hint = match sections {
        [] => other_text(text),
        some => some.iter().find_map(|section| other_section(section.label)),
    };
    match hint {
        Some(hint) => format!("{what}: {hint}"),
        None if wanted == Wanted::Key => {
            format!("{what}: it must have a line -----BEGIN PRIVATE KEY-----")
        }
        None => format!("{what}: it must have a line -----BEGIN CERTIFICATE-----"),
    }
}

fn other_section(label: &str) -> Option<&'static str> {
    Some(match label {
        "OPENSSH PRIVATE KEY" => {
            "it is a key of OpenSSH: ssh-keygen -p -m PKCS8 -f FILE converts it in place"
        }
        "DSA PRIVATE KEY" => "it is a DSA key, which TLS does not use any more: make another",
        _ if label.ends_with("PRIVATE KEY") => {
            "it is a private key: give the certificate here, and keep the key to yourself"
        }
        _ if label.ends_with("PUBLIC KEY") => {
            "it is a public key: the certificate is needed, or the private key where a key is asked for"
        }
        _ if label.ends_with("CERTIFICATE REQUEST") => {
            "it is a request for one (CSR): give what the authority returned for it"
        }
        "X509 CRL" => "it is a revocation list (CRL): give the certificate of its issuer",
        _ if label.ends_with("CERTIFICATE") => {
            "it is a certificate: give the key that belongs to it"
        }
        "PKCS7" | "CMS" => "PKCS #7 has certificates only: give the key that belongs to them",
        _ => return None,
    })
}

/// What a text without a section is, from how it begins.
fn other_text(text: &str) -> Option<&'static str> {
    /// `-----BEGIN` in base64.
    const ENCODED_PEM: &str = "LS0tLS1CRUdJTi";
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=\r\n".contains(c);
    Some(if text.is_empty() {
        "it is empty"
    } else if text.contains('\0') {
        "it is UTF-16 or no text at all: save the file as UTF-8"
    } else if text.contains("BEGIN ") && text.contains("\\n") {
        "its line ends are written as \\n: they must be real line ends; printf '%b' \"$PEM\" makes them"
    } else if text.contains("-----BEGIN ") {
        "a BEGIN line must begin with its five hyphens: take away what is before them"
    } else if text.starts_with(ENCODED_PEM) {
        "it is a PEM text in base64, as in a secret of Kubernetes: decode it with base64 -d"
    } else if text.starts_with("MI") && text.chars().all(is_base64) {
        "it is base64 without its BEGIN and END lines: copy the whole file"
    } else if text.starts_with('<') {
        "it is HTML or XML: look at what was downloaded"
    } else if text.starts_with('{') {
        "it is JSON: give the text of the one field that has the PEM"
    } else if is_path(text) {
        "it is a path: give the contents of the file"
    } else {
        return None;
    })
}

fn is_path(text: &str) -> bool {
    let ends = [".pem", ".crt", ".cer", ".der", ".key", ".p12", ".pfx", ".p7b"];
    let lower = text.to_ascii_lowercase();
    !text.contains('\n')
        && (ends.iter().any(|end| lower.ends_with(end))
            || text.starts_with(['/', '~'])
            || text.starts_with("./"))
}

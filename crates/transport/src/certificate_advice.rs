//! Advice on a server certificate that was refused, from the text of rustls' error.

/// What is wrong with a server's certificate that rustls refused, and what to do, in one line.
///
/// `error` is the `Display` of a `rustls::Error`, or a text that contains it: of the rustls below
/// libcurl there is only the text. Returns `None` if there is nothing to add.
#[must_use]
pub fn certificate_advice(error: &str) -> Option<&'static str> {
    ADVICE.iter().find(|(part, _)| error.contains(part)).map(|(_, advice)| *advice)
}

const ADVICE: &[(&str, &str)] = &[
    (
        "CaUsedAsEndEntity",
        "the server shows a certificate of an authority (CA:TRUE) as its own: trust exactly this one \
         with roots_pem over hyper, or make a CA and a server certificate as in docs/transports.md",
    ),
    (
        "is not valid for any names",
        "the server's certificate has no subjectAltName, and the name in its CN does not count: issue \
         it again with -addext subjectAltName=DNS:host or IP:address",
    ),
    (
        "UnsupportedCertVersion",
        "the server's certificate is an X.509 certificate of version 1, without extensions: issue it \
         again with -addext subjectAltName=DNS:host or IP:address",
    ),
    (
        "UnsupportedSignatureAlgorithm",
        "the server's certificates are signed with an algorithm that this crypto provider cannot \
         check, such as ECDSA with SHA-512 or P-521: issue them with P-256 or P-384 and SHA-256 or \
         SHA-384, or with RSA",
    ),
    (
        "UnknownIssuer",
        "no trusted root has issued the server's certificate: add its authority with add_roots_pem, \
         or let the server send the certificates between",
    ),
    (
        "not valid for",
        "the server's certificate is for another host: check the host of the base URL",
    ),
    (
        "NotValidForName",
        "the server's certificate is for another host: check the host of the base URL",
    ),
    (
        "xpired",
        "the server's certificate has expired: have it renewed, or check this machine's clock",
    ),
    ("not valid yet", "the server's certificate is not valid yet: check this machine's clock"),
    ("NotValidYet", "the server's certificate is not valid yet: check this machine's clock"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_advice_where_there_is_something_to_do() {
        assert!(
            certificate_advice("Other(OtherError(CaUsedAsEndEntity))").unwrap().contains("CA:")
        );
        assert_eq!(certificate_advice("BadSignature"), None);
    }
}

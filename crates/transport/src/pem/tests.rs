//! Texts as they come from real files, good and bad.

use super::*;

const BODY: &str = "MAMCAQE=";

fn pem(label: &str) -> String {
    format!("-----BEGIN {label}-----\n{BODY}\n-----END {label}-----\n")
}

fn problem(pem: impl AsRef<[u8]>) -> String {
    let error = certificates_from_pem("roots_pem", pem.as_ref()).err().expect("it is refused");
    assert_eq!(error.setting(), "roots_pem");
    assert!(std::error::Error::source(&error).is_none());
    error.problem().to_owned()
}

fn key_problem(key: impl AsRef<[u8]>) -> String {
    let error = ClientCertificate::from_pem(pem("CERTIFICATE").as_bytes(), key.as_ref()).err();
    error.expect("it is refused").problem().to_owned()
}

#[test]
fn certificates_are_found_in_any_dress() {
    let one = pem("CERTIFICATE");
    let two = format!("{one}{one}");
    for (text, count) in [
        (one.clone(), 1),
        (two.clone(), 2),
        (two.replace('\n', "\r\n"), 2),
        (two.replace('\n', "\r"), 2),
        (two.replace('\n', "\n\n"), 2),
        (two.replace('\n', "\n    "), 2),
        (two.replace('\n', " \t\n"), 2),
        (format!("\u{feff}{one}\u{feff}{one}"), 2),
        (one.trim_end().to_owned(), 1),
        (one.replace("MAMCAQE=", "MAMC\nAQE="), 1),
        (format!("subject=CN = a: b\n{one}# BEGIN of another\n{one}the end"), 2),
        (format!("#-----BEGIN CERTIFICATE-----\n#MII\n{one}"), 1),
        (format!("Bag Attributes\n    localKeyID: 01\n{}{one}", pem("PRIVATE KEY")), 1),
        (format!("{}{one}", pem("EC PARAMETERS")), 1),
        (format!("-- Beginning --\n{one}---- the end ----\n"), 1),
        (format!("-------- BEGIN of the list --------\n{one}"), 1),
        (format!("{}{one}", two.trim_end()), 3),
        (one.replace("MAM", "Comment: none\n\nMAM"), 1),
        (pem("X509 CERTIFICATE"), 1),
    ] {
        let found = certificates_from_pem("roots_pem", text.as_bytes());
        let found = found.unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(found.len(), count, "{text}");
        assert!(found.iter().all(|item| item.der() == [0x30, 3, 2, 1, 1] && item.to_pem() == one));
    }
    // Text in another encoding between the sections.
    let latin = [b"Z\xfcrich\n", one.as_bytes()].concat();
    assert_eq!(certificates_from_pem("roots_pem", &latin).map_or(0, |found| found[0].line), 2);
}

#[test]
fn a_damaged_certificate_is_named_by_its_place() {
    let one = pem("CERTIFICATE");
    let second = |from: &str, to: &str| format!("{one}{}", one.replace(from, to));
    for (text, expected) in [
        (second("MAMC", "MA!C"), "U+0021 in line 5, character 3"),
        (second("MAMC", "MA：C"), "U+FF1A in line 5, character 3"),
        (second("MAMC", "MA\0C"), "U+0000 in line 5, character 3"),
        (second("MAMC", "MA\\C"), "U+005C in line 5, character 3"),
        (second(BODY, "MAMCA"), "begins in line 4 is not whole base64"),
        (second(BODY, ""), "begins in line 4 is not whole base64"),
        (second("-----END CERTIFICATE-----", ""), "begins in line 4 has no END"),
        (second("END CERT", "END OTHER CERT"), "begins in line 4 has no END"),
        (second("-----END", "----END"), "begins in line 4 has no END"),
        (one[..40].to_owned(), "begins in line 1 has no END"),
        (format!("{}{one}", &one[..40]), "begins in line 1 has no END"),
        (second("-----BEGIN", "----BEGIN"), "damaged BEGIN line (line 4)"),
        (second("BEGIN CERTIFICATE", "begin certificate"), "damaged BEGIN line (line 4)"),
        (second("-----BEGIN", "—–BEGIN"), "U+2014 in its BEGIN line (line 4, character 1)"),
        (
            second("BEGIN CERT", "BEGIN\u{a0}CERT"),
            "U+00A0 in its BEGIN line (line 4, character 11)",
        ),
        (format!("\"{one}\""), "U+0022 in its BEGIN line (line 1, character 1)"),
        (one.replace('\n', " "), "lost its line ends (line 1)"),
        (one.replace('\n', "\\n"), "printf '%b'"),
        (one.replace('\n', "\\r\\n"), "printf '%b'"),
        (format!("{}\n", one.replace('\n', "\\n")), "printf '%b'"),
        (one.replace("=\n", "\\n\n"), "printf '%b'"),
        (format!("CA={}", one.replace('\n', "\\n")), "printf '%b'"),
        (format!("{one}{}", pem("TRUSTED CERTIFICATE")), "openssl x509 -in FILE"),
        (format!("{one}{}", pem("PKCS7")), "openssl pkcs7 -print_certs -in FILE"),
    ] {
        let problem = problem(&text);
        assert!(problem.contains(expected), "{problem}: {text}");
    }
}

#[test]
fn a_text_without_a_certificate_says_what_it_is() {
    let der = |contents: &[u8]| [&[0x30, 0x82, 1, 0], contents, &[0; 250]].concat();
    let utf16 = |order: fn(u16) -> [u8; 2]| {
        "\u{feff}-----BEGIN".encode_utf16().flat_map(order).collect::<Vec<u8>>()
    };
    for (bytes, expected) in [
        (der(&[0x30, 0x82, 1, 0]), "openssl x509 -inform DER"),
        (vec![0x30, 2, 0x30, 0], "openssl x509 -inform DER"),
        (vec![0x30, 3, 2, 1, 0], "is a private key in DER"),
        (der(&[2, 1, 3, 0x30]), "openssl pkcs12 -in FILE -nokeys"),
        (der(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), "openssl pkcs7 -inform DER"),
        (vec![0xfe, 0xed, 0xfe, 0xed, 0, 0], "keytool -exportcert"),
        (utf16(u16::to_le_bytes), "UTF-16"),
        (utf16(u16::to_be_bytes), "UTF-16"),
    ] {
        assert!(problem(&bytes).contains(expected), "{}", problem(&bytes));
    }
    for (text, expected) in [
        ("", "it is empty"),
        ("\u{feff} \n", "it is empty"),
        ("-\0-\0-\0-\0-\0B\0E\0G\0I\0N\0 \0", "UTF-16"),
        ("-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nA\n-----END PGP MESSAGE-----", "must have"),
        ("certificate", "must have a line -----BEGIN CERTIFICATE-----"),
        ("/etc/ssl/certs/ca.pem", "it is a path"),
        ("./roots", "it is a path"),
        (r"C:\certs\ca.CER", "it is a path"),
        ("MIIDdzCCAl+gAwIBAgIE\nAgAAuTANBgkq=\n", "base64 without its BEGIN"),
        ("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", "base64 -d"),
        ("<!DOCTYPE html><html></html>", "HTML"),
        (r#"{"ca": "x"}"#, "JSON"),
        ("ca: -----BEGIN CERTIFICATE-----\nMAMCAQE=\n", "five hyphens"),
        (r#"{"ca": "-----BEGIN CERTIFICATE-----\nMAMC"}"#, "printf '%b'"),
    ] {
        assert!(problem(text).contains(expected), "{}: {text}", problem(text));
    }
    let ec_key = format!("{}{}", pem("EC PARAMETERS"), pem("EC PRIVATE KEY"));
    assert!(problem(ec_key).contains("a private key"));
    for (label, expected) in [
        ("PRIVATE KEY", "a private key"),
        ("ENCRYPTED PRIVATE KEY", "a private key"),
        ("RSA PRIVATE KEY", "a private key"),
        ("OPENSSH PRIVATE KEY", "OpenSSH"),
        ("PUBLIC KEY", "a public key"),
        ("CERTIFICATE REQUEST", "CSR"),
        ("NEW CERTIFICATE REQUEST", "CSR"),
        ("X509 CRL", "CRL"),
        ("TRUSTED CERTIFICATE", "openssl x509 -in FILE"),
        ("PKCS7", "openssl pkcs7 -print_certs -in FILE"),
        ("EC PARAMETERS", "must have a line -----BEGIN CERTIFICATE-----"),
        ("SOMETHING", "must have a line -----BEGIN CERTIFICATE-----"),
    ] {
        assert!(problem(pem(label)).contains(expected), "{}: {label}", problem(pem(label)));
    }
}

#[test]
fn a_key_is_found_or_its_form_is_named() {
    let certificate = pem("CERTIFICATE");
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
        let key = format!("\u{feff}{certificate}{}  {}", pem("EC PARAMETERS"), pem(label));
        let both = ClientCertificate::from_pem(key.as_bytes(), key.as_bytes());
        let both = both.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(both.key().to_pem(), pem(label));
        assert_eq!((both.chain().len(), both.key().line), (1, 7));
    }
    let headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\nMAM";
    for (key, expected) in [
        (certificate, "it is a certificate"),
        (pem("ENCRYPTED PRIVATE KEY"), "decrypted first: openssl pkey"),
        (pem("RSA PRIVATE KEY").replace("MAM", headers), "decrypted first: openssl pkey"),
        (pem("OPENSSH PRIVATE KEY"), "ssh-keygen"),
        (pem("DSA PRIVATE KEY"), "DSA"),
        (pem("PUBLIC KEY"), "a public key"),
        (pem("PRIVATE KEY").replace('\n', "\\n"), "printf '%b'"),
        (pem("PRIVATE KEY").replace("MAM", "M!M"), "U+0021 in line 2, character 2"),
        (pem("EC PARAMETERS"), "must have a line -----BEGIN PRIVATE KEY-----"),
        (String::new(), "it is empty"),
    ] {
        let problem = key_problem(&key);
        assert!(problem.starts_with("the key's text ") && problem.contains(expected), "{problem}");
    }
    assert!(key_problem([0x30, 3, 2, 1, 0]).contains("openssl pkey -inform DER"));
    assert!(key_problem([0x30, 0x80, 2, 1, 3, 0, 0]).contains("-nocerts"));
    let chain = ClientCertificate::from_pem(b"", pem("PRIVATE KEY").as_bytes()).err();
    assert_eq!(
        chain.expect("it is refused").problem(),
        "the chain holds no certificate: it is empty"
    );
}

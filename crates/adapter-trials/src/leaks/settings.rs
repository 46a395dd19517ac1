//! Every setting that takes a text, given a secret in every wrong form: nothing shows the secret.

use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easemob_token::dynamic::UnverifiedToken;
use easemob_token::{AccessToken, AppKey, BaseUrl, Client, TtlUnits};
use easemob_token_emulator::{Builder, Emulator};
use easemob_token_transport::ProxyUrl;
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_hyper::reexports::rustls::pki_types::CertificateDer;
use easemob_token_transport_hyper::reexports::rustls::pki_types::pem::PemObject as _;
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_testkit::Authority;

use super::secrets;

/// Long enough that a piece of it is no other word.
const SECRET: &str = "MARK-Zq7Lw3Tn9Xb2Rk5Vd8";

/// `Debug` and `Display` of everything below an error.
fn error(text: &mut String, error: &dyn Error) {
    let mut next = Some(error);
    while let Some(error) = next {
        writeln!(text, "{error} {error:?} {error:#?}").unwrap();
        next = error.source();
    }
}

/// What a setting shows: the builder before, and the error if there is one.
fn shown<T: Debug, E: Error>(before: &dyn Debug, built: Result<T, E>) -> String {
    let mut text = format!("{before:?} {before:#?}\n");
    match built {
        Ok(value) => write!(text, "{value:?} {value:#?}").unwrap(),
        Err(cause) => error(&mut text, &cause),
    }
    text
}

/// What a value of this type shows if it is parsed from the text.
fn parsed<T: Debug, E: Error>(result: Result<T, E>) -> String {
    shown(&(), result)
}

fn pem(label: &str, contents: &[u8]) -> String {
    let base64 = STANDARD.encode(contents);
    let lines: Vec<_> = base64.as_bytes().chunks(24).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The wrong forms, by name.
fn forms() -> Vec<(&'static str, Vec<u8>)> {
    let secret = SECRET;
    let key = pem("PRIVATE KEY", secret.as_bytes());
    let certificate = pem("CERTIFICATE", secret.as_bytes());
    let bytes = format!("{:?}", secret.as_bytes());
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let texts = [
        ("plain", secret.to_owned()),
        ("quoted", format!("\"{secret}\"")),
        ("with NUL", format!("{secret}\0")),
        ("with CR", format!("{secret}\r\n")),
        ("with BOM", format!("\u{feff}{secret}")),
        ("in full width", format!("{secret}\u{ff1a}")),
        ("repeated", secret.repeat(500)),
        ("a pair", format!("id:{secret}")),
        ("a pair, reversed", format!("{secret}#id")),
        ("a path", format!("/{secret}.pem")),
        ("a URL", format!("https://u:{secret}@h.example/{secret}?q={secret}")),
        ("the host of a URL", format!("https://{secret}..x/")),
        ("the port of a URL", format!("https://h.example:{secret}")),
        ("JSON", format!("{{\"secret\":\"{secret}\"}}")),
        ("half JSON", format!("{{\"secret\":\"{secret}")),
        ("base64", STANDARD.encode(secret)),
        ("base64 of a PEM", STANDARD.encode(&key)),
        ("decimal", bytes),
        ("hex", hex),
        ("percent", percent),
        ("a key", key.clone()),
        ("a key with literal line ends", key.replace('\n', "\\n")),
        ("a key in one line", key.replace('\n', " ")),
        ("a key in quotes", format!("\"{key}\"")),
        ("a key without its end", key[..key.len() - 30].to_owned()),
        ("a key with a wrong character", key.replace("\n-----END", "!\n-----END")),
        ("an encrypted key", pem("ENCRYPTED PRIVATE KEY", secret.as_bytes())),
        ("a certificate", certificate.clone()),
        ("a certificate with literal line ends", certificate.replace('\n', "\\n")),
        ("a certificate with a wrong character", certificate.replace("=\n", "?\n")),
        ("a label", format!("-----BEGIN {secret}-----\nAAAA\n-----END {secret}-----\n")),
        ("a torn label", format!("-----BEGIN {secret}----\nAAAA\n")),
        ("a header", key.replace("KEY-----\n", &format!("KEY-----\nProc-Type: {secret}\n\n"))),
    ];
    let mut forms: Vec<_> = texts.map(|(name, text)| (name, text.into_bytes())).into();
    forms.push(("DER", [&[0x30, 0x82, 0, 23], secret.as_bytes()].concat()));
    forms.push(("not UTF-8", [secret.as_bytes(), b"\xff\xfe"].concat()));
    forms
}

type Setting = (&'static str, Box<dyn Fn(&[u8]) -> String>);

fn setting(name: &'static str, show: impl Fn(&[u8]) -> String + 'static) -> Setting {
    (name, Box::new(show))
}

/// A setting that is a text.
fn text(name: &'static str, show: impl Fn(&str) -> String + 'static) -> Setting {
    setting(name, move |bytes| show(&String::from_utf8_lossy(bytes)))
}

macro_rules! built {
    ($builder:expr) => {{
        let builder = $builder;
        shown(&builder.clone(), builder.build())
    }};
}

/// The settings of a transport, by the methods that both builders have.
macro_rules! of_transport {
    ($transport:ident) => {{
        let identity = Authority::new().issue("client.example");
        let other = identity.clone();
        let new = $transport::builder;
        vec![
            setting("roots_pem", move |it| built!(new().roots_pem(it))),
            setting("add_roots_pem", move |it| built!(new().add_roots_pem(it))),
            setting("chain", move |it| built!(new().client_certificate_pem(it, other.key_pem()))),
            setting("key", move |it| built!(new().client_certificate_pem(identity.pem(), it))),
        ]
    }};
}

fn settings() -> Vec<Setting> {
    let mut all = of_transport!(HyperTransport);
    all.extend(of_transport!(IsahcTransport));
    all.extend([
        text("proxy", |it| parsed(it.parse::<ProxyUrl>())),
        text("proxy's password", |it| parsed(format!("http://u:{it}@h").parse::<ProxyUrl>())),
        text("base_url", |it| parsed(it.parse::<BaseUrl>())),
        text("app_key", |it| parsed(it.parse::<AppKey>().map(drop))),
        text("access token", |it| parsed(AccessToken::new(it))),
        text("dynamic token", |it| parsed(UnverifiedToken::parse(it))),
        text("units", |it| parsed(it.parse::<TtlUnits>())),
        text("client_secret", |it| client("https://a1.easemob.com", "id", it)),
        text("client_id", |it| client("https://a1.easemob.com", it, "secret")),
        text("base_url of a client", |it| client(it, "id", "secret")),
        text("secret of the emulator", |it| emulator(&|new| new.client("id", it))),
        text("password of the emulator", |it| emulator(&|new| new.user("c", it))),
        text("client ID of the emulator", |it| emulator(&|new| new.client(it, ""))),
        text("application ID of the emulator", |it| emulator(&|new| new.application_id(it))),
    ]);
    all
}

fn client(base_url: &str, id: &str, secret: &str) -> String {
    let builder = Client::builder(base_url, "org#app").client_credentials(id, secret);
    let text = format!("{builder:?} {builder:#?}");
    text + &parsed(builder.transport(HyperTransport::new()).build())
}

fn emulator(set: &dyn Fn(Builder) -> Builder) -> String {
    let builder = set(Emulator::builder());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    shown(&builder.clone(), runtime.block_on(builder.start()))
}

/// Finds any twelve characters of the secret in a row, in any encoding.
fn find(text: &str) -> Option<String> {
    static PIECES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let starts = (0..=SECRET.len() - 8).step_by(5);
        starts.flat_map(|at| secrets::forms(&SECRET[at..at + 8])).collect()
    });
    secrets::find_any(text, &PIECES)
}

#[test]
fn no_setting_shows_a_secret_that_was_given_in_a_wrong_form() {
    let mut problems = Vec::new();
    for (setting, show) in settings() {
        for (form, bytes) in forms() {
            if let Some(found) = find(&show(&bytes)) {
                problems.push(format!("{setting}, {form}: {found}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The positive control.
#[test]
fn the_search_finds_each_form_and_what_a_parser_quotes() {
    for (form, bytes) in forms() {
        let text = String::from_utf8_lossy(&bytes);
        let mut texts = vec![text.to_string(), format!("{text:?}")];
        if ["plain", "a key", "DER"].contains(&form) {
            texts.extend([format!("{bytes:?}"), format!("{bytes:#?}")]);
            texts.push(bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect());
        }
        // The search looks for one encoding of base64, but not for base64 of base64.
        texts.retain(|_| form != "base64 of a PEM");
        for text in texts {
            assert!(find(&text).is_some(), "{form}: {text}");
        }
    }
    let key = pem("PRIVATE KEY", SECRET.as_bytes()).replace('\n', "\\n");
    let cause = CertificateDer::from_pem_slice(key.as_bytes()).unwrap_err();
    for quoting in [cause.to_string(), format!("{cause:?}"), format!("{cause:#?}")] {
        assert!(find(&quoting).is_some(), "{quoting}");
    }
}

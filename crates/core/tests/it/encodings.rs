//! Encodings in which a service may repeat what it received, one function each.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

/// One encoding, and the choices that it leaves to the encoder.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Encoding {
    /// As it is, in lower case or in upper case.
    Case(u8),
    Json(u64),
    Percent(u64),
    Html(u64),
    /// `ahead` bytes of something else come first.
    Base64 {
        ahead: usize,
        alphabet: u8,
    },
    Hex(u8),
}

impl Encoding {
    pub(crate) fn encode(self, text: &str) -> String {
        match self {
            Self::Case(0) => text.to_owned(),
            Self::Case(1) => text.to_lowercase(),
            Self::Case(_) => text.to_uppercase(),
            Self::Json(choices) => json(text, choices),
            Self::Percent(choices) => percent(text, choices),
            Self::Html(choices) => html(text, choices),
            Self::Base64 { ahead, alphabet } => {
                let bytes = [&b"{\"k\":\""[..ahead], text.as_bytes(), b"\"}"].concat();
                match alphabet {
                    0 => STANDARD.encode(bytes),
                    1 => STANDARD_NO_PAD.encode(bytes),
                    2 => URL_SAFE.encode(bytes),
                    _ => URL_SAFE_NO_PAD.encode(bytes),
                }
            }
            Self::Hex(form) => hex(text, form),
        }
    }
}

pub(crate) fn case() -> impl Strategy<Value = Encoding> {
    (0..3_u8).prop_map(Encoding::Case)
}

/// An encoding that writes a character at a time.
pub(crate) fn escape() -> impl Strategy<Value = Encoding> {
    // All ones: every character is escaped.
    let choices = || prop_oneof![any::<u64>(), Just(0), Just(u64::MAX)];
    prop_oneof![
        choices().prop_map(Encoding::Json),
        choices().prop_map(Encoding::Percent),
        choices().prop_map(Encoding::Html),
    ]
}

/// An encoding of whole runs of bytes.
pub(crate) fn binary() -> impl Strategy<Value = Encoding> {
    prop_oneof![
        (0..=6_usize, 0..4_u8).prop_map(|(ahead, alphabet)| Encoding::Base64 { ahead, alphabet }),
        (0..5_u8).prop_map(Encoding::Hex),
    ]
}

/// Two bits for each character, from the first one again after the 32nd.
fn choice(choices: u64, index: usize) -> u64 {
    choices.rotate_right(u32::try_from(2 * (index % 32)).unwrap()) & 3
}

fn json(text: &str, choices: u64) -> String {
    let escaped = |c: char, is_upper: bool| {
        let mut units = [0; 2];
        let units = c.encode_utf16(&mut units).iter();
        let hex = |u: &u16| if is_upper { format!("\\u{u:04X}") } else { format!("\\u{u:04x}") };
        units.map(hex).collect::<String>()
    };
    let one = |(index, c): (usize, char)| match (choice(choices, index), c) {
        (0, '"' | '\\') => format!("\\{c}"),
        (0, c) => c.to_string(),
        (1, '/') => "\\/".to_owned(),
        (choice, c) => escaped(c, choice == 3),
    };
    text.chars().enumerate().map(one).collect()
}

fn percent(text: &str, choices: u64) -> String {
    let form = choice(choices, 31) == 1;
    let one = |(index, c): (usize, char)| {
        let choice = choice(choices, index);
        let must = !c.is_ascii() || matches!(c, '%' | '+' | '&' | '"' | '\\');
        match c {
            ' ' if form => "+".to_owned(),
            c if choice == 0 && !must => c.to_string(),
            c => c
                .encode_utf8(&mut [0; 4])
                .bytes()
                .map(|b| if choice == 3 { format!("%{b:02X}") } else { format!("%{b:02x}") })
                .collect(),
        }
    };
    text.chars().enumerate().map(one).collect()
}

fn html(text: &str, choices: u64) -> String {
    let one = |(index, c): (usize, char)| match (choice(choices, index), c) {
        (0, '&') => "&amp;".to_owned(),
        (0, '<') => "&lt;".to_owned(),
        (0, '"') => "&quot;".to_owned(),
        (0, 'é') => "&eacute;".to_owned(),
        (0, c) => c.to_string(),
        (1, c) => format!("&#{};", u32::from(c)),
        (2, c) => format!("&#x{:X};", u32::from(c)),
        (_, c) => format!("&#x{:06x};", u32::from(c)),
    };
    text.chars().enumerate().map(one).collect()
}

fn hex(text: &str, form: u8) -> String {
    let pairs = text.bytes().map(|b| format!("{b:02x}"));
    match form {
        0 => pairs.collect(),
        1 => pairs.collect::<String>().to_uppercase(),
        2 => pairs.collect::<Vec<_>>().join(":"),
        3 => pairs.collect::<Vec<_>>().join(" "),
        _ => pairs.map(|pair| format!("\\x{pair}")).collect(),
    }
}

//! Removal of what a terminal, a shell, a URL or JSON adds to a text.

/// The most rounds of decoding, for text that was escaped twice.
const ROUNDS: usize = 3;

/// The text without invisible characters and terminal colours, and with escapes of JSON and URLs decoded.
///
/// A token holds neither `%` nor a backslash, so decoding never changes one.
pub(super) fn clean(text: &str) -> String {
    let mut cleaned = visible(text);
    for _ in 0..ROUNDS {
        let decoded = decode(&cleaned);
        if decoded == cleaned {
            break;
        }
        cleaned = decoded;
    }
    cleaned
}

/// Removes characters without a width, and the control sequences of a terminal.
fn visible(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                // Up to the letter that ends the sequence.
                chars.by_ref().find(|c| matches!(c, '\u{40}'..='\u{7e}'));
            }
            '\0' | '\u{1b}' | '\u{7}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => {}
            '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => {}
            _ => kept.push(c),
        }
    }
    kept
}

/// Decodes one layer of `%3D`, `\u003d`, `\n`, `\"`.
fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['%', '\\']) {
        decoded.push_str(&rest[..at]);
        let escape = &rest[at..];
        let (c, len) = match escape.as_bytes() {
            [b'%', ..] => (ascii(escape.get(1..3)), 3),
            [b'\\', b'u', ..] => {
                (ascii(escape.get(4..6).filter(|_| escape[2..].starts_with("00"))), 6)
            }
            [b'\\', b'n' | b'r' | b't', ..] => (Some('\n'), 2),
            [b'\\', sign @ (b'"' | b'\'' | b'/' | b'\\'), ..] => (Some(char::from(*sign)), 2),
            _ => (None, 1),
        };
        match c {
            Some(c) => {
                decoded.push(c);
                rest = &escape[len..];
            }
            None => {
                decoded.push_str(&escape[..1]);
                rest = &escape[1..];
            }
        }
    }
    decoded + rest
}

/// The ASCII character of two hexadecimal digits.
fn ascii(digits: Option<&str>) -> Option<char> {
    let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii).map(char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_add_to_a_text_is_removed() {
        for (text, cleaned) in [
            ("a%3D%3d", "a=="),
            ("a%253D", "a="),
            (r"a\u003d\u003D", "a=="),
            (r#"{\"a\":\"b\/c\"}"#, r#"{"a":"b/c"}"#),
            (r"a\nb\r\nc", "a\nb\n\nc"),
            ("\u{feff}a\u{200b}b\u{2060}\0", "ab"),
            ("\u{1b}[0;32m\"a\"\u{1b}[0m\u{1b}[200~b\u{1b}[201~", "\"a\"b"),
            // Nothing to decode, and nothing that panics.
            (
                "100% %zz %e5%93 \\ \\u \\u0 \\u00é %é é%",
                "100% %zz %e5%93 \\ \\u \\u0 \\u00é %é é%",
            ),
            ("\u{1b}[", ""),
        ] {
            assert_eq!(clean(text), cleaned, "{text:?}");
        }
    }
}

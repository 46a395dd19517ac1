//! Redaction of the service's text for error messages: no secrets, printable, and short.

mod binary;
mod decoded;
mod digits;
mod entity;
mod escape;

use std::fmt::Write;
use std::ops::Range;

use easemob_token_host::is_invisible;

use self::binary::Binary;
use self::decoded::Decoded;
use self::escape::Escape;

/// Replacement of a secret.
const MASK: &str = "***";
/// Prefixes of access tokens, dynamic tokens, and client credentials.
const PREFIXES: [&[u8]; 3] = [b"YWMt", b"ZHQt", b"YXA6"];
/// The least length of a credential, its prefix included.
const CREDENTIAL_LEN: usize = 16;
/// Shorter secrets are replaced only if they stand alone, since they occur by chance.
const SHORT: usize = 4;
/// The most bytes of a text that are shown, before it is cut to its limit.
const SHOWN: usize = 8 << 10;
/// The most bytes for one encoded byte of a secret that crosses the end of the shown text.
const WIDEST: usize = 8;
/// The most stacked encodings of single characters.
const ESCAPES: usize = 3;
/// The most bytes that are decoded in total, so that no text takes long.
const WORK: usize = 1 << 20;

/// Values of a request that an error text must not show. It has no `Debug`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Hidden<'a> {
    pub(crate) app_token: Option<&'a str>,
    pub(crate) secret: Option<&'a str>,
    pub(crate) former_secret: Option<&'a str>,
    pub(crate) user_id: Option<&'a str>,
}

impl Hidden<'_> {
    fn is_ascii(&self) -> bool {
        [self.app_token, self.secret, self.user_id].into_iter().flatten().all(str::is_ascii)
    }
}

/// Returns at most `limit` characters of `text`, with hidden values and credentials replaced.
///
/// Credentials are found by their prefixes; control and direction characters are escaped. A service that
/// repeats what it received may encode it first. So the text is searched as it is and decoded by every
/// encoding of [`Escape`] and [`Binary`].
///
/// A text in an unknown encoding, of which bytes were lost, is replaced as a whole if a value beyond ASCII
/// could be in it.
pub(super) fn clean(text: &str, limit: usize, hidden: &Hidden<'_>) -> String {
    if text.contains(char::REPLACEMENT_CHARACTER) && !hidden.is_ascii() {
        return MASK.to_owned();
    }
    let patterns = patterns(hidden);
    let widest = patterns.iter().map(|pattern| pattern.text.len()).max().unwrap_or_default();
    let searched = up_to(text, SHOWN.saturating_add(widest.saturating_mul(WIDEST)));
    let mut found = find(searched, &patterns);
    found.sort_unstable_by_key(|place| place.start);
    let shown = up_to(text, SHOWN);
    let mut masked = String::with_capacity(shown.len());
    let mut done = 0;
    for place in found.into_iter().take_while(|place| place.start < shown.len()) {
        if place.start > done || done == 0 {
            masked.push_str(shown.get(done..place.start).unwrap_or_default());
            masked.push_str(MASK);
        }
        done = done.max(place.end);
    }
    masked.push_str(shown.get(done..).unwrap_or_default());
    if shown.len() < text.len() {
        masked.push('…');
    }
    escape(&masked, limit)
}

/// The text, or its first `len` bytes and the rest of a character.
fn up_to(text: &str, len: usize) -> &str {
    let end = (len..text.len()).find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(text.len())]
}

/// A text to find, in the form in which texts are compared.
struct Pattern {
    text: String,
    /// Whether it is found only if no letter or digit is next to it.
    alone: bool,
}

fn patterns(hidden: &Hidden<'_>) -> Vec<Pattern> {
    let pattern =
        |text: &str, alone: bool| Pattern { text: Decoded::of(text).folded().text, alone };
    let secrets = [hidden.secret, hidden.former_secret, hidden.app_token].into_iter().flatten();
    secrets
        .map(|secret| pattern(secret, secret.len() < SHORT))
        .chain(hidden.user_id.map(|user_id| pattern(user_id, true)))
        .filter(|pattern| !pattern.text.is_empty())
        .collect()
}

/// A text after some decoding, and which encodings may still be decoded.
struct Reading {
    text: Decoded,
    escapes_left: usize,
    is_binary: bool,
}

/// The places of all patterns and credentials in `text`, in any encoding.
fn find(text: &str, patterns: &[Pattern]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for reading in readings(text) {
        find_patterns(&reading, patterns, &mut found);
        find_credentials(&reading.text, &mut found);
    }
    found
}

/// The text as it is and decoded, with few encodings first.
fn readings(text: &str) -> Vec<Reading> {
    let first = Reading { text: Decoded::of(text), escapes_left: ESCAPES, is_binary: false };
    let mut readings = vec![first];
    let mut work_left = WORK;
    let mut next = 0;
    while let Some(reading) = readings.get(next) {
        for reading in readings_of(reading) {
            let bytes = reading.text.bytes();
            // The same encodings in another order often give the same text.
            let is_known = readings.iter().any(|known| known.text.bytes() == bytes);
            if !is_known && bytes.len() <= work_left {
                work_left -= bytes.len();
                readings.push(reading);
            }
        }
        next += 1;
    }
    readings
}

fn readings_of(reading: &Reading) -> Vec<Reading> {
    let escapes = [Escape::Json, Escape::Percent, Escape::Html]
        .into_iter()
        .filter(|_| reading.escapes_left > 0)
        .filter_map(|escape| escape::decode(&reading.text, escape))
        .map(|text| Reading {
            text,
            escapes_left: reading.escapes_left - 1,
            is_binary: reading.is_binary,
        });
    let binaries = (0..4)
        .map(|skipped| Binary::Base64 { skipped })
        .chain((0..2).map(|skipped| Binary::Hex { skipped }))
        .filter(|_| !reading.is_binary)
        .filter_map(|binary| binary::decode(&reading.text, binary))
        .map(|text| Reading { text, escapes_left: reading.escapes_left, is_binary: true });
    escapes.chain(binaries).collect()
}

fn find_patterns(reading: &Reading, patterns: &[Pattern], found: &mut Vec<Range<usize>>) {
    let folded = reading.text.folded();
    for pattern in patterns {
        // Plain words, decoded as binary, contain any short text by chance.
        if pattern.alone && reading.is_binary {
            continue;
        }
        for (start, _) in folded.text.match_indices(&pattern.text) {
            let end = start + pattern.text.len();
            let is_alone = !folded.text[..start].ends_with(char::is_alphanumeric)
                && !folded.text[end..].starts_with(char::is_alphanumeric);
            if is_alone || !pattern.alone {
                found.push(folded.place(start..end));
            }
        }
    }
}

fn find_credentials(text: &Decoded, found: &mut Vec<Range<usize>>) {
    let bytes = text.bytes();
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"-_+/=".contains(b);
    let mut at = 0;
    while at < bytes.len() {
        if PREFIXES.iter().any(|prefix| bytes[at..].starts_with(prefix)) {
            let len = bytes[at..].iter().position(|b| !is_part(b)).unwrap_or(bytes.len() - at);
            if len >= CREDENTIAL_LEN {
                found.push(text.place(at..at + len));
            }
            at += len;
        } else {
            at += 1;
        }
    }
}

fn escape(text: &str, limit: usize) -> String {
    let mut clean = String::new();
    let mut length = 0;
    let mut piece = String::new();
    for c in text.chars() {
        piece.clear();
        match c {
            '\n' => piece.push_str("\\n"),
            '\r' => piece.push_str("\\r"),
            '\t' => piece.push_str("\\t"),
            c if c.is_control() || is_invisible(c) => {
                // Writing to a string does not fail.
                let _ = write!(piece, "\\u{{{:x}}}", u32::from(c));
            }
            c => piece.push(c),
        }
        let wide = piece.chars().count();
        if length + wide > limit.saturating_sub(1) {
            clean.push('…');
            break;
        }
        clean.push_str(&piece);
        length += wide;
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(text: &str, secret: &str) -> String {
        clean(text, 512, &Hidden { secret: Some(secret), ..Hidden::default() })
    }

    fn cut(text: &str) -> String {
        clean(text, 512, &Hidden::default())
    }

    #[test]
    fn a_secret_is_replaced_raw_and_json_escaped() {
        let secret = "pass\"word\\1";
        let text = r#"bad pass"word\1 in {"password":"pass\"word\\1"}"#;
        assert_eq!(hide(text, secret), r#"bad *** in {"password":"***"}"#);
    }

    #[test]
    fn a_short_secret_is_replaced_if_it_stands_alone() {
        assert_eq!(hide("password '1' at 11:01", "1"), "password '***' at 11:01");
    }

    #[test]
    fn text_with_the_prefix_of_a_credential_is_replaced() {
        let text =
            "token YWMtrR6ECkz8Eeyx6Y9j1eX9kbsM, id YXA6i-Ak8Ol4Eei2l11ZjV-EAg; YWMt is a prefix";
        assert_eq!(cut(text), "token ***, id ***; YWMt is a prefix");
        assert_eq!(cut("YXA6YWMtYXA6YWMtYXA6"), "***");
    }

    #[test]
    fn text_is_escaped_and_cut() {
        assert_eq!(cut("\u{1b}[31mred\u{202e}\n"), "\\u{1b}[31mred\\u{202e}\\n");
        let long = cut(&"环".repeat(2000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (512, true));
        assert_eq!(cut(&"a".repeat(511)), "a".repeat(511));
    }

    #[test]
    fn a_secret_across_the_cut_leaves_no_part() {
        let text = format!("{}hunter2hunter2", "a".repeat(505));
        assert!(!hide(&text, "hunter2hunter2").contains("hun"));
    }

    #[test]
    fn the_work_on_a_text_has_a_bound() {
        let text = "%2525\\\\u0026amp;amp;%5c%5c&#x25;61 ".repeat(2 << 10);
        let decoded: usize = readings(&text).iter().map(|reading| reading.text.bytes().len()).sum();
        assert!(decoded <= text.len() + WORK, "{decoded}");
    }
}

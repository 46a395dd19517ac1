//! Encodings of single characters: JSON, percent and HTML.

use super::decoded::Decoded;
use super::digits::{hex, hex_byte};
use super::entity;

/// An encoding in which any subset of the characters may be escaped.
#[derive(Clone, Copy, Debug)]
pub(super) enum Escape {
    /// `\"`, `\/`, `\u0061`, and `\x61` and `\u{61}` of related languages.
    Json,
    /// `%61`.
    Percent,
    /// `&quot;`, `&#97;`, `&#x61;`.
    Html,
}

/// Meaning of an escape. Percent and `\x` write bytes, which may be parts of a character.
enum Piece {
    Char(char),
    Byte(u8),
}

/// Decodes every escape in `text`; `None` if there is none.
pub(super) fn decode(text: &Decoded, escape: Escape) -> Option<Decoded> {
    let bytes = text.bytes();
    let mark = match escape {
        Escape::Json => b'\\',
        Escape::Percent => b'%',
        Escape::Html => b'&',
    };
    let mut decoded = Decoded::default();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let read = if rest[0] == mark { read(rest, escape) } else { None };
        let (piece, len) = read.unwrap_or((Piece::Byte(rest[0]), 1));
        let place = text.place(at..at + len);
        match piece {
            Piece::Char(c) => decoded.push_char(c, &place),
            Piece::Byte(byte) => decoded.push(byte, place),
        }
        at += len;
    }
    // Every escape is longer than its meaning.
    (decoded.bytes().len() < bytes.len()).then_some(decoded)
}

/// The escape at the start of `rest`, and its length.
fn read(rest: &[u8], escape: Escape) -> Option<(Piece, usize)> {
    match escape {
        Escape::Json => json(rest),
        Escape::Percent => Some((Piece::Byte(hex_byte(rest.get(1..3)?)?), 3)),
        Escape::Html => entity::read(rest).map(|(c, len)| (Piece::Char(c), len)),
    }
}

fn json(rest: &[u8]) -> Option<(Piece, usize)> {
    let c = match rest.get(1)? {
        b'u' => return unicode(rest).map(|(c, len)| (Piece::Char(c), len)),
        b'x' => return Some((Piece::Byte(hex_byte(rest.get(2..4)?)?), 4)),
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        other @ (b'"' | b'\\' | b'/' | b'\'' | b'`' | b'$') => char::from(*other),
        _ => return None,
    };
    Some((Piece::Char(c), 2))
}

/// `\u0061`, a surrogate pair of these, or `\u{61}`.
fn unicode(rest: &[u8]) -> Option<(char, usize)> {
    if rest.get(2) == Some(&b'{') {
        let len = rest[3..].iter().take(9).position(|b| *b == b'}')?;
        return Some((char::from_u32(hex(&rest[3..3 + len])?)?, len + 4));
    }
    let unit = |at: usize| hex(rest.get(at..at + 4)?);
    let first = unit(2)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 6));
    }
    let second = if rest.get(6..8)? == b"\\u" { unit(8)? } else { return None };
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(pair).next()?.ok()?;
    Some((c, 12))
}

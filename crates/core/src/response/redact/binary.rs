//! Encodings that write bytes as a run of text: base64 and hexadecimal.

use std::ops::Range;

use super::decoded::Decoded;
use super::digits::hex_byte;

/// An encoding of whole runs of text.
///
/// The text directly before a run can look like a part of it, so some characters are skipped.
#[derive(Clone, Copy, Debug)]
pub(super) enum Binary {
    /// Standard or URL-safe, padded or not, in one line or more.
    Base64 { skipped: usize },
    /// Pairs of digits, also as `68:75`, `68 75` or `0x68, 0x75`.
    Hex { skipped: usize },
}

/// Base64 of fewer characters holds no secret that is long enough to be looked for.
const SHORTEST_BASE64: usize = 6;
/// Byte for text in no such encoding, so that no pattern is found across it.
const GAP: u8 = 0;

/// Decodes every run and leaves out the rest; `None` if there is no run.
pub(super) fn decode(text: &Decoded, binary: Binary) -> Option<Decoded> {
    let decoded = match binary {
        Binary::Base64 { skipped } => base64(text, skipped),
        Binary::Hex { skipped } => hex(text, skipped),
    };
    decoded.bytes().iter().any(|b| *b != GAP).then_some(decoded)
}

/// The length of the run at the start of `rest`.
fn run_len(rest: &[u8], is_part: impl Fn(&u8) -> bool) -> usize {
    rest.iter().position(|b| !is_part(b)).unwrap_or(rest.len())
}

fn push_gap(decoded: &mut Decoded, place: Range<usize>) {
    if decoded.bytes().last() != Some(&GAP) {
        decoded.push(GAP, place);
    }
}

/// Decodes base64. The place of each byte is the whole run with its padding, since the neighbours of a
/// secret share characters with it.
fn base64(text: &Decoded, skipped: usize) -> Decoded {
    let is_part = |b: &u8| sextet(*b).is_some() || matches!(b, b'\r' | b'\n');
    let mut decoded = Decoded::default();
    let mut at = 0;
    while at < text.bytes().len() {
        let rest = &text.bytes()[at..];
        let len = run_len(rest, is_part);
        if len >= SHORTEST_BASE64 {
            let padding = run_len(&rest[len..], |b| *b == b'=').min(2);
            let place = text.place(at..at + len + padding);
            let mut bits = 0_u32;
            let mut held = 0;
            for sextet in rest[..len].iter().filter_map(|b| sextet(*b)).skip(skipped) {
                bits = (bits << 6 | sextet) & 0xffff;
                held += 6;
                if held >= 8 {
                    held -= 8;
                    decoded.push((bits >> held).to_le_bytes()[0], place.clone());
                }
            }
        }
        at += len.max(1);
        push_gap(&mut decoded, text.place(at - 1..at));
    }
    decoded
}

fn sextet(b: u8) -> Option<u32> {
    let value = match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(value.into())
}

fn hex(text: &Decoded, skipped: usize) -> Decoded {
    let mut decoded = Decoded::default();
    let mut at = 0;
    while at < text.bytes().len() {
        let rest = &text.bytes()[at..];
        let len = run_len(rest, u8::is_ascii_hexdigit);
        if matches!(rest, [b'0', b'x' | b'X', ..]) {
            at += 2;
        } else if len > skipped {
            for (index, pair) in rest[skipped..len].chunks_exact(2).enumerate() {
                let start = at + skipped + 2 * index;
                if let Some(byte) = hex_byte(pair) {
                    decoded.push(byte, text.place(start..start + 2));
                }
            }
            if (len - skipped) % 2 == 1 {
                push_gap(&mut decoded, text.place(at + len - 1..at + len));
            }
            at += len;
        } else {
            let may_stand_between = matches!(rest[0], b' ' | b'+' | b':' | b',' | b'-');
            if !may_stand_between {
                push_gap(&mut decoded, text.place(at..at + 1));
            }
            at += 1;
        }
    }
    decoded
}

//! Mutations of a response: the ways in which it becomes malformed.

use fastrand::Rng;

use super::generate::{pick, pick_from, response};

/// Bytes with a meaning in HTTP.
const SIGNS: &[u8] = b"\r\n\0 \t:;,\"0179afHT/.-+\x0b\x0c\x7f\x80\xff\xe9(";

/// Numbers around the limits of integer types, and texts that are not numbers.
const NUMBERS: &str = "\
    0|1|2|7|-1|+5|0x5|5, 5|5,6|| |00005|5 |5;|2147483647|2147483648|4294967295|4294967296\
    |9223372036854775807|9223372036854775808|18446744073709551615|18446744073709551616\
    |99999999999999999999999999|ffffffff|7fffffffffffffff|8000000000000000|fffffffffffffffff\
    |00000000000000000000000005|g";

/// Header lines, valid or not.
const LINES: &str = "\
    Content-Length: 5|Content-Length: 5\r\nContent-Length: 6|Content-Length:\t5\
    |Content-Length : 5|content-length: 0|Transfer-Encoding: chunked\
    |Transfer-Encoding: chunked, chunked|Transfer-Encoding: gzip, chunked\
    |Transfer-Encoding: chunked, gzip|Transfer-Encoding: identity|Transfer-Encoding: xchunked\
    |Transfer-Encoding:\tchunked|Transfer-Encoding: Chunked |Transfer-Encoding: gzip\
    |Transfer-Encoding:|Transfer-Encoding: \"chunked\"|Connection: close\
    |Connection: close, keep-alive|Connection: upgrade|Upgrade: websocket\
    | folded onto the line before|\tfolded with a tab| |No colon here|: no name\
    |Na me: with a blank|Name : before the colon|N\u{e4}me: not ASCII|Name:value\
    |Name:  \t  value  \t |X-Nul: a\0b|X-Return: a\rb|X-Bell: a\x07b|X-Del: a\x7fb|X-Quote: \"a\
    |Set-Cookie: a=b; Max-Age=-1|HTTP/1.1 500 Again|HTTP/2 200|Retry-After: 1\r\nRetry-After: 2\
    |Location: /x|Location:|Strict-Transport-Security: max-age=1|Alt-Svc: h2=\":1\"; ma=1\
    |Proxy-Authenticate: Basic|Date: yesterday";

/// Status lines, valid or not.
const STATUS_LINES: &str = "\
    HTTP/1.1 200|HTTP/1.1 200 |HTTP/1.1  200 OK|HTTP/1.1\t200 OK|HTTP/1.1 200\tOK|HTTP/1.1 200OK\
    |HTTP/1.1 20 OK|HTTP/1.1 2000 OK|HTTP/1.1 099 Low|HTTP/1.1 000 Nothing|HTTP/1.1 abc OK\
    |HTTP/1.1 -20 OK|HTTP/1.1 101 Switching Protocols|HTTP/1.1 199 Interim\
    |HTTP/1.1 200 caf\u{e9}|HTTP/1.1 200 a\0b|HTTP/1.2 200 OK|HTTP/1.0 200 OK|HTTP/0.9 200 OK\
    |HTTP/2 200 OK|HTTP/2.0 200 OK|HTTP/3 200 OK|HTTP/1 200 OK|HTTP/01.1 200 OK|http/1.1 200 OK\
    | HTTP/1.1 200 OK|\r\nHTTP/1.1 200 OK|\nHTTP/1.1 200 OK|HTTP /1.1 200 OK|HTTP/1.1200 OK\
    |ICY 200 OK|RTSP/1.0 200 OK|SSH-2.0-OpenSSH|";

/// Lengths around the bounds of a head.
const LARGE_SIZES: &[usize] = &[
    8_000, 16_000, 31_000, 32_760, 32_768, 32_780, 33_000, 63_000, 65_600, 99_000, 103_000, 200_000,
];

/// Applies one random mutation.
pub(crate) fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    match rng.u8(..22) {
        0 => bytes.truncate(rng.usize(..=bytes.len())),
        1 => bytes.truncate(rng.usize(..=head_length(bytes))),
        2 => change(bytes, rng, |byte, rng| *byte ^= 1 << rng.u8(..8)),
        3 => change(bytes, rng, |byte, rng| *byte = pick(rng, SIGNS)),
        4 => {
            let head = head_length(bytes);
            change(&mut bytes[..head], rng, |byte, rng| *byte = pick(rng, SIGNS));
        }
        5 => bytes.insert(rng.usize(..=bytes.len()), pick(rng, SIGNS)),
        6 => bytes.insert(rng.usize(..=head_length(bytes)), pick(rng, SIGNS)),
        7 => drop(bytes.drain(range(bytes, rng))),
        8 => repeat(bytes, rng),
        9 => splice(bytes, rng),
        10 => number(bytes, rng),
        11..=13 => {
            let line = format!("{}\r\n", pick_from(rng, LINES));
            insert_lines(bytes, rng, &line);
        }
        14 | 15 => status_line(bytes, rng),
        16 => line_ends(bytes, rng),
        17 => glue(bytes, rng),
        18 => {
            let size = pick(rng, LARGE_SIZES);
            insert_lines(bytes, rng, &format!("X-Large: {}\r\n", "v".repeat(size)));
        }
        19 => {
            let count = rng.usize(92..103);
            insert_lines(bytes, rng, &"X-Many: v\r\n".repeat(count));
        }
        20 => chunk_size(bytes, rng),
        _ => swap_lines(bytes, rng),
    }
}

fn head_length(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |end| end + 4)
}

fn change(bytes: &mut [u8], rng: &mut Rng, change: impl Fn(&mut u8, &mut Rng)) {
    if !bytes.is_empty() {
        let index = rng.usize(..bytes.len());
        change(&mut bytes[index], rng);
    }
}

fn range(bytes: &[u8], rng: &mut Rng) -> std::ops::Range<usize> {
    let from = rng.usize(..=bytes.len());
    from..(from + rng.usize(..=20)).min(bytes.len())
}

fn repeat(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let range = range(bytes, rng);
    let again = bytes[range.clone()].to_vec();
    bytes.splice(range.end..range.end, again);
}

fn splice(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let other = response(rng);
    bytes.truncate(rng.usize(..=bytes.len()));
    bytes.extend_from_slice(&other[rng.usize(..=other.len())..]);
}

fn number(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let digits: Vec<_> = bytes
        .iter()
        .enumerate()
        .filter(|(at, byte)| byte.is_ascii_digit() && !(*at > 0 && bytes[at - 1].is_ascii_digit()))
        .map(|(at, _)| at)
        .collect();
    if let Some(from) = (!digits.is_empty()).then(|| pick(rng, &digits)) {
        let run = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        bytes.splice(from..from + run, pick_from(rng, NUMBERS).bytes());
    }
}

/// Inserts lines into the head, somewhere after the status line.
fn insert_lines(bytes: &mut Vec<u8>, rng: &mut Rng, lines: &str) {
    let starts: Vec<usize> =
        (2..head_length(bytes)).filter(|&at| bytes[at - 2..at] == *b"\r\n").collect();
    if !starts.is_empty() {
        let at = pick(rng, &starts);
        bytes.splice(at..at, lines.bytes());
    }
}

fn status_line(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let end = bytes.windows(2).position(|two| two == b"\r\n").unwrap_or(bytes.len());
    bytes.splice(..end, pick_from(rng, STATUS_LINES).bytes());
}

/// Replaces one CRLF, or every one, by LF, CR or something else.
fn line_ends(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let ends: Vec<usize> =
        (1..bytes.len()).filter(|&at| bytes[at - 1..=at] == *b"\r\n").map(|at| at - 1).collect();
    if ends.is_empty() {
        return;
    }
    let other: &[u8] =
        pick(rng, &[&b"\n"[..], b"\r", b"\r\r\n", b"\n\r", b"\r\n\n", b" \r\n", b""]);
    let chosen = if rng.bool() { vec![pick(rng, &ends)] } else { ends };
    for at in chosen.into_iter().rev() {
        bytes.splice(at..at + 2, other.iter().copied());
    }
}

/// Appends a second response, or random bytes.
fn glue(bytes: &mut Vec<u8>, rng: &mut Rng) {
    if rng.bool() {
        let other = response(rng);
        bytes.extend_from_slice(&other);
    } else {
        bytes.extend((0..rng.usize(1..30)).map(|_| rng.u8(..)).collect::<Vec<_>>());
    }
}

/// Replaces the text before the first CR of the body, which may be the size of a chunk.
fn chunk_size(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let head = head_length(bytes).min(bytes.len());
    let end = bytes[head..].iter().position(|&byte| byte == b'\r').map_or(head, |at| head + at);
    bytes.splice(head..end, pick_from(rng, NUMBERS).bytes());
}

fn swap_lines(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let text = bytes.clone();
    let mut lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let (one, other) = (rng.usize(..lines.len().max(1)), rng.usize(..lines.len().max(1)));
    if one < lines.len() && other < lines.len() {
        lines.swap(one, other);
        *bytes = lines.concat();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_of_short_responses_do_not_panic() {
        let mut rng = Rng::with_seed(1);
        for start in [&b""[..], b"x", b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n"] {
            for _ in 0..2_000 {
                let mut bytes = start.to_vec();
                mutate(&mut bytes, &mut rng);
            }
        }
    }

    #[test]
    fn a_number_is_replaced_as_a_whole() {
        let mut rng = Rng::with_seed(3);
        for _ in 0..200 {
            let mut bytes = b"12345".to_vec();
            number(&mut bytes, &mut rng);
            assert!(NUMBERS.split('|').any(|number| number.as_bytes() == bytes), "{bytes:?}");
        }
    }
}

//! Generates scripts from a seed: well-formed responses, most of them mutated.

use fastrand::Rng;

use super::mutate::mutate;
use super::pair::MAX_BODY;
use super::script::{Ending, Script};

/// The scripts of one seed, for one call or for two calls, one after another.
#[must_use]
pub fn scripts(seed: u64) -> Vec<Script> {
    let mut rng = Rng::with_seed(seed);
    // Seeds are consecutive, and the first numbers of neighbours are alike.
    for _ in 0..4 {
        rng.u64(..);
    }
    let first = script(&mut rng);
    if rng.u8(..8) == 0 { vec![first, script(&mut rng)] } else { vec![first] }
}

fn script(rng: &mut Rng) -> Script {
    let mut bytes = response(rng);
    let mutations = pick(rng, &[0, 0, 1, 1, 1, 1, 2, 2, 3, 6]);
    for _ in 0..mutations {
        mutate(&mut bytes, rng);
    }
    let ending = match rng.u8(..8) {
        0 => Ending::Reset,
        1 => Ending::Hold,
        _ => Ending::Close,
    };
    Script { writes: split(&bytes, rng), ending }
}

/// A well-formed response, sometimes after interim responses.
pub(crate) fn response(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    if rng.u8(..10) == 0 {
        for _ in 0..rng.usize(1..4) {
            bytes.extend_from_slice(pick(rng, INTERIM));
        }
    }
    let version = pick(rng, &["1.1", "1.1", "1.1", "1.1", "1.1", "1.0"]);
    let status = pick_from(rng, STATUSES);
    bytes.extend_from_slice(format!("HTTP/{version} {status}\r\n").as_bytes());
    let body = body(rng);
    let count = rng.usize(..5);
    let mut fields: Vec<_> = (0..count).map(|_| pick_from(rng, FIELDS).to_owned()).collect();
    let framed = match rng.u8(..16) {
        0..9 => {
            fields.push(format!("Content-Length: {}", body.len()));
            body
        }
        9..14 => {
            fields.push("Transfer-Encoding: chunked".to_owned());
            chunked(&body, rng)
        }
        _ => body,
    };
    rng.shuffle(&mut fields);
    for field in &fields {
        bytes.extend_from_slice(format!("{field}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&framed);
    bytes
}

const INTERIM: &[&[u8]] = &[
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
];

const STATUSES: &str = "\
    200 OK|200 OK|200 OK|200 OK|200 OK|200 OK|200|201 Created|204 No Content|205 Reset Content\
    |206 Partial Content|301 Moved Permanently|302 Found|304 Not Modified|307 Temporary Redirect\
    |400 Bad Request|401 Unauthorized|403 Forbidden|404 Not Found\
    |407 Proxy Authentication Required|408 Request Timeout|413 Content Too Large\
    |417 Expectation Failed|429 Too Many Requests|500 Internal Server Error\
    |503 Service Unavailable|600 Beyond|999 Far beyond";

const FIELDS: &str = "\
    Content-Type: application/json|Content-Type: text/html; charset=utf-8|Connection: close\
    |Connection: keep-alive|Keep-Alive: timeout=5|Server: nginx\
    |Date: Mon, 01 Jan 2024 00:00:00 GMT|Retry-After: 5|Location: http://127.0.0.1:1/elsewhere\
    |Location: //127.0.0.1:1/|Set-Cookie: a=b; Path=/|Set-Cookie: c=d|WWW-Authenticate: Bearer\
    |WWW-Authenticate: Basic realm=\"x\"|Content-Encoding: gzip|Content-Encoding: br|Vary:\
    |X-Empty: |X-Latin: caf\u{e9}|Trailer: X-After|Content-Range: bytes 5-9/10\
    |Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT|Upgrade: h2c";

fn body(rng: &mut Rng) -> Vec<u8> {
    match rng.u8(..12) {
        0..6 => {
            br#"{"access_token":"YWMtexample","expires_in":5184000,"application":"x"}"#.to_vec()
        }
        6 => Vec::new(),
        7 => br#"{"error":"invalid_grant","error_description":"client_id or secret"}"#.to_vec(),
        8 => (0..rng.usize(1..300)).map(|_| rng.u8(..)).collect(),
        9 => vec![b'x'; MAX_BODY - 1 + rng.usize(..4)],
        10 => vec![b'y'; rng.usize(..4 * MAX_BODY)],
        _ => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_vec(),
    }
}

fn chunked(body: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let most = rest.len().min(pick(rng, &[1, 7, 64, 1024, 8192]));
        // A few chunks of one byte are enough.
        let size = if bytes.len() > 400 { rest.len() } else { rng.usize(1..=most) };
        let (chunk, more) = rest.split_at(size);
        let size = match rng.u8(..6) {
            0 => format!("{:X}", chunk.len()),
            1 => format!("{:04x}", chunk.len()),
            2 => format!("{:x};name=value", chunk.len()),
            _ => format!("{:x}", chunk.len()),
        };
        bytes.extend([size.as_bytes(), b"\r\n", chunk, b"\r\n"].concat());
        rest = more;
    }
    bytes.extend_from_slice(b"0\r\n");
    if rng.u8(..6) == 0 {
        bytes.extend_from_slice(b"X-After: the body\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Splits bytes into one write, or into a few at random places.
fn split(bytes: &[u8], rng: &mut Rng) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = Vec::new();
    if rng.u8(..3) == 0 {
        cuts.extend((0..rng.usize(1..4)).map(|_| rng.usize(..=bytes.len())));
        cuts.sort_unstable();
    }
    let mut writes = Vec::new();
    let mut from = 0;
    for cut in cuts {
        writes.push(bytes[from..cut].to_vec());
        from = cut;
    }
    writes.push(bytes[from..].to_vec());
    writes
}

/// Picks one of the alternatives, which are separated by `|`.
pub(crate) fn pick_from(rng: &mut Rng, alternatives: &'static str) -> &'static str {
    pick(rng, &alternatives.split('|').collect::<Vec<_>>())
}

/// Picks an element.
pub(crate) fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(..from.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_depend_on_the_seed_alone() {
        assert_eq!(scripts(7), scripts(7));
        assert_ne!(scripts(7), scripts(8));
    }

    #[test]
    fn every_ending_and_both_numbers_of_calls_occur() {
        let all: Vec<_> = (0..300).map(scripts).collect();
        for ending in [Ending::Close, Ending::Reset, Ending::Hold] {
            assert!(all.iter().flatten().any(|script| script.ending == ending));
        }
        assert!(all.iter().any(|scripts| scripts.len() == 2));
    }
}

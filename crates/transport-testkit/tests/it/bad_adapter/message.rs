//! HTTP/1.1 as bytes: a request to be written, a head to be read.

use std::fmt::Write as _;

use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use easemob_token_transport::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version,
};

use super::stream::Kind;

pub(crate) fn write_request(request: &Request<Bytes>, target: &Uri, more: &str) -> Vec<u8> {
    let path = target.path_and_query().map_or("/", |own| own.as_str());
    let host = target.authority().unwrap();
    let mut head = format!("{} {path} HTTP/1.1\r\nHost: {host}\r\n{more}", request.method());
    let framing = [CONTENT_LENGTH, TRANSFER_ENCODING];
    for (name, value) in request.headers().iter().filter(|(name, _)| !framing.contains(name)) {
        let _ = write!(head, "{name}: {}\r\n", value.to_str().unwrap());
    }
    let body = request.body();
    if !body.is_empty() || [Method::POST, Method::PUT].contains(request.method()) {
        let _ = write!(head, "Content-Length: {}\r\n", body.len());
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// A head without the empty line at its end.
pub(crate) fn parse_head(bytes: &[u8]) -> Result<Response<()>, Kind> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in split_lines(bytes) {
        match (line.first(), lines.len()) {
            (Some(b' ' | b'\t'), 2..) => {
                let last = lines.last_mut().unwrap();
                last.push(b' ');
                last.extend_from_slice(line.trim_ascii());
            }
            _ => lines.push(line.to_vec()),
        }
    }
    let mut response = Response::new(());
    let (first, fields) = lines.split_first().ok_or(Kind::Interrupted)?;
    (*response.version_mut(), *response.status_mut()) =
        status_line(first).ok_or(Kind::Interrupted)?;
    *response.headers_mut() = fields
        .iter()
        .map(|line| field(line))
        .collect::<Option<HeaderMap>>()
        .ok_or(Kind::Interrupted)?;
    Ok(response)
}

fn split_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        match find(bytes, b"\r\n") {
            Some(end) => {
                rest = Some(&bytes[end + 2..]);
                Some(&bytes[..end])
            }
            None => rest.take(),
        }
    })
}

fn status_line(line: &[u8]) -> Option<(Version, StatusCode)> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let (version, rest) = match rest.split_first()? {
        (b'0', rest) => (Version::HTTP_10, rest),
        (b'1', rest) => (Version::HTTP_11, rest),
        _ => return None,
    };
    let rest = rest.strip_prefix(b" ")?;
    let code = rest.get(..3).filter(|_| matches!(rest.get(3), None | Some(b' ')))?;
    // A lone line feed is no end of a line.
    let sound = !line.contains(&b'\n');
    Some((version, StatusCode::from_bytes(code).ok().filter(|_| sound)?))
}

fn field(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    Some((name, value))
}

pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

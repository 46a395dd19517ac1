//! Responses as bytes.

/// A response with status 200 and this body.
#[must_use]
pub fn ok(body: &[u8]) -> Vec<u8> {
    status("200 OK", body)
}

/// A response with this status, a code and a phrase, and this body.
#[must_use]
pub fn status(status: &str, body: &[u8]) -> Vec<u8> {
    with_fields(status, "Content-Type: application/json\r\n", body)
}

/// A response with these header fields, each with its line end, and this body.
#[must_use]
pub fn with_fields(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// A response with status 200 and this body in one chunk.
#[must_use]
pub fn chunked(body: &[u8]) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let size = format!("{:x}\r\n", body.len());
    [head.as_bytes(), size.as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
}

/// A response with status 200 whose body ends when the connection is closed.
#[must_use]
pub fn unframed(body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\n\r\n", body].concat()
}

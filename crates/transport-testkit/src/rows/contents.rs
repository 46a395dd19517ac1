//! Rows 28, 29 and 32: bodies that a transport must not change, and bytes that are not HTTP.

use crate::outcome::Outcome::Interrupted;
use crate::server::reply;
use crate::trial::Trial;

/// `{"access_token":"x"}`.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xabVJLNN-.\x8e/\xc9\xcfN\xcdS\xb2R\xaaP\xaa\
    \x05\0\xd31\xd5\xbd\x14\0\0\0";
/// `{}`.
const BROTLI: &[u8] = b"\x8b\x00\x80{}\x03";
/// `{}`.
const DEFLATE: &[u8] = b"x\x9c\xab\xae\x05\x00\x01u\x00\xf9";

/// Row 28, gzip, brotli, decompression bomb: nothing is decompressed; sent once.
pub(crate) fn row_28_compressed(trial: &mut Trial<'_>) {
    let bomb = bomb();
    for (label, encoding, body) in [
        ("gzip", "gzip", GZIP),
        ("x-gzip", "x-gzip", GZIP),
        ("brotli", "br", BROTLI),
        ("deflate", "deflate", DEFLATE),
        ("not what it says", "gzip", b"{}"),
        ("unknown encoding", "nonsense", b"{}"),
        ("bomb", "gzip", &bomb),
    ] {
        let field = format!("Content-Encoding: {encoding}\r\n");
        trial.reply_with_body(label, reply::with_fields("200 OK", &field, body), body);
    }
}

/// 60 KiB that decompress to more than nine million bytes.
fn bomb() -> Vec<u8> {
    let head = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    // One block with the fixed codes: the letter `x`, then again and again "258 bytes from a distance of
    // one" in 13 bits, of which eight fill 13 bytes.
    let copies = b"\x05\xa3\x60\x14\x8c\x82\x51\x30\x0a\x46\xc1\x28\x18";
    [head, &b"\xab\x18"[..], &copies.repeat(4_600)].concat()
}

/// Row 29, HTTP/0.9, TLS or HTTP/2 bytes, status 099 or abc, two Content-Lengths, NUL: `Interrupted`,
/// sent once.
pub(crate) fn row_29_not_http(trial: &mut Trial<'_>) {
    for (label, bytes) in [
        ("HTTP/0.9", &b"<html>hello</html>\r\n\r\n"[..]),
        ("JSON alone", b"{\"access_token\":\"x\"}"),
        ("a TLS alert", b"\x15\x03\x03\x00\x02\x02\x28"),
        ("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        ("HTTP/2 settings", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80"),
        ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("HTTP/2.0 in words", b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        ("status 099", b"HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\n{}"),
        ("status abc", b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\n{}"),
        ("status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}"),
        ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\n{}"),
        ("a negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
        ("a length that is no number", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}"),
        ("NUL in a value", b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\n{}"),
        ("a field without a colon", b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\n{}"),
    ] {
        trial.reply(label, bytes, &[Interrupted]);
    }
}

/// Row 29, a transfer coding other than `chunked`: `Interrupted`, sent once.
///
/// The body is returned neither coded nor with the sizes of its chunks in it.
pub(crate) fn row_29_transfer_codings(trial: &mut Trial<'_>) {
    for coding in [
        "x",
        "",
        "identity",
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "chunked\r\nTransfer-Encoding: chunked",
    ] {
        let chunks = "2\r\n{}\r\n0\r\n\r\n";
        let bytes = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n{chunks}");
        trial.reply(&format!("{coding:?}"), bytes, &[Interrupted]);
    }
}

/// Row 32, 200 with HTML, BOM, trailing bytes, nothing, or half a JSON: `Ok`, body unchanged; sent once.
pub(crate) fn row_32_any_body_is_handed_on(trial: &mut Trial<'_>) {
    for (label, body) in [
        ("HTML", &b"<html><body>502 Bad Gateway</body></html>"[..]),
        ("BOM", b"\xef\xbb\xbf{}"),
        ("trailing bytes", b"{}\0\r\nmore"),
        ("nothing", b""),
        ("half a JSON", b"{\"access_token\":"),
        ("no UTF-8", b"{\"access_token\":\"\xff\xfe\"}"),
    ] {
        trial.reply_with_body(label, reply::ok(body), body);
    }
}

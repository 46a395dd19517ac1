//! Rows 24 to 27: responses at the limits, and beyond them.

use std::time::Duration;

use crate::outcome::Outcome::{Ok, TooLarge};
use crate::scene::setup::Setup;
use crate::server::reply;
use crate::server::script::Script;
use crate::trial::Trial;

/// The time within which a response that is too large must be refused.
const SOON: Duration = Duration::from_secs(1);

/// Row 24, a header field of 31 KiB / 33 KiB: `Ok` / `TooLarge`, sent once.
pub(crate) fn row_24_long_fields(trial: &mut Trial<'_>) {
    for (label, kib, allowed) in [
        ("31 KiB", 31, Ok),
        ("33 KiB", 33, TooLarge),
        ("90 KiB", 90, TooLarge),
        ("1 MiB", 1024, TooLarge),
    ] {
        let field = format!("X-Long: {}\r\n", "v".repeat(kib * 1024));
        trial.reply(label, reply::with_fields("200 OK", &field, b"{}"), &[allowed]);
    }
}

/// Row 25, 100 / 101 header fields: `Ok` / `TooLarge`, sent once.
pub(crate) fn row_25_many_fields(trial: &mut Trial<'_>) {
    for (label, count, allowed) in
        [("100", 100, Ok), ("101", 101, TooLarge), ("1000", 1000, TooLarge)]
    {
        // The length is one more field.
        let fields: String = (1..count).map(|i| format!("X-{i}: v\r\n")).collect();
        trial.reply(label, reply::with_fields("200 OK", &fields, b"{}"), &[allowed]);
    }
    for (label, count, allowed) in
        [("100 of one name", 100, Ok), ("101 of one name", 101, TooLarge)]
    {
        let fields = "Set-Cookie: a=b\r\n".repeat(count - 1);
        trial.reply(label, reply::with_fields("200 OK", &fields, b"{}"), &[allowed]);
    }
}

/// Row 26, body of 65 536 / 65 537 bytes: read / `TooLarge`, sent once.
pub(crate) fn row_26_large_bodies(trial: &mut Trial<'_>) {
    let (fits, over) = (vec![b'x'; 65_536], vec![b'x'; 65_537]);
    type Framing = fn(&[u8]) -> Vec<u8>;
    let framings: [(&str, Framing); 3] = [
        ("with a length", reply::ok),
        ("in a chunk", reply::chunked),
        ("without a length", reply::unframed),
    ];
    for (label, framing) in framings {
        trial.reply_with_body(&format!("65536 {label}"), framing(&fits), &fits);
        trial.reply(&format!("65537 {label}"), framing(&over), &[TooLarge]);
    }
}

/// Row 27, endless body; Content-Length 2^64-1: `TooLarge` within a second, sent once.
pub(crate) fn row_27_endless_bodies(trial: &mut Trial<'_>) {
    let block = vec![b'x'; 4096];
    let chunk = [&b"1000\r\n"[..], &block, b"\r\n"].concat();
    let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
    let asked = || Script::new().request();
    for (label, script) in [
        ("without a length", asked().write(head("")).endless(block.clone())),
        ("in chunks", asked().write(head("Transfer-Encoding: chunked\r\n")).endless(chunk)),
        (
            "of 2^64-1 bytes",
            asked().write(head("Content-Length: 18446744073709551615\r\n")).endless(block),
        ),
        (
            "65537 announced and begun",
            asked().write(head("Content-Length: 65537\r\n")).write("x").wait_for_close(),
        ),
        // The announced length is enough: the body need not even begin.
        (
            "2^64-1 announced",
            asked().write(head("Content-Length: 18446744073709551615\r\n")).wait_for_close(),
        ),
        ("65537 announced", asked().write(head("Content-Length: 65537\r\n")).wait_for_close()),
    ] {
        trial.case(label, Setup::new(script), |scene| {
            // An adapter that waits for the body waits until the time limit, so that is short.
            let exchange = scene.exchange().with_timeout(2 * SOON);
            let call = scene.send_expecting(exchange, &[TooLarge]);
            scene.expect_end_within(&call, SOON);
            scene.expect_closed_by(&call, SOON);
        });
    }
}

/// Rule 3: the framing of a chunked body is bounded too; endless framing is `TooLarge`.
pub(crate) fn rule_03_endless_framing(trial: &mut Trial<'_>) {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let extension = format!("1;{}\r\nx\r\n", "x=y".repeat(300));
    for (label, begin, more) in [
        ("zeros before a size", "", "0000000000".to_owned()),
        ("blanks after a size", "1", "          ".to_owned()),
        ("an extension", "1;", "x=y;x=y;".to_owned()),
        ("long extensions of short chunks", "", extension),
        ("trailers", "0\r\n", "X-More: and more\r\n".to_owned()),
        ("a trailer", "0\r\nX-More: ", "and more ".to_owned()),
    ] {
        let limit = 2 * SOON;
        let begun = Script::new().request().write(head).write(begin);
        let script = begun.endless_for(limit, more.repeat(100));
        trial.case(label, Setup::new(script), |scene| {
            let exchange = scene.exchange().with_timeout(limit);
            let call = scene.send_expecting(exchange, &[TooLarge]);
            scene.expect_closed_by(&call, call.span.took);
        });
    }
}

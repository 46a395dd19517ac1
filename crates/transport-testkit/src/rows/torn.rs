//! Rows 14 to 16: responses that are cut off.

use crate::outcome::Outcome::Interrupted;
use crate::scene::setup::Setup;
use crate::server::certificates::{Authority, LOOPBACK};
use crate::server::script::Script;
use crate::trial::Trial;

/// Row 14, status line or head cut off: `Interrupted`, sent once.
pub(crate) fn row_14_head_cut(trial: &mut Trial<'_>) {
    for (label, bytes) in [
        ("in the version", "HTT"),
        ("in the status line", "HTTP/1.1 200"),
        ("after the status line", "HTTP/1.1 200 OK\r\n"),
        ("in a field", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Le"),
        ("after a field", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"),
        ("after the length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"),
        ("in a refusal, after its length", "HTTP/1.1 401 No\r\nContent-Length: 2\r\nX-A: b\r\n"),
        ("in a refusal, before its length", "HTTP/1.1 401 No\r\nContent-Type: text/plain\r\n"),
    ] {
        trial.reply(label, bytes, &[Interrupted]);
    }
}

/// Row 15, Content-Length 100, 10 bytes, close or reset: `Interrupted`, sent once.
pub(crate) fn row_15_body_cut(trial: &mut Trial<'_>) {
    let part = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789";
    trial.reply("closes", part, &[Interrupted]);
    let script = Script::new().request().write(part).reset();
    trial.racing_outcome("resets", Setup::new(script), &[Interrupted]);
    // An end without `close_notify`, which an attacker in between can fake.
    let authority = Authority::new();
    let tls = Script::new().tls(authority.issue(LOOPBACK)).request();
    let script = tls.write("HTTP/1.1 200 OK\r\n\r\nhalf").cut();
    let setup = Setup::new(script).roots(&authority.pem());
    trial.outcome("cut inside TLS, without a length", setup, &[Interrupted]);
    let none = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    trial.reply("closes before the body", none, &[Interrupted]);
    let refusal = "HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\n0123456789";
    trial.reply("a refusal", refusal, &[Interrupted]);
}

/// Row 16, chunked: cut off, bad size, overflowing size: `Interrupted`, sent once.
pub(crate) fn row_16_bad_chunks(trial: &mut Trial<'_>) {
    for (label, chunks) in [
        ("no chunk", ""),
        ("cut in the size", "5"),
        ("cut in a chunk", "5\r\nabc"),
        ("cut after a chunk", "3\r\nabc\r\n"),
        ("cut in the last chunk", "3\r\nabc\r\n0\r\n"),
        ("bad size", "zz\r\nabc\r\n0\r\n\r\n"),
        ("no size", "\r\nabc\r\n0\r\n\r\n"),
        ("negative size", "-1\r\nabc\r\n0\r\n\r\n"),
        ("overflowing size", "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        ("longer than its size", "3\r\nabcd\r\n0\r\n\r\n"),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        trial.reply(label, bytes, &[Interrupted]);
    }
}

//! Rows 21 to 23, 30 and 31: interim responses, endless heads and odd heads.

use std::time::Duration;

use super::{LIMIT, UNUSED_LIMIT};
use crate::outcome::Outcome::{Interrupted, Ok, Timeout, TooLarge};
use crate::scene::setup::Setup;
use crate::scene::{Call, Scene};
use crate::server::reply;
use crate::server::script::Script;
use crate::trial::Trial;
use crate::watch::census::resident_bytes;

const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\n";
/// By how much memory may grow during an endless head: much less than what arrives.
const FLAT: u64 = 32 * 1024 * 1024;

/// Row 21, 100 or 103, then 200: `Ok`, sent once.
pub(crate) fn row_21_interim_responses(trial: &mut Trial<'_>) {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nX-Early: 1\r\n\r\n";
    let both = format!("{INTERIM}{hints}");
    for (label, before) in [("100", INTERIM), ("103", hints), ("both", both.as_str())] {
        let bytes = [before.as_bytes(), &reply::ok(b"{}")].concat();
        trial.case(label, Setup::new(Script::new().request().write(bytes)), |scene| {
            let call = scene.send();
            scene.expect_body(&call, b"{}");
            if call.response.is_some_and(|own| own.headers().contains_key("x-early")) {
                scene.problem("the final response has header fields of the interim one".to_owned());
            }
        });
    }
}

/// Row 22, twenty thousand 1xx: `Ok` or `Interrupted`, sent once.
///
/// Endless 1xx: `Timeout`, `TooLarge` or `Interrupted`. Endless head: `TooLarge` or `Interrupted`. Memory
/// stays flat.
pub(crate) fn row_22_interim_floods(trial: &mut Trial<'_>) {
    let many = [INTERIM.repeat(20_000).as_bytes(), &reply::ok(b"{}")].concat();
    trial.reply("twenty thousand", many, &[Ok, Interrupted]);

    // Other work in this process would count as well.
    let weigh = trial.alone;
    let endless = Script::new().request().endless(INTERIM.repeat(400));
    trial.case("endless", Setup::new(endless), |scene| {
        let call = send_endless(scene, LIMIT, weigh);
        scene.expect(&call, &[Timeout, TooLarge, Interrupted]);
    });
    for (label, more) in [("endless fields", "X-More: and more\r\n"), ("an endless field", "x")] {
        let script = Script::new().request().write("HTTP/1.1 200 OK\r\nX-First: 1");
        let begin = if more.ends_with('\n') { "\r\n" } else { "" };
        let script = script.write(begin).endless(more.repeat(1000));
        trial.case(label, Setup::new(script), |scene| {
            let call = send_endless(scene, UNUSED_LIMIT, weigh);
            scene.expect(&call, &[TooLarge, Interrupted]);
        });
    }
}

fn send_endless(scene: &mut Scene<'_>, limit: Duration, weigh: bool) -> Call {
    let before = resident_bytes();
    let exchange = scene.exchange().with_timeout(limit);
    let call = scene.send_exchange(exchange);
    scene.expect_end_at(&call, limit);
    if let (true, Some(before), Some(after)) = (weigh, before, resident_bytes()) {
        if after.saturating_sub(before) > FLAT {
            scene.problem(format!("memory grew by {} MiB", (after - before) >> 20));
        }
    }
    call
}

/// Row 23, 101: `Interrupted`, sent once. The request did not ask for another protocol, so the head is
/// reason enough, and the adapter must not wait.
pub(crate) fn row_23_switching_protocols(trial: &mut Trial<'_>) {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n";
    let script = Script::new().request().write(switch);
    for (label, script) in [
        ("then closes", script.clone()),
        ("then waits", script.clone().wait_for_close()),
        ("then 200", script.write(reply::ok(b"{}"))),
    ] {
        trial.case(label, Setup::new(script), |scene| {
            let exchange = scene.exchange().with_timeout(UNUSED_LIMIT);
            let call = scene.send_exchange(exchange);
            scene.expect(&call, &[Interrupted]);
            scene.expect_end_at(&call, UNUSED_LIMIT);
        });
    }
}

/// Row 30, obsolete folding, Latin-1 in a header, HTTP/1.0: `Ok`, sent once.
pub(crate) fn row_30_old_and_odd_heads(trial: &mut Trial<'_>) {
    for (label, bytes) in [
        (
            "obsolete folding",
            &b"HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\n\tc\r\nContent-Length: 2\r\n\r\n{}"[..],
        ),
        ("latin-1", b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 2\r\n\r\n{}"),
        ("HTTP/1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        ("HTTP/1.0 without a length", b"HTTP/1.0 200 OK\r\n\r\n{}"),
        ("no phrase", b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{}"),
        ("an empty value", b"HTTP/1.1 200 OK\r\nX-A:\r\nContent-Length: 2\r\n\r\n{}"),
    ] {
        trial.reply_with_body(label, bytes, b"{}");
    }
}

/// Row 31, bare LF in the head: `Ok` or `Interrupted`, sent once.
pub(crate) fn row_31_bare_line_feeds(trial: &mut Trial<'_>) {
    for (label, bytes) in [
        ("everywhere", "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"),
        ("after the status line", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\n{}"),
        ("after a field", "HTTP/1.1 200 OK\r\nX-A: b\nContent-Length: 2\r\n\r\n{}"),
    ] {
        trial.reply(label, bytes, &[Ok, Interrupted]);
    }
}

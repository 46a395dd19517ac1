//! Rows 21 to 23, 30 and 31: heads that are odd, or come before the head that counts.

use super::LIMIT;
use crate::outcome::Outcome::{Interrupted, Ok, Timeout, TooLarge};
use crate::scene::setup::Setup;
use crate::scene::{Answer, Scene};
use crate::server::reply;
use crate::server::script::Script;
use crate::trial::Trial;
use crate::watch::census::resident_bytes;

const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\n";
/// What memory may grow by while heads come in without end: much less than what comes in.
const FLAT: u64 = 32 * 1024 * 1024;

/// Row 21, 100 or 103, then 200: `Ok`, sent once.
pub(crate) fn row_21_interim_responses(trial: &mut Trial<'_>) {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nX-Early: 1\r\n\r\n";
    let both = format!("{INTERIM}{hints}");
    for (label, before) in [("100", INTERIM), ("103", hints), ("both", both.as_str())] {
        let bytes = [before.as_bytes(), &reply::ok(b"{}")].concat();
        trial.case(label, Setup::new(Script::new().request().write(bytes)), |scene| {
            let answer = scene.send();
            scene.expect_body(&answer, b"{}");
            if answer.response.is_some_and(|own| own.headers().contains_key("x-early")) {
                scene.problem("fields of the interim response are in the final one".to_owned());
            }
        });
    }
}

/// Row 22, twenty thousand 1xx: `Ok` or `Interrupted`; endless: `Timeout`, or `TooLarge` or `Interrupted` if
/// they are counted; memory flat; sent once. The same for the fields of a head without end, which may be
/// called `TooLarge`.
pub(crate) fn row_22_interim_floods(trial: &mut Trial<'_>) {
    let many = [INTERIM.repeat(20_000).as_bytes(), &reply::ok(b"{}")].concat();
    trial.reply("twenty thousand", many, &[Ok, Interrupted]);

    // Others in this process would be weighed as well.
    let weigh = trial.alone;
    let endless = Script::new().request().endless(INTERIM.repeat(400));
    trial.case("endless", Setup::new(endless), |scene| {
        let answer = send_endless(scene, weigh);
        scene.expect(&answer, &[Timeout, TooLarge, Interrupted]);
    });
    for (label, more) in [("endless fields", "X-More: and more\r\n"), ("an endless field", "x")] {
        let script = Script::new().request().write("HTTP/1.1 200 OK\r\nX-First: 1");
        let begin = if more.ends_with('\n') { "\r\n" } else { "" };
        let script = script.write(begin).endless(more.repeat(1000));
        trial.case(label, Setup::new(script), |scene| {
            let answer = send_endless(scene, weigh);
            scene.expect(&answer, &[TooLarge, Interrupted]);
        });
    }
}

fn send_endless(scene: &mut Scene<'_>, weigh: bool) -> Answer {
    let before = resident_bytes();
    let exchange = scene.exchange().with_timeout(LIMIT);
    let answer = scene.send_exchange(exchange);
    scene.expect_end_at(&answer, LIMIT);
    if let (true, Some(before), Some(after)) = (weigh, before, resident_bytes()) {
        if after.saturating_sub(before) > FLAT {
            scene.problem(format!("memory grew by {} MiB", (after - before) >> 20));
        }
    }
    answer
}

/// Row 23, 101: `Interrupted` or `Timeout`, sent once. Nobody asked for another protocol, so the head
/// says all there is to know, and the suite asks for `Interrupted`.
pub(crate) fn row_23_switching_protocols(trial: &mut Trial<'_>) {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n";
    let script = Script::new().request().write(switch);
    for (label, script) in [
        ("then closes", script.clone()),
        ("then waits", script.clone().wait_for_close()),
        ("then 200", script.write(reply::ok(b"{}"))),
    ] {
        trial.case(label, Setup::new(script), |scene| {
            let exchange = scene.exchange().with_timeout(LIMIT);
            let answer = scene.send_exchange(exchange);
            scene.expect(&answer, &[Interrupted]);
            scene.expect_end_at(&answer, LIMIT);
        });
    }
}

/// Row 30, obsolete folding, latin-1 in a header, HTTP/1.0: `Ok`, sent once.
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

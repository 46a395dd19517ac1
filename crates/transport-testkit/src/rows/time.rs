//! Rows 17 to 19 and rule 4: every wait ends at the exchange's time limit.

use std::time::Duration;

use super::LIMIT;
use crate::outcome::Outcome::Timeout;
use crate::scene::setup::{Setup, trusted_tls};
use crate::server::script::Script;
use crate::trial::Trial;

const PAUSE: Duration = Duration::from_millis(10);

/// Row 17, no response: `Timeout`, sent once; the socket is closed within a second.
pub(crate) fn row_17_no_answer(trial: &mut Trial<'_>) {
    let plain = Setup::new(Script::new().request().wait_for_close());
    trial.deadline("plain", plain, LIMIT);
    let (tls, roots) = trusted_tls();
    let tls = Setup::new(tls.request().wait_for_close()).roots(&roots);
    trial.deadline("inside TLS", tls, LIMIT * 3);
}

/// Row 18, head dripped: `Timeout` over all, sent once.
pub(crate) fn row_18_head_drips(trial: &mut Trial<'_>) {
    let fields = "X-Slow: and slow and slow\r\n".repeat(20);
    let whole = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
    let script = Script::new().request().drip(whole, PAUSE).wait_for_close();
    trial.deadline("from the status line", Setup::new(script), LIMIT);
    let script = Script::new().request().write("HTTP/1.1 200 OK\r\nX-Slow: ");
    let script = script.drip(vec![b'x'; 1000], PAUSE).wait_for_close();
    trial.deadline("within a field", Setup::new(script), LIMIT);
    let script = Script::new().request().write("HTTP/1.1 200 OK\r\nX-A: b\r\n");
    trial.deadline("stalled", Setup::new(script.wait_for_close()), LIMIT);
}

/// Row 19, body dripped, body stalled: `Timeout` over all, sent once.
pub(crate) fn row_19_body_drips_or_stalls(trial: &mut Trial<'_>) {
    let sized = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n";
    let unframed = "HTTP/1.1 200 OK\r\n\r\n";
    for (label, head, drips) in [
        ("dripped", sized, 1000),
        ("dripped in a chunk", chunked, 1000),
        ("dripped without a length", unframed, 1000),
        ("stalled", sized, 0),
        ("stalled half-way", sized, 5),
        ("stalled without a length", unframed, 5),
    ] {
        let script = Script::new().request().write(head);
        let script = script.drip(vec![b'x'; drips], PAUSE).wait_for_close();
        trial.deadline(label, Setup::new(script), LIMIT);
    }
}

/// Rule 4: the limit covers everything from the name look-up to the last byte. A limit of zero is
/// `Timeout`, and one beyond the range of the clock works.
pub(crate) fn rule_04_odd_limits(trial: &mut Trial<'_>) {
    let serve = || Setup::new(Script::new().serve());
    trial.case("no time", serve().any_number_sent(), |scene| {
        let exchange = scene.exchange().with_timeout(Duration::ZERO);
        let call = scene.send_exchange(exchange);
        scene.expect(&call, &[Timeout]);
        scene.expect_end_at(&call, Duration::ZERO);
    });
    trial.case("more than a clock can count", serve(), |scene| {
        let exchange = scene.exchange().with_timeout(Duration::MAX);
        scene.expect_echo_of(exchange);
    });
    // Each part is in time, all parts together are not.
    let drip = |bytes: &[u8]| (bytes.to_vec(), Duration::from_millis(30));
    let (interim, pause) = drip(b"HTTP");
    let script = Script::new().request().drip(interim, pause);
    let (head, pause) = drip(b"/1.1 ");
    let script = script.drip(head, pause).write("200 OK\r\nContent-Length: 9\r\n\r\n");
    let (body, pause) = drip(b"123456789");
    let script = script.drip(body, pause).wait_for_close();
    trial.deadline("a chain of delays", Setup::new(script), LIMIT);
}

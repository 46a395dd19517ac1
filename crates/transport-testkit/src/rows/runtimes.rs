//! Rules 5 and 8: calls that are dropped, and calls without a runtime.

use crate::harness::executor::Parking;
use crate::outcome::Outcome::{Connect, Internal, Interrupted, Ok, Timeout};
use crate::scene::setup::{Setup, trusted_tls};
use crate::server::Connection;
use crate::server::script::Script;
use crate::trial::Trial;

/// Rule 5: dropping the future ends the exchange, and its connection is closed within a second.
pub(crate) fn rule_05_dropped_call(trial: &mut Trial<'_>) {
    let asked = || Script::new().request();
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789";
    let (tls, roots) = trusted_tls();
    for (label, script, steps) in [
        ("before the response", asked().wait_for_close(), 1),
        ("in the head", asked().write("HTTP/1.1 200 OK\r\nX-A").wait_for_close(), 2),
        ("in the body", asked().write(half).wait_for_close(), 2),
        ("inside TLS", tls.request().wait_for_close(), 2),
    ] {
        trial.case(label, Setup::new(script).roots(&roots), |scene| {
            scene.abandon(|connections| came_to(connections, steps));
        });
    }
    let script = Script::new().read(1).wait_for_close();
    trial.case("in the handshake", Setup::new(script).sent(0), |scene| {
        scene.over_tls();
        scene.abandon(|connections| came_to(connections, 1));
    });
}

fn came_to(connections: &[Connection], steps: usize) -> bool {
    connections.iter().any(|own| own.steps() >= steps)
}

/// Rule 8: without its runtime an adapter works or returns an error at once.
///
/// It neither panics nor hangs, also after the runtime has ended.
pub(crate) fn rule_08_no_runtime(trial: &mut Trial<'_>) {
    let serve = || Setup::new(Script::new().serve()).any_number_sent();
    trial.case("no runtime", serve(), |scene| {
        scene.change_executor(Box::new(Parking));
        scene.send_expecting(scene.exchange(), &[Ok, Internal]);
    });
    trial.case("one runtime after another", serve(), |scene| {
        for _ in 0..3 {
            scene.send_expecting(scene.exchange(), &[Ok, Internal]);
            scene.fresh_executor();
        }
    });
    trial.case("no runtime any more", serve(), |scene| {
        scene.send_expecting(scene.exchange(), &[Ok, Internal]);
        scene.change_executor(Box::new(Parking));
        scene.send_expecting(scene.exchange(), &[Ok, Internal]);
    });
    let silent = Setup::new(Script::new().request().wait_for_close());
    trial.case("a runtime that ends under way", silent, |scene| {
        let limit = super::LIMIT * 2;
        let call = scene.orphan(limit, |connections| came_to(connections, 1));
        scene.expect(&call, &[Internal, Timeout, Interrupted, Connect]);
    });
}

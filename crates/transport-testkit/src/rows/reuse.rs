//! Rule 2: fresh connections, and the mark that tells them from reused ones.

use easemob_token_transport::{ConnectionUse, Exchange};

use crate::scene::Scene;
use crate::scene::setup::{Setup, trusted_tls};
use crate::server::Connection;
use crate::server::script::Script;
use crate::trial::Trial;

/// Rule 2: an exchange that needs a fresh connection gets one. The mark of each response is true.
pub(crate) fn rule_02_fresh_connections(trial: &mut Trial<'_>) {
    let has_mark = trial.harness.reports_connection_use();
    let (tls, roots) = trusted_tls();
    for (label, script) in [("plain", Script::new()), ("inside TLS", tls)] {
        let setup = Setup::new(script.serve()).roots(&roots).sent(5);
        trial.case(label, setup, |scene| {
            for is_fresh in [false, false, true, true, false] {
                let exchange = scene.exchange();
                let exchange = if is_fresh { exchange.on_fresh_connection() } else { exchange };
                expect_connection(scene, exchange, has_mark);
            }
        });
    }
}

fn expect_connection(scene: &mut Scene<'_>, exchange: Exchange, has_mark: bool) {
    let is_fresh = exchange.needs_fresh_connection();
    let body = exchange.request().body().clone();
    let call = scene.send_exchange(exchange);
    scene.expect_own(&call);
    scene.settle();
    let connections = scene.server.connections();
    let carried = |own: &&Connection| own.requests().iter().any(|one| one.body() == body);
    let Some(connection) = connections.iter().find(carried) else { return };
    let is_first = connection.requests().len() == 1;
    if is_fresh && !(is_first && connection.accepted() >= call.span.begun) {
        scene.problem("an exchange that needs a fresh connection used an old one".to_owned());
    }
    let mark = call.response.and_then(|own| own.extensions().get::<ConnectionUse>().copied());
    let truth = if is_first { ConnectionUse::Fresh } else { ConnectionUse::Reused };
    if mark.is_some_and(|mark| mark != truth) {
        scene.problem(format!("the connection was {truth:?}, and the mark is another"));
    }
    if has_mark && mark.is_none() {
        scene.problem("the response has no mark".to_owned());
    }
}

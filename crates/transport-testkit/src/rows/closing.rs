//! Rows 9 to 13 and 54: connections that end early or at rest, or bring a response too many.

use std::time::Duration;

use crate::outcome::Outcome::Interrupted;
use crate::scene::AMPLE;
use crate::scene::secrets::IN_REPLY;
use crate::scene::setup::{Setup, trusted_tls};
use crate::server::reply;
use crate::server::script::{Plan, Script};
use crate::trial::Trial;

/// Row 9, reads the request, then closes: `Interrupted`, sent once.
pub(crate) fn row_09_closes_after_request(trial: &mut Trial<'_>) {
    trial.racing_outcome("close", Setup::new(Script::new().request()), &[Interrupted]);
}

/// Row 10, reads the request, then resets: `Interrupted`, sent once.
pub(crate) fn row_10_resets_after_request(trial: &mut Trial<'_>) {
    trial.racing_outcome("reset", Setup::new(Script::new().request().reset()), &[Interrupted]);
}

/// Row 11, responds once; reads the second request, then closes: `Ok`, then `Interrupted`, exactly two
/// requests in all.
pub(crate) fn row_11_second_request_dies(trial: &mut Trial<'_>) {
    let first = || Script::new().request().echo();
    for (label, plan) in [
        ("closes", Plan::in_order([first().request(), Script::new().request()])),
        ("resets", Plan::in_order([first().request().reset(), Script::new().request().reset()])),
    ] {
        trial.case(label, Setup::new(plan).sent(2), |scene| {
            scene.expect_echo();
            scene.settle();
            scene.send_expecting(scene.exchange(), &[Interrupted]);
        });
    }
    // The server closes an idle connection. Nothing was sent on it, so no call may fail.
    let plan = Plan::in_order([first(), Script::new().serve()]);
    trial.case("closes the idle connection", Setup::new(plan).sent(2), |scene| {
        scene.expect_echo();
        if !scene.server.wait_until(AMPLE, |connections| connections[0].is_over()) {
            scene.problem("the server could not close".to_owned());
        }
        scene.settle();
        scene.expect_echo();
    });
}

/// Row 54, idle connections end while the process sleeps: `Ok` on a new one without a pause, one request
/// more.
pub(crate) fn row_54_idle_connections_die(trial: &mut Trial<'_>) {
    let (tls, roots) = trusted_tls();
    for (label, base, count, is_reset) in [
        ("one is reset", &Script::new(), 1, true),
        ("five are reset", &Script::new(), 5, true),
        ("five are closed", &Script::new(), 5, false),
        ("five are reset inside TLS", &tls, 5, true),
    ] {
        let first = base.clone().request().gather(count).echo().gate(0);
        let first = if is_reset { first.reset() } else { first };
        let scripts = vec![first; count].into_iter().chain([base.clone().serve()]);
        let setup = Setup::new(Plan::in_order(scripts)).roots(&roots).sent(count + 1);
        trial.case(label, setup, |scene| {
            let exchanges = (0..count).map(|_| scene.exchange()).collect();
            for call in scene.send_all(exchanges) {
                scene.expect_own(&call);
            }
            scene.settle();
            // No runtime turns while they end.
            scene.server.open_gate(0);
            if !scene.server.wait_until_closed(AMPLE) {
                scene.problem("the server could not close".to_owned());
            }
            let call = scene.send();
            scene.expect_own(&call);
            scene.expect_end_within(&call, Duration::from_millis(500));
        });
    }
}

/// Row 12, one response too many right after the first: both calls get their own, two requests.
pub(crate) fn row_12_glued_response(trial: &mut Trial<'_>) {
    let asked = Script::new().request();
    let script = asked.clone().echo_with(unsolicited()).serve();
    trial.race("at once", Setup::new(script.clone()).sent(2), |scene| {
        scene.expect_echo();
        scene.expect_echo();
    });
    let (tls, roots) = trusted_tls();
    // All but its last byte, which comes when the second request has been written.
    let cut = tls.clone().request().echo_with_cut(unsolicited());
    for (label, plan) in [
        ("after a moment", script.into()),
        (
            "cut, after a moment",
            Plan::in_order([asked.echo_with_cut(unsolicited()), Script::new().serve()]),
        ),
        ("cut inside TLS, after a moment", Plan::in_order([cut, tls.serve()])),
    ] {
        trial.case(label, Setup::new(plan).roots(&roots).sent(2), |scene| {
            scene.expect_echo();
            scene.settle();
            scene.expect_echo();
        });
    }
}

/// Row 13, an unsolicited response on the idle connection, then a second call: the second gets its
/// own, two requests.
pub(crate) fn row_13_unsolicited_response(trial: &mut Trial<'_>) {
    let (tls, roots) = trusted_tls();
    for (label, script, turns) in [
        // While the runtime does not run, nobody can notice what arrives.
        ("while no runtime turns", Script::new(), false),
        ("while the runtime turns", Script::new(), true),
        ("inside TLS", tls, false),
    ] {
        let steps = script.steps().len() + 4;
        let first = script.clone().request().echo().gate(0).write(unsolicited()).serve();
        let plan = Plan::in_order([first, script.serve()]);
        trial.case(label, Setup::new(plan).roots(&roots).sent(2), |scene| {
            scene.expect_echo();
            scene.settle();
            scene.server.open_gate(0);
            let written = scene.server.wait_until(AMPLE, |connections| {
                connections.iter().any(|own| own.steps() >= steps || own.is_over())
            });
            if !written {
                scene.problem("the server could not write".to_owned());
            }
            if turns {
                scene.settle();
            }
            scene.expect_echo();
        });
    }
}

fn unsolicited() -> Vec<u8> {
    reply::ok(format!("{{\"access_token\":\"{IN_REPLY}\"}}").as_bytes())
}

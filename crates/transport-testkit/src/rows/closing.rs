//! Rows 9 to 13: connections that end in between, and what they must not do to the next call.

use crate::harness::Needs;
use crate::outcome::Outcome::Interrupted;
use crate::scene::secrets::IN_REPLY;
use crate::scene::setup::Setup;
use crate::server::certificates::{Authority, LOOPBACK};
use crate::server::reply;
use crate::server::script::{Plan, Script};
use crate::trial::Trial;

/// Row 9, reads the request, then closes: `Interrupted`, sent once.
pub(crate) fn row_09_closes_after_request(trial: &mut Trial<'_>) {
    trial.case("close", Setup::new(Script::new().request()), |scene| {
        let answer = scene.send();
        scene.expect(&answer, &[Interrupted]);
    });
}

/// Row 10, reads the request, then resets: `Interrupted`, sent once.
pub(crate) fn row_10_resets_after_request(trial: &mut Trial<'_>) {
    trial.case("reset", Setup::new(Script::new().request().reset()), |scene| {
        let answer = scene.send();
        scene.expect(&answer, &[Interrupted]);
    });
}

/// Row 11, first call well; reads the second request, then closes: `Ok`, then `Interrupted`, exactly
/// two requests in all.
pub(crate) fn row_11_second_request_dies(trial: &mut Trial<'_>) {
    let first = || Script::new().request().echo();
    for (label, plan) in [
        ("closes", Plan::in_order([first().request(), Script::new().request()])),
        ("resets", Plan::in_order([first().request().reset(), Script::new().request().reset()])),
    ] {
        trial.case(label, Setup::new(plan).sent(2), |scene| {
            let answer = scene.send();
            scene.expect_own(&answer);
            scene.settle();
            let answer = scene.send();
            scene.expect(&answer, &[Interrupted]);
        });
    }
    // The server closed while nobody asked: nothing was sent on that connection, so this costs no
    // call.
    let plan = Plan::in_order([first(), Script::new().serve()]);
    trial.case("closes the idle connection", Setup::new(plan).sent(2), |scene| {
        let answer = scene.send();
        scene.expect_own(&answer);
        scene.settle();
        let answer = scene.send();
        scene.expect_own(&answer);
    });
}

/// Row 12, one response too many, glued to the first: both calls get their own, two requests.
pub(crate) fn row_12_glued_response(trial: &mut Trial<'_>) {
    let script = Script::new().request().echo_with(stranger()).serve();
    for (label, settles) in [("at once", false), ("after a moment", true)] {
        trial.case(label, Setup::new(script.clone()).sent(2), |scene| {
            let answer = scene.send();
            scene.expect_own(&answer);
            if settles {
                scene.settle();
            }
            let answer = scene.send();
            scene.expect_own(&answer);
        });
    }
}

/// Row 13, an unsolicited response on the idle connection, then a second call: the second gets its
/// own, two requests.
pub(crate) fn row_13_unsolicited_response(trial: &mut Trial<'_>) {
    let authority = Authority::new();
    let tls = Script::new().tls(authority.issue(LOOPBACK));
    for (label, script, turns) in [
        // While nothing turns the runtime nobody can notice what arrives.
        ("while no runtime turns", Script::new(), false),
        ("while the runtime turns", Script::new(), true),
        ("inside TLS", tls, false),
    ] {
        let steps = script.steps().len() + 4;
        let first = script.clone().request().echo().gate(0).write(stranger()).serve();
        let plan = Plan::in_order([first, script.serve()]);
        let needs = Needs::default().roots(&authority.pem());
        trial.case(label, Setup::new(plan).needs(needs).sent(2), |scene| {
            let answer = scene.send();
            scene.expect_own(&answer);
            scene.settle();
            scene.server.open_gate(0);
            let written = scene.server.wait_until(crate::scene::AMPLE, |connections| {
                connections.iter().any(|own| own.steps() >= steps || own.is_over())
            });
            if !written {
                scene.problem("the server could not write".to_owned());
            }
            if turns {
                scene.settle();
            }
            let answer = scene.send();
            scene.expect_own(&answer);
        });
    }
}

fn stranger() -> Vec<u8> {
    reply::ok(format!("{{\"access_token\":\"{IN_REPLY}\"}}").as_bytes())
}

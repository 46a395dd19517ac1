//! Rules 6 and 7: what an adapter tells of an exchange, and what it does to its process.

use std::collections::BTreeMap;
use std::env;

use rustls::crypto::CryptoProvider;

use crate::harness::Needs;
use crate::outcome::Outcome::Interrupted;
use crate::scene::secrets::IN_REPLY;
use crate::scene::setup::Setup;
use crate::server::certificates::{Authority, LOOPBACK};
use crate::server::script::Script;
use crate::subprocess::rule as subprocess;
use crate::trial::Trial;

/// Rule 6: no error, nor what is behind it, shows a header's value, the query or the body, of the
/// request or the reply. Every case of every rule looks for that; here the replies are full of it.
pub(crate) fn rule_06_errors_show_nothing(trial: &mut Trial<'_>) {
    for (label, reply) in [
        ("no HTTP", "MARK\r\n\r\n"),
        ("no status", "HTTP/1.1 MARK OK\r\n\r\n"),
        ("no version", "HTTP/MARK 200 OK\r\n\r\n"),
        ("no length", "HTTP/1.1 200 MARK\r\nContent-Length: MARK\r\n\r\nMARK"),
        ("no field name", "HTTP/1.1 200 MARK\r\nMARK MARK: MARK\r\n\r\nMARK"),
        ("no encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: MARK\r\n\r\nMARK"),
        ("no chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nMARK\r\nMARK"),
        ("a body cut", "HTTP/1.1 200 MARK\r\nX: MARK\r\nContent-Length: 100\r\n\r\nMARK"),
        ("a head cut", "HTTP/1.1 200 MARK\r\nX: MARK\r\nMARK"),
        ("another protocol", "HTTP/1.1 101 MARK\r\nUpgrade: MARK\r\n\r\n"),
    ] {
        let bytes = reply.replace("MARK", IN_REPLY);
        trial.case(label, Setup::new(Script::new().request().write(bytes)), |scene| {
            let answer = scene.send();
            scene.expect(&answer, &[Interrupted]);
        });
    }
}

/// Rule 7: no process-wide state is set: no default crypto provider, no variable, no other
/// directory to work in.
pub(crate) fn rule_07_no_process_state(trial: &mut Trial<'_>) {
    const LABEL: &str = "after exchanges with and without TLS";
    if subprocess::role().is_some() {
        in_a_new_process(trial, LABEL);
        subprocess::report(&trial.cases);
        return;
    }
    match trial.run_in_subprocess("state", &[]) {
        Some(found) => trial.record(LABEL, found.outcomes, found.problems),
        None => trial.skip(LABEL, "it needs a process of its own (Suite::again)"),
    }
}

fn in_a_new_process(trial: &mut Trial<'_>, label: &str) {
    let authority = Authority::new();
    let before = state();
    for script in [Script::new().serve(), Script::new().tls(authority.issue(LOOPBACK)).serve()] {
        let setup = Setup::new(script).needs(Needs::default().roots(&authority.pem()));
        trial.case(label, setup, |scene| {
            let answer = scene.send();
            scene.expect_own(&answer);
        });
    }
    let mut problems = Vec::new();
    if CryptoProvider::get_default().is_some() {
        problems.push("rustls has a default crypto provider now".to_owned());
    }
    if state() != before {
        problems.push("the environment or the working directory changed".to_owned());
    }
    trial.record(label, Vec::new(), problems);
}

fn state() -> BTreeMap<std::ffi::OsString, std::ffi::OsString> {
    let mut state: BTreeMap<_, _> = env::vars_os().collect();
    let folder = env::current_dir().unwrap_or_default();
    state.insert("=folder".into(), folder.into());
    state
}

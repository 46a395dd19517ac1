//! Rules 6 and 7: what an adapter shows of an exchange, and what it changes in its process.

use std::collections::BTreeMap;
use std::env;

use rustls::crypto::CryptoProvider;

use crate::outcome::Outcome::Interrupted;
use crate::scene::secrets::IN_REPLY;
use crate::scene::setup::{Setup, trusted_tls};
use crate::server::script::Script;
use crate::subprocess::rule as rule_process;
use crate::trial::Trial;

/// Rule 6: no error and none of its sources shows a header value, the query or the body.
///
/// Every case of every rule checks that. Here the responses are full of secrets.
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
        trial.outcome(label, Setup::new(Script::new().request().write(bytes)), &[Interrupted]);
    }
}

/// Rule 7: no process-wide state is set: no default crypto provider, no variable, no working
/// directory.
pub(crate) fn rule_07_no_process_state(trial: &mut Trial<'_>) {
    const LABEL: &str = "after exchanges with and without TLS";
    if rule_process::role().is_some() {
        in_a_new_process(trial, LABEL);
        rule_process::report(&trial.cases);
        return;
    }
    match trial.run_in_subprocess("state", &[]) {
        Some(found) => trial.record(LABEL, found.outcomes, found.problems),
        None => trial.skip(LABEL, "it needs a process of its own (Suite::subprocess)"),
    }
}

fn in_a_new_process(trial: &mut Trial<'_>, label: &str) {
    let before = state();
    let (tls, roots) = trusted_tls();
    for script in [Script::new(), tls] {
        let setup = Setup::new(script.serve()).roots(&roots);
        trial.echo(label, setup);
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

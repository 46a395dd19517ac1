//! Row 56: a process without free descriptors.

use crate::trial::Trial;

/// Row 56, no free descriptor at the first call: `Connect`, nothing sent. Good again later.
pub(crate) fn row_56_no_free_descriptor(trial: &mut Trial<'_>) {
    #[cfg(unix)]
    unix::with_few_descriptors(trial);
    #[cfg(not(unix))]
    trial.skip("first call", "this system has no limit of descriptors");
}

#[cfg(unix)]
mod unix {
    use std::env;

    use super::Trial;
    use crate::outcome::Outcome::Connect;
    use crate::scene::exchange_to;
    use crate::scene::setup::{Setup, trusted_tls};
    use crate::server::ScriptedServer;
    use crate::server::certificates::LOOPBACK;
    use crate::server::script::Script;
    use crate::subprocess::hold_descriptors;
    use crate::subprocess::rule as rule_process;

    /// Enough for the transport, its runtime and the process itself.
    const LIMIT: u32 = 64;
    /// The variable with the URL of the server, which is in the first process.
    const URL: &str = "EASEMOB_TOKEN_TESTKIT_URL";
    /// The variable with the root certificate for the other process.
    const ROOTS: &str = "EASEMOB_TOKEN_TESTKIT_ROOTS";

    pub(super) fn with_few_descriptors(trial: &mut Trial<'_>) {
        if rule_process::role().is_some() {
            in_another_process(trial);
            return rule_process::report(&trial.cases);
        }
        let (tls, roots) = trusted_tls();
        for (scheme, script) in [("http", Script::new()), ("https", tls)] {
            let server = ScriptedServer::start(script.serve());
            let variables = [(URL, server.url(scheme, LOOPBACK)), (ROOTS, roots.clone())];
            let Some(mut found) = trial.run_with_descriptors(LIMIT, scheme, &variables) else {
                trial.skip(scheme, "it needs a process of its own (Suite::subprocess)");
                continue;
            };
            let requests = server.requests().len();
            if requests != 1 {
                found.problems.push(format!("{requests} requests were sent instead of 1"));
            }
            trial.record(scheme, found.outcomes, found.problems);
        }
    }

    fn in_another_process(trial: &mut Trial<'_>) {
        let (url, roots) = (env::var(URL).unwrap_or_default(), env::var(ROOTS).unwrap_or_default());
        let setup = Setup::new(Script::new()).sent(0).roots(&roots);
        trial.case("first call", setup, |scene| {
            let held = hold_descriptors(0);
            scene.send_expecting(exchange_to(&url), &[Connect]);
            drop(held);
            scene.expect_echo_of(exchange_to(&url));
        });
    }
}

//! Row 51: proxy variables, which count only if the setting says so.

use std::env;

use easemob_token_transport::Proxy;

use super::{PROXIED_HOST, UNKNOWN_HOST};
use crate::outcome::Outcome::{self, Connect};
use crate::scene::exchange_to;
use crate::scene::setup::Setup;
use crate::scene::tunnel::{check_tunnel, tunnel_to};
use crate::server::ScriptedServer;
use crate::server::certificates::Authority;
use crate::server::script::Script;
use crate::subprocess::rule as rule_process;
use crate::trial::Trial;

/// The variables that HTTP libraries read.
const VARIABLES: [&str; 6] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// The variable with the root certificate for the other process.
const ROOTS: &str = "EASEMOB_TOKEN_TESTKIT_ROOTS";

/// Row 51, proxy variables set, proxy off / from the environment: 0 bytes at the proxy / CONNECT
/// only.
pub(crate) fn row_51_proxy_variables(trial: &mut Trial<'_>) {
    if let Some(role) = rule_process::role() {
        in_another_process(trial, &role);
        rule_process::report(&trial.cases);
        return;
    }
    let authority = Authority::new();
    let tunnel = || tunnel_to(authority.issue(PROXIED_HOST)).serve();
    for (label, role, exceptions, connections) in [
        ("off", "off", "", 0),
        ("from the environment", "environment", "", 1),
        ("from the environment, all excepted", "excepted", "*", 0),
        // Exceptions belong to the environment's proxy, not to one that is given.
        ("given by URL, all excepted", "given", "*", 1),
    ] {
        let proxy = ScriptedServer::start(tunnel());
        let value = format!("http://{}", proxy.address());
        let mut variables: Vec<(&str, String)> =
            VARIABLES.iter().map(|name| (*name, value.clone())).collect();
        variables.push((ROOTS, authority.pem()));
        for name in ["NO_PROXY", "no_proxy"] {
            variables.push((name, exceptions.to_owned()));
        }
        let Some(mut found) = trial.run_in_subprocess(role, &variables) else {
            trial.skip(label, "it needs a process of its own (Suite::subprocess)");
            continue;
        };
        let seen = proxy.connections();
        if seen.len() != connections {
            let text = format!("{} connections at the proxy instead of {connections}", seen.len());
            found.problems.push(text);
        }
        if connections > 0 {
            found.problems.extend(check_tunnel(&proxy, None));
        }
        trial.record(label, found.outcomes, found.problems);
    }
}

/// Makes one call to this machine and one to another host, in the process with the variables.
fn in_another_process(trial: &mut Trial<'_>, role: &str) {
    let proxy = match role {
        "off" => Proxy::Off,
        "given" => env::var("HTTPS_PROXY")
            .ok()
            .and_then(|url| url.parse().ok())
            .map_or(Proxy::Off, Proxy::Url),
        _ => Proxy::Environment,
    };
    let roots = env::var(ROOTS).unwrap_or_default();
    let setup = |script| Setup::new(script).roots(&roots).proxy(proxy.clone());
    trial.echo("this machine", setup(Script::new().serve()));
    let (host, allowed) = match role {
        "environment" | "given" => (PROXIED_HOST, Outcome::Ok),
        _ => (UNKNOWN_HOST, Connect),
    };
    let setup = setup(Script::new()).sent(0);
    trial.case("another host", setup, |scene| {
        scene.send_expecting(exchange_to(&format!("https://{host}/org/app/token")), &[allowed]);
    });
}

//! The proxy variables of the process: used if enabled, with their exceptions, and not read otherwise.

use std::env;

use easemob_token::transport::Proxy;
use easemob_token_end_to_end::ADAPTERS;
use easemob_token_transport_testkit::subprocess;

use crate::call;
use crate::proxy::{Program, RealProxy};
use crate::target::{ADDRESS, Target};

/// Makes one call in a process with these proxy variables and no others.
fn call_in_child(adapter: &str, setting: &str, target: &Target, variables: &[(&str, &str)]) {
    let mut command = subprocess::command("environment::the_variables_count_only_if_enabled");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env("ADAPTER", adapter).env("SETTING", setting).env("ROOTS", target.roots());
    subprocess::run(command.env("TARGET", target.url()).envs(variables.iter().copied()));
}

fn call_from_child() {
    let variable = |name| env::var(name).unwrap();
    let adapter = ADAPTERS.into_iter().find(|own| own.name == variable("ADAPTER")).unwrap();
    let is_enabled = variable("SETTING") == "environment";
    let proxy = if is_enabled { Proxy::Environment } else { Proxy::Off };
    call(&*adapter.through(proxy, &variable("ROOTS")), &variable("TARGET")).unwrap();
}

#[test]
fn the_variables_count_only_if_enabled() {
    if subprocess::is_child() {
        return call_from_child();
    }
    for program in [Program::Tinyproxy, Program::Squid] {
        let (proxy, target) = (RealProxy::start(program), Target::start(ADDRESS));
        let url = proxy.url();
        let set = ("HTTPS_PROXY", url.as_str());
        let mut tunnels = 0;
        for adapter in ADAPTERS {
            let calls = [
                ("off", vec![set], 0),
                ("environment", vec![set], 1),
                ("environment", vec![("all_proxy", url.as_str())], 1),
                // This variable is for `http://` targets, which never use a proxy here.
                ("environment", vec![("HTTP_PROXY", url.as_str())], 0),
                ("environment", vec![set, ("NO_PROXY", "im.example, 0.0.0.0/8")], 0),
                ("environment", vec![set, ("no_proxy", "0.0.0.0")], 0),
                ("environment", vec![set, ("NO_PROXY", "im.example,0.0.0.1,0.0.0.0:1")], 1),
            ];
            for (setting, variables, expected) in calls {
                call_in_child(adapter.name, setting, &target, &variables);
                assert_eq!(target.requests().len(), 1, "{} {variables:?}", adapter.name);
                tunnels += expected;
            }
        }
        // The last call used the proxy, so all earlier ones are in the log.
        assert_eq!(proxy.seen(tunnels), vec![target.connect_line(); tunnels]);
    }
}

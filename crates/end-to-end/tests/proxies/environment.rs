//! The variables of the process: obeyed when asked, with their exceptions, and else not read.

use std::env;
use std::fs;
use std::process::Command;

use easemob_token::transport::Proxy;

use crate::adapters::{ADAPTERS, call};
use crate::proxy::{Program, RealProxy};
use crate::target::{ADDRESS, Target};

/// Tells the child below what it is to do.
const CHILD: &str = "PROXIES_CHILD";

/// Runs this binary again, as a process with these variables and no others about proxies, and
/// makes it call the target with this setting.
fn call_in_child(adapter: &str, setting: &str, target: &Target, variables: &[(&str, &str)]) {
    let dir = tempfile::tempdir().unwrap();
    let roots = dir.path().join("roots.pem");
    fs::write(&roots, target.roots()).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "environment::the_variables_count_only_when_asked", "--nocapture"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = command
        .env(CHILD, format!("{adapter} {setting}"))
        .env("TARGET", target.url())
        .env("ROOTS", roots)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{adapter} {setting} {said}");
}

/// What the child does; whether this is the child.
fn is_child() -> bool {
    let Ok(task) = env::var(CHILD) else { return false };
    let (name, setting) = task.split_once(' ').unwrap();
    let adapter = ADAPTERS.iter().find(|adapter| adapter.name == name).unwrap();
    let proxy = match setting {
        "environment" => Proxy::Environment,
        _ => Proxy::Off,
    };
    let roots = fs::read_to_string(env::var_os("ROOTS").unwrap()).unwrap();
    call(&*adapter.trusting(&roots, proxy), &env::var("TARGET").unwrap()).unwrap();
    true
}

#[test]
fn the_variables_count_only_when_asked() {
    if is_child() {
        return;
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
                // For `http://` targets, says everybody, and those never see a proxy here.
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
        // The last call of all went through the proxy, so whatever came before is in the log.
        let seen = proxy.seen(tunnels);
        assert_eq!(seen, vec![format!("CONNECT {}", target.authority()); tunnels]);
    }
}

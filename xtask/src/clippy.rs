//! The step `clippy`: no warning with all features, without features, and with each.

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::context::{Context, Package};
use crate::crates::{
    ADAPTER_TRIALS, COMMAND, CORE, EMULATOR, FACADE, HYPER, ISAHC, STORE, STORE_REDIS, TRANSPORT,
};
use crate::install::has_component;
use crate::shell;
use crate::steps::{SERVERS, WHOLE};

/// Every package with features, in groups in which none turns on a feature of another.
///
/// One command checks a whole group, so what is below it is compiled once for the group.
const TOGETHER: [&[&str]; 2] = [
    &[CORE, EMULATOR, FACADE, STORE, STORE_REDIS, TRANSPORT],
    &[ADAPTER_TRIALS, COMMAND, HYPER, ISAHC],
];

/// A package below which everything is that the command can have below it, but the store.
///
/// Checked with it, the command finds its dependencies compiled, whatever its own features are.
const BESIDE_THE_COMMAND: &str = ADAPTER_TRIALS;

pub(crate) fn run(context: &Context) -> Result<()> {
    if !has_component(context, "clippy", "clippy")? {
        return Ok(());
    }
    let tests = SERVERS.iter().map(|(test, _)| *test).chain(["conformance", "foreign", "openssl"]);
    let tests: Vec<_> = tests.map(|test| format!("--test {test}")).collect();
    // `--all-targets` leaves out what no plain `cargo test` runs.
    let whole = [format!("{WHOLE} --all-targets"), format!("{WHOLE} {}", tests.join(" "))];
    for choice in whole.into_iter().chain(choices(&context.workspace.packages)?) {
        let words = choice.split(' ');
        shell::run(cmd!(context.sh, "cargo clippy --locked {words...} -- -D warnings"))?;
    }
    Ok(())
}

/// Returns the sets of packages, features and targets beside those of the whole workspace.
///
/// Those with a feature leave out the tests, which the others compile and the step `test` too.
fn choices(packages: &[Package]) -> Result<Vec<String>> {
    let mut choices = Vec::new();
    for group in TOGETHER {
        let names: Vec<_> = group.iter().map(|name| format!("-p {name}")).collect();
        choices.push(format!("{} --no-default-features --all-targets", names.join(" ")));
    }
    for package in packages {
        let features: Vec<_> = package.features.keys().filter(|name| *name != "default").collect();
        let name = package.name.as_str();
        let is_grouped = TOGETHER.concat().contains(&name);
        ensure!(
            is_grouped != features.is_empty(),
            "`{name}` has {} features; correct the groups in {}",
            features.len(),
            file!()
        );
        // If a package has one feature, that is all of them.
        for feature in features.iter().filter(|_| features.len() > 1) {
            let set = format!("-p {name} --no-default-features --features {name}/{feature}");
            let beside =
                if name == COMMAND { format!(" -p {BESIDE_THE_COMMAND}") } else { String::new() };
            choices.push(set + &beside);
        }
    }
    Ok(choices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_linted_without_features_and_with_each() {
        let choices = choices(&Context::load().unwrap().workspace.packages).unwrap();
        for expected in [
            "-p easemob-token-core -p easemob-token-emulator -p easemob-token -p",
            "-p easemob-token --no-default-features --features easemob-token/isahc",
            "-p easemob-token-transport --no-default-features --features easemob-token-transport/tokio",
            "-p easemob-token-cli --no-default-features --features easemob-token-cli/hyper -p",
        ] {
            assert!(choices.iter().any(|choice| choice.starts_with(expected)), "{choices:?}");
        }
        assert!(!choices.iter().any(|choice| choice.contains("bundled-roots --")), "{choices:?}");
    }

    #[test]
    fn a_package_whose_features_are_in_no_group_is_refused() {
        let package = |name: &str, features: &[&str]| Package {
            name: name.to_owned(),
            features: features.iter().map(|it| ((*it).to_owned(), Vec::new())).collect(),
            ..Package::default()
        };
        assert!(choices(&[package(CORE, &["dynamic"]), package("new", &[])]).is_ok());
        assert!(choices(&[package("new", &["feature"])]).is_err());
        assert!(choices(&[package(CORE, &[])]).is_err());
    }
}

//! The step `test`: every test with all features, then with each set of features that could differ.

use std::cmp::Reverse;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use xshell::cmd;

use crate::context::Context;
use crate::crates::{COMMAND, CORE, FACADE};
use crate::install::{Program, succeeds};
use crate::shell;
use crate::steps::WHOLE;

/// The shells whose completion scripts the tests of the command drive.
const SHELLS: &[Program] = &[
    Program::new("bash", "bash", "BASH_PROGRAM"),
    Program::new("zsh", "zsh", "ZSH_PROGRAM"),
    Program::new("fish", "fish", "FISH_PROGRAM"),
    Program::new("mandoc", "mandoc", "MANDOC").ask(""),
];
/// Gives a command its own files and processes; only Linux has it.
const UNSHARE: Program = Program::new("unshare", "util-linux", "");
/// The adapters searched for leaks, as other programs build them.
pub(crate) const LEAKS: &str = "-p easemob-token-adapter-trials --test leaks_*";
/// How many test programs run at once: most of them wait most of the time.
pub(crate) const AT_ONCE: usize = 3;

/// A test program that cargo has built.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Built {
    pub(crate) path: String,
    manifest: PathBuf,
    /// Whether it holds the unit tests of a library, which can have doctests too.
    is_library: bool,
    is_integration: bool,
}

pub(crate) fn run(context: &Context) -> Result<()> {
    let mut missing = Vec::new();
    for shell in SHELLS {
        let checks = format!("completions or manual pages in {}", shell.name);
        if context.program(shell, &checks)?.is_none() {
            // The tests would take one that does not work; a name that cannot be started they leave out.
            missing.push((shell.variable, PathBuf::new()));
        }
    }
    has_namespaces(context)?;
    for choice in choices(context)? {
        test(context, &choice, &missing)?;
    }
    Ok(())
}

/// Reports tests of the command that check nothing here, since they cannot give it its own namespaces.
fn has_namespaces(context: &Context) -> Result<()> {
    let checks = "a silent name server, and the command as the first process of a container";
    if cfg!(target_os = "linux") && context.program(&UNSHARE, checks)?.is_none() {
        return Ok(());
    }
    let mount = "--mount --pid --fork mount --bind /dev/null /etc/resolv.conf";
    let mount = mount.split_whitespace();
    if !succeeds(cmd!(context.sh, "unshare {mount...}")) {
        context.not_checked(format!(
            "{checks}: they take root on Linux, and in a container the right to mount (`--privileged`)"
        ));
    }
    Ok(())
}

/// Builds the tests of a choice, and runs the programs side by side, as `cargo test` does one by one.
fn test(context: &Context, choice: &str, variables: &[(&str, PathBuf)]) -> Result<()> {
    let (selection, arguments) = choice.split_once(" -- ").unwrap_or((choice, ""));
    let arguments: Vec<_> = arguments.split_whitespace().collect();
    let mut programs = build(context, selection)?;
    // Integration tests first, since they wait, and of these the longest begin early.
    programs.sort_by_key(|it| (!it.is_integration, Reverse(it.manifest.clone())));
    let mut commands = Vec::new();
    if programs.iter().any(|it| it.is_library) {
        let words = selection.split(' ');
        let doctests = cmd!(context.sh, "cargo test --locked {words...} --doc");
        commands.push(shell::prepare(doctests));
    }
    commands.extend(programs.iter().map(|it| it.command(context, &arguments, variables)));
    context.run_tests_side_by_side(commands, AT_ONCE)
}

/// Builds the test programs of a selection of packages, features and targets.
pub(crate) fn build(context: &Context, selection: &str) -> Result<Vec<Built>> {
    let words = selection.split(' ').chain(["--message-format", "json-render-diagnostics"]);
    let build = cmd!(context.sh, "cargo test --locked --no-run {words...}");
    let built = programs(&shell::read_shown(build)?);
    ensure!(!built.is_empty(), "`cargo test {selection}` has no test program");
    Ok(built)
}

impl Built {
    /// Prepares a run in the folder of the package, where cargo would run it.
    pub(crate) fn command(
        &self,
        context: &Context,
        arguments: &[&str],
        variables: &[(&str, PathBuf)],
    ) -> (String, Command) {
        let (path, root) = (&self.path, &context.workspace.root);
        let folder = self.manifest.parent().unwrap_or(root);
        let _folder = context.sh.push_dir(folder);
        let program = cmd!(context.sh, "{path} {arguments...}").envs(variables.iter().cloned());
        let (line, mut command) = shell::prepare(program);
        // As cargo does.
        command.env("CARGO_MANIFEST_DIR", folder);
        let folder = folder.strip_prefix(root).unwrap_or(folder).display();
        (format!("(cd {folder}; {line})"), command)
    }
}

/// Returns the sets of packages and features that are tested: all, then those that could differ.
fn choices(context: &Context) -> Result<Vec<String>> {
    let facade = context.workspace.packages.iter().find(|it| it.name == FACADE);
    let facade = facade.context("the workspace has no facade")?;
    let features = facade.features.keys().map(String::as_str).filter(|it| *it != "default");
    let others: Vec<_> = features.filter(|it| !["hyper", "isahc"].contains(it)).collect();
    let none = format!("-p {FACADE} --no-default-features");
    let mut choices = vec![
        WHOLE.to_owned(),
        none.clone(),
        // One transport and what needs none. The step `clippy` compiles each feature alone.
        format!("{none} --features isahc"),
        format!("{none} --features {}", others.join(",")),
        // The other transport, which is the default, as most programs without an async runtime build it.
        format!("-p {FACADE} --features blocking"),
    ];
    for choice in &mut choices[1..] {
        // Clients in simulated time depend on no feature: they were tested with all of them.
        choice.push_str(" -- --skip simulated::");
    }
    choices.extend([
        // Other frameworks embed the core alone, without what the workspace adds to its tree.
        // The simulations of fleets depend on nothing of that.
        format!("-p {CORE} -- --skip fleet::model:: --skip fleet_rate::simulation::"),
        // As `cargo install` builds it.
        format!("-p {COMMAND}"),
        // Without the feature `tracing-log`, which the first choice has.
        LEAKS.to_owned(),
    ]);
    Ok(choices)
}

/// Returns the test programs that cargo's messages name.
pub(crate) fn programs(messages: &str) -> Vec<Built> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let tests = messages.filter(|it| it["profile"]["test"] == true);
    tests
        .filter_map(|message| {
            let kind = &message["target"]["kind"][0];
            Some(Built {
                path: message["executable"].as_str()?.to_owned(),
                manifest: message["manifest_path"].as_str()?.into(),
                is_library: kind == "lib",
                is_integration: kind == "test",
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facade_is_tested_with_each_transport_and_with_none() {
        let choices = choices(&Context::load().unwrap()).unwrap();
        for expected in [
            "--workspace --all-features",
            "-p easemob-token --no-default-features -- --skip simulated::",
            "-p easemob-token --no-default-features --features isahc -- --skip simulated::",
            "-p easemob-token --no-default-features --features \
             blocking,bundled-roots,dynamic,fleet,reqwest,test-util -- --skip simulated::",
            "-p easemob-token --features blocking -- --skip simulated::",
        ] {
            assert!(choices.iter().any(|choice| choice == expected), "{choices:?}");
        }
    }

    #[test]
    fn test_programs_are_found_among_the_messages_of_cargo() {
        let message = |test: bool, kind: &str, executable: &str| {
            format!(
                "{{\"manifest_path\":\"/a/Cargo.toml\",\"target\":{{\"kind\":[\"{kind}\"]}},\
                 \"profile\":{{\"test\":{test}}},\"executable\":{executable}}}\n"
            )
        };
        let messages = [
            message(false, "lib", "null"),
            message(false, "bin", "\"/target/bin\""),
            message(true, "lib", "\"/target/unit\""),
            message(true, "test", "\"/target/it\""),
            "no json\n{\"reason\":\"build-finished\",\"success\":true}\n".to_owned(),
        ];
        let found = programs(&messages.concat());
        let expected = [("/target/unit", true), ("/target/it", false)];
        let found: Vec<_> = found.iter().map(|it| (it.path.as_str(), it.is_library)).collect();
        assert_eq!(found, expected);
    }
}

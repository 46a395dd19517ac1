//! The step `test`: everything with all features, then what a set of features could break.

use crate::command::Tool;
use crate::context::Context;
use crate::failure::Failure;

/// The crate whose features people choose; each choice is tested by itself.
const FACADE: &str = "easemob-token";
/// The crate that other frameworks embed alone; tested without what the workspace adds to its tree.
const CORE: &str = "easemob-token-core";
/// Tested as `cargo install` builds it.
const COMMAND: &str = "easemob-token-cli";
/// Listens to what is logged, which depends on what the rest of the build turns on in `tracing`.
const LEAK_TESTS: &str = "-p easemob-token-adapter-trials --test leaks_*";

/// Clients in simulated time know no feature: they were tested with all of them.
const NOT_AGAIN: &str = " -- --skip simulated::";

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    for what in choices(context)? {
        // All failures of one command are worth seeing, so the first does not end it.
        let tool = Tool::parse(&format!("cargo test --locked --no-fail-fast {what}"));
        run_counted(context, &tool)?;
    }
    Ok(())
}

fn choices(context: &Context) -> Result<Vec<String>, Failure> {
    let mut choices = vec!["--workspace --all-features".to_owned()];
    let facade = context.member(FACADE)?.single_choices();
    // What most programs without an async runtime build.
    let blocking = format!("-p {FACADE} --features blocking");
    choices.extend(facade.into_iter().chain([blocking]).map(|it| it + NOT_AGAIN));
    choices.push(format!("-p {CORE}"));
    choices.push(format!("-p {COMMAND}"));
    choices.push(LEAK_TESTS.to_owned());
    choices.push(format!("{LEAK_TESTS} --features tracing/log"));
    Ok(choices)
}

/// Runs a command that ends in test results, adds them to the tally, and accepts no empty run.
pub(crate) fn run_counted(context: &mut Context, tool: &Tool) -> Result<(), Failure> {
    let before = context.tally;
    let tally = &mut context.tally;
    tool.run_reading(|line| tally.read(line))?;
    if context.tally.since(before).executed() == 0 {
        return Err(Failure::new(format!("`{tool}` ran no test, so it shows nothing")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Member;
    use crate::tally::Tally;

    fn context(members: &[(&str, &[&str])]) -> Context {
        let member = |(name, features): &(&str, &[&str])| Member {
            name: (*name).to_owned(),
            rust_version: None,
            features: features.iter().map(|&feature| feature.to_owned()).collect(),
            dependencies: Vec::new(),
        };
        Context {
            root: "/".into(),
            target: "/".into(),
            members: members.iter().map(member).collect(),
            tally: Tally::default(),
            not_checked: Vec::new(),
        }
    }

    #[test]
    fn the_facade_is_tested_with_none_and_each_of_its_features() {
        let context = context(&[(FACADE, &["hyper", "isahc"])]);
        let choices = choices(&context).unwrap();
        for expected in [
            "--workspace --all-features",
            "-p easemob-token --no-default-features -- --skip simulated::",
            "-p easemob-token --no-default-features --features hyper -- --skip simulated::",
            "-p easemob-token --no-default-features --features isahc -- --skip simulated::",
            "-p easemob-token --features blocking -- --skip simulated::",
            "-p easemob-token-core",
            "-p easemob-token-cli",
            "-p easemob-token-adapter-trials --test leaks_*",
            "-p easemob-token-adapter-trials --test leaks_* --features tracing/log",
        ] {
            assert!(choices.iter().any(|choice| choice == expected), "{expected}");
        }
    }

    #[test]
    fn a_command_without_results_is_no_test_run() {
        let mut context = context(&[]);
        let failure = run_counted(&mut context, &Tool::parse("cargo --version")).unwrap_err();
        assert!(failure.to_string().contains("ran no test"), "{failure}");
    }
}

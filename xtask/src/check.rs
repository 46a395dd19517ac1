//! The command `cargo xtask check`: quick checks of what changed.
//!
//! Changed packages are linted and tested. If a line with `pub` changed in one of them, the packages
//! that depend on it are compiled too. A changed manifest of the workspace needs `cargo xtask ci`.

use std::collections::BTreeSet;

use anyhow::Result;
use xshell::cmd;

use crate::context::{Context, Workspace};
use crate::crates::{HYPER, ISAHC};
use crate::{shell, steps};

pub(crate) fn run(context: &Context) -> Result<()> {
    let sh = &context.sh;
    shell::run(cmd!(sh, "cargo fmt --all --check"))?;
    // On the main branch the base is its last commit, on another where it left the main branch.
    let base = ["main", "origin/main"]
        .iter()
        .find_map(|main| shell::read(cmd!(sh, "git merge-base {main} HEAD")).ok());
    let base = base.map_or_else(|| "HEAD".to_owned(), |base| base.trim().to_owned());
    let diff = shell::read(cmd!(sh, "git diff --unified=0 {base}"))?;
    let new = shell::read(cmd!(sh, "git ls-files --others --exclude-standard"))?;
    let changes = Changes::read(&diff, &new, &context.workspace);
    if changes.packages.is_empty() {
        println!("no package changed since {base}");
        return Ok(());
    }
    let dependents = changes.dependents(&context.workspace);
    if !dependents.is_empty() {
        let packages = arguments(&dependents);
        shell::run(cmd!(sh, "cargo check --locked {packages...} --all-targets --all-features"))?;
    }
    let packages = &arguments(&changes.packages);
    let lint = cmd!(sh, "cargo clippy --locked {packages...} --all-targets --all-features");
    shell::run(lint.args(["--", "-D", "warnings"]))?;
    let test = cmd!(sh, "cargo test --locked --no-fail-fast {packages...} --all-features");
    context.run_tests(test)?;
    // No plain `cargo test` runs these rules.
    if [HYPER, ISAHC].iter().any(|adapter| changes.packages.contains(adapter)) {
        steps::conformance(context)?;
    }
    println!("\n{}", context.tally.get());
    Ok(())
}

fn arguments<'a>(names: &BTreeSet<&'a str>) -> Vec<&'a str> {
    names.iter().flat_map(|name| ["-p", *name]).collect()
}

/// The packages with a changed file, and those of them whose public part changed.
#[derive(Debug, Default)]
struct Changes<'a> {
    packages: BTreeSet<&'a str>,
    public: BTreeSet<&'a str>,
}

impl<'a> Changes<'a> {
    /// Reads `git diff` and the list of new files.
    fn read(diff: &str, new: &str, workspace: &'a Workspace) -> Self {
        let mut changes = Self::default();
        let mut current = Vec::new();
        for line in diff.lines() {
            let path = line.strip_prefix("+++ b/").or_else(|| line.strip_prefix("--- a/"));
            if let Some(path) = path {
                current = owner(path, workspace).into_iter().collect();
                changes.packages.extend(&current);
            } else if is_public(line) {
                changes.public.extend(&current);
            }
        }
        changes.packages.extend(new.lines().filter_map(|path| owner(path, workspace)));
        changes
    }

    /// Returns the other packages that depend on one whose public part changed.
    fn dependents(&self, workspace: &'a Workspace) -> BTreeSet<&'a str> {
        let changed = |name: &str| self.public.contains(name);
        let packages = workspace.packages.iter();
        packages
            .filter(|package| package.dependencies.iter().any(|it| changed(&it.name)))
            .map(|package| package.name.as_str())
            .filter(|name| !self.packages.contains(name))
            .collect()
    }
}

/// Whether a line of a diff adds or removes something public.
fn is_public(line: &str) -> bool {
    let changed = line.strip_prefix(['+', '-']).map(str::trim_start);
    changed.is_some_and(|code| code.starts_with("pub ") || code.starts_with("#[macro_export]"))
}

fn owner<'a>(path: &str, workspace: &'a Workspace) -> Option<&'a str> {
    let owns = |dir: &str| path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
    let package = workspace.packages.iter().find(|it| owns(&it.dir(workspace)));
    package.map(|it| it.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Dependency, Package};

    #[test]
    fn a_public_change_concerns_the_dependents_too() {
        let package = |name: &str, uses: &str| Package {
            name: name.to_owned(),
            manifest_path: format!("/w/crates/{name}/Cargo.toml").into(),
            dependencies: vec![Dependency { name: uses.to_owned(), ..Dependency::default() }],
            ..Package::default()
        };
        let packages = vec![package("a", ""), package("b", "a"), package("ab", "b")];
        let workspace = Workspace { root: "/w".into(), packages, ..Workspace::default() };
        let read = |diff| Changes::read(diff, "crates/ab/src/new.rs\nREADME.md\n", &workspace);

        let private = read("--- a/crates/a/src/x.rs\n+++ b/crates/a/src/x.rs\n+fn f() {}\n");
        assert_eq!(private.packages, BTreeSet::from(["a", "ab"]));
        assert!(private.dependents(&workspace).is_empty());
        let public = read("--- a/crates/a/src/x.rs\n+++ /dev/null\n-    pub fn f() {}\n");
        assert_eq!(public.dependents(&workspace), BTreeSet::from(["b"]));
    }
}

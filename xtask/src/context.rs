//! The state of a run: the workspace as `cargo metadata` describes it, test counts, omissions.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use xshell::{Cmd, Shell, cmd};

use crate::install::{self, Program};
use crate::shell;
use crate::tally::Tally;

/// Passed from step to step.
#[derive(Debug)]
pub(crate) struct Context {
    /// A shell in the root of the workspace.
    pub(crate) sh: Shell,
    pub(crate) workspace: Workspace,
    pub(crate) tally: Cell<Tally>,
    /// Whether a check that this machine cannot run fails instead of being left out.
    pub(crate) require_all: bool,
    /// The file that every Debian-like system has.
    pub(crate) debian: PathBuf,
    /// What was not checked, and why; printed again at the end.
    pub(crate) not_checked: RefCell<Vec<String>>,
    /// Debian's packages of the programs that were missing.
    pub(crate) missing: RefCell<BTreeSet<&'static str>>,
}

/// The output of `cargo metadata --no-deps`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) homepage: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) rust_version: Option<String>,
    pub(crate) repository: Option<String>,
    /// The registries that it may be published to: none if it is `publish = false`.
    pub(crate) publish: Option<Vec<String>>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a `[dependencies]` table, optional or not, for whatever platform.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `dev`, `build`, or none.
    pub(crate) kind: Option<String>,
    /// Only with a feature.
    #[serde(default)]
    pub(crate) optional: bool,
}

impl Context {
    pub(crate) fn load() -> Result<Self> {
        let sh = Shell::new()?;
        let metadata =
            shell::read(cmd!(sh, "cargo metadata --format-version 1 --no-deps --locked"))?;
        let workspace: Workspace = serde_json::from_str(&metadata)
            .context("cannot read the output of `cargo metadata`")?;
        sh.change_dir(&workspace.root);
        let mut context = Self::new(sh, workspace);
        context.require_all = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        Ok(context)
    }

    pub(crate) fn new(sh: Shell, workspace: Workspace) -> Self {
        Self {
            sh,
            workspace,
            tally: Cell::default(),
            require_all: false,
            debian: "/etc/debian_version".into(),
            not_checked: RefCell::default(),
            missing: RefCell::default(),
        }
    }

    /// The address of the repository, for links to files that are in no page.
    pub(crate) fn repository(&self) -> Result<&str> {
        let mut all = self.workspace.packages.iter().filter_map(|it| it.repository.as_deref());
        all.next().context("no package has a `repository`")
    }

    /// Reports, now and at the end, that something was left unchecked.
    pub(crate) fn not_checked(&self, text: impl Into<String>) {
        let text = text.into();
        println!("NOT CHECKED: {text}");
        self.not_checked.borrow_mut().push(text);
    }

    /// Reports that something was left unchecked; if everything has to be checked, fails.
    pub(crate) fn leave_out(&self, text: impl Into<String>) -> Result<()> {
        let text = text.into();
        if self.require_all {
            bail!("{text}; it is required by `--require-all` or CI=true");
        }
        self.not_checked(text);
        Ok(())
    }

    /// Finds or installs a program; without it, leaves out what it would check.
    pub(crate) fn program(&self, program: &Program, checks: &str) -> Result<Option<PathBuf>> {
        let found = program.find_or_install(self)?;
        if found.is_none() {
            self.leave_out(format!("{checks}: {}", program.missing()))?;
            self.missing.borrow_mut().insert(program.package);
        }
        Ok(found)
    }

    /// Runs a command that downloads what a check needs; without a network, leaves the check out.
    ///
    /// If programs can be installed here, there should be a network, and its lack is an error.
    pub(crate) fn downloads(&self, cmd: Cmd<'_>, checks: &str) -> Result<bool> {
        let Some(reason) = install::download(cmd)? else { return Ok(true) };
        let text = format!("{checks}: {reason}");
        ensure!(!install::can_install(self), "{text}");
        self.leave_out(text)?;
        Ok(false)
    }

    /// Runs a command that ends in test results, adds them to the tally, and accepts no empty run.
    pub(crate) fn run_tests(&self, cmd: Cmd<'_>) -> Result<()> {
        let before = self.tally.get();
        let shown = cmd.to_string();
        shell::run_reading(cmd, |line| self.tally.set(self.tally.get().read(line)))?;
        self.ensure_tests_since(before, &shown)
    }

    /// Runs prepared commands in the same way, some of them at once.
    pub(crate) fn run_tests_side_by_side(
        &self,
        commands: Vec<(String, Command)>,
        at_once: usize,
    ) -> Result<()> {
        let before = self.tally.get();
        let read = |line: &str| self.tally.set(self.tally.get().read(line));
        shell::run_side_by_side(commands, at_once, read)?;
        self.ensure_tests_since(before, "every test program")
    }

    fn ensure_tests_since(&self, before: Tally, shown: &str) -> Result<()> {
        let ran = self.tally.get().since(before).executed();
        ensure!(ran > 0, "`{shown}` ran no test, so it shows nothing");
        Ok(())
    }
}

impl Package {
    pub(crate) fn is_published(&self) -> bool {
        self.publish.is_none()
    }

    /// The folder of the package, relative to the root and with `/`.
    pub(crate) fn dir(&self, workspace: &Workspace) -> String {
        let dir = self.manifest_path.parent().unwrap_or(&self.manifest_path);
        dir.strip_prefix(&workspace.root).unwrap_or(dir).to_string_lossy().replace('\\', "/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packages_of_this_workspace_are_read() {
        let context = Context::load().unwrap();
        let find = |name| context.workspace.packages.iter().find(|it| it.name == name).unwrap();
        let facade = find("easemob-token");
        assert_eq!(facade.dir(&context.workspace), "crates/facade");
        assert!(facade.is_published() && !find("xtask").is_published());
        assert!(facade.dependencies.iter().any(|it| it.kind.as_deref() == Some("dev")));
    }

    #[test]
    fn an_omission_is_noted_or_fails() {
        let mut context = Context::new(Shell::new().unwrap(), Workspace::default());
        context.leave_out("the moon").unwrap();
        assert_eq!(*context.not_checked.borrow(), ["the moon"]);
        context.require_all = true;
        let failure = context.leave_out("the sun").unwrap_err().to_string();
        assert!(failure.starts_with("the sun; it is required"), "{failure}");
    }

    #[test]
    fn a_run_without_test_results_fails() {
        let context = Context::new(Shell::new().unwrap(), Workspace::default());
        let failure = context.run_tests(cmd!(context.sh, "cargo --version")).unwrap_err();
        assert!(failure.to_string().contains("ran no test"), "{failure}");
    }
}

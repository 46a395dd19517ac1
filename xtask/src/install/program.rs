//! Programs that are not part of Rust: found, or installed by root on Debian.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use xshell::cmd;

use super::{DOWNLOAD_LIMIT, succeeds};
use crate::context::Context;
use crate::shell::{self, Ended};

/// Where administrators' programs are; the PATH of an ordinary user often leaves these out.
const MORE_FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

/// A program that is not part of Rust.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// The Debian package that contains it.
    pub(crate) package: &'static str,
    /// The variable that names its place, if it is not in the PATH; our tests read it too.
    ///
    /// Empty for a program that is looked up in the PATH alone.
    pub(crate) variable: &'static str,
    /// The arguments with which it succeeds at once, unless it is broken.
    pub(crate) ask: &'static str,
}

pub(crate) const NPM: Program = Program::new("npm", "npm", "NPM");
pub(crate) const CHROMIUM: Program = Program::new("chromium", "chromium", "CHROMIUM");

impl Program {
    /// A program that has the option `--version`.
    pub(crate) const fn new(
        name: &'static str,
        package: &'static str,
        variable: &'static str,
    ) -> Self {
        Self { name, package, variable, ask: "--version" }
    }

    pub(crate) const fn ask(self, ask: &'static str) -> Self {
        Self { ask, ..self }
    }

    /// Returns its path; as root on a Debian-like system, installs it first if needed.
    ///
    /// Returns `None` if it is missing and cannot be installed here. An installation that fails is an
    /// error.
    pub(crate) fn find_or_install(&self, context: &Context) -> Result<Option<PathBuf>> {
        if let Some(found) = self.find(context)? {
            return Ok(Some(found));
        }
        if !can_install(context) {
            return Ok(None);
        }
        println!("{} is missing; installing Debian's package {}", self.name, self.package);
        let (sh, package) = (&context.sh, self.package);
        let install = || {
            // The package of a server would start it on this machine's port 80.
            let apt = cmd!(sh, "apt-get -q install --yes --no-install-recommends {package}")
                .env("DEBIAN_FRONTEND", "noninteractive")
                .env("SYSTEMD_OFFLINE", "1");
            shell::run_within(apt, DOWNLOAD_LIMIT)
        };
        if install()? != Ended::Success {
            // New images have no package lists, and old lists name packages that are gone.
            shell::run_within(cmd!(sh, "apt-get -q update"), DOWNLOAD_LIMIT)?;
            install()?;
        }
        let found = self.find(context)?;
        ensure!(found.is_some(), "the installation failed, see above: {}", self.missing());
        Ok(found)
    }

    /// Returns the path of the first one that works: a stub or a broken link is none.
    fn find(&self, context: &Context) -> Result<Option<PathBuf>> {
        let sh = &context.sh;
        let works = |path: &PathBuf| {
            path.is_file() && succeeds(cmd!(sh, "{path}").args(self.ask.split_whitespace()))
        };
        if let Some(named) = std::env::var_os(self.variable).filter(|it| !it.is_empty()) {
            let named = PathBuf::from(named);
            ensure!(works(&named), "the variable {} names no program that works", self.variable);
            return Ok(Some(named));
        }
        let path = sh.var_os("PATH").unwrap_or_default();
        let more = MORE_FOLDERS.iter().filter(|_| !self.variable.is_empty()).map(PathBuf::from);
        let folders = std::env::split_paths(&path).chain(more);
        Ok(folders.map(|folder| folder.join(self.name)).find(works))
    }

    pub(crate) fn missing(&self) -> String {
        let install = format!(
            "`{}` is missing or does not run; install it (Debian, Ubuntu: `apt-get install {}`)",
            self.name, self.package
        );
        match self.variable {
            "" => install,
            variable => format!("{install}, or name its path in the variable {variable}"),
        }
    }
}

/// Whether programs can be installed here: by root, on a system with Debian's package manager.
pub(crate) fn can_install(context: &Context) -> bool {
    let sh = &context.sh;
    context.debian.is_file()
        && succeeds(cmd!(sh, "apt-get --version"))
        && shell::read(cmd!(sh, "id -u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(all(test, unix))]
mod tests {
    use xshell::Shell;

    use super::*;
    use crate::context::Workspace;

    /// Makes a system: who `id` says we are, and what `apt-get install` does.
    const SYSTEM: &str = r#"
        make() { printf '#!/bin/sh\n%s\n' "$2" > "$1"; chmod +x "$1"; }
        make id "echo $0"
        case $1 in
            works) make apt-get 'PATH=/usr/bin:/bin
                [ "$1" = --version ] || cp "$0" "${0%/*}/moon"' ;;
            fails) make apt-get '[ "$1" = --version ]' ;;
        esac
        if [ "$2" = broken ]; then make moon 'exit 127'; fi
        if [ "$3" = debian ]; then touch debian_version; fi"#;
    const OFFLINE: &str = "echo 'dns error' >&2; exit 1";
    const MOON: Program = Program::new("moon", "moon-light", "");

    #[test]
    fn a_missing_program_is_installed_or_left_out_or_fails() {
        let missing = MOON.missing();
        let left_out = format!("NOT CHECKED: tides: {missing}");
        let required = format!("tides: {missing}; it is required by `--require-all` or CI=true");
        let failed = format!("the installation failed, see above: {missing}");
        for (user, system, apt, outcome, with_require_all) in [
            ("1000", "debian", "works", &left_out, &required),
            ("0", "debian", "works", &"/moon".to_owned(), &"/moon".to_owned()),
            ("0", "debian", "fails", &failed, &failed),
            ("0", "debian", "is missing", &left_out, &required),
            ("0", "other", "works", &left_out, &required),
            ("1000", "other", "is missing", &left_out, &required),
        ] {
            for (moon, require_all, outcome) in
                [("missing", false, outcome), ("broken", true, with_require_all)]
            {
                let sh = Shell::new().unwrap();
                let folder = sh.create_temp_dir().unwrap();
                sh.change_dir(folder.path());
                cmd!(sh, "sh -c {SYSTEM} {user} {apt} {moon} {system}").quiet().run().unwrap();
                sh.set_var("PATH", folder.path());
                let mut context = Context::new(sh, Workspace::default());
                context.debian = folder.path().join("debian_version");
                context.require_all = require_all;
                let done = match context.program(&MOON, "tides") {
                    Ok(Some(path)) => path.display().to_string(),
                    Ok(None) => format!("NOT CHECKED: {}", context.not_checked.borrow().concat()),
                    Err(error) => error.to_string(),
                };
                let case = format!("{user}, {system}, apt-get {apt}, {moon}, {require_all}");
                assert!(done.ends_with(outcome), "{case}: {done}");
                // Of what is downloaded in another way, the lack of a network has the same outcomes.
                context.not_checked.take();
                let is_expected = user == "0" && system == "debian" && apt != "is missing";
                let done = context.downloads(cmd!(context.sh, "/bin/sh -c {OFFLINE}"), "tides");
                assert_eq!(done.is_err(), require_all || is_expected, "{case}: {done:?}");
                let left_out = context.not_checked.borrow().concat();
                let is_left_out = left_out.ends_with("could not reach the server");
                assert!(is_left_out == done.is_ok() && !done.unwrap_or_default(), "{case}");
                let found = context.downloads(cmd!(context.sh, "/bin/sh -c true"), "tides");
                assert!(found.unwrap(), "{case}");
            }
        }
    }

    #[test]
    fn a_variable_must_name_a_program_that_works() {
        let context = Context::new(Shell::new().unwrap(), Workspace::default());
        // The name of a folder that every process knows.
        let program = Program::new("moon", "moon-light", "PATH");
        let failure = program.find(&context).unwrap_err().to_string();
        assert_eq!(failure, "the variable PATH names no program that works");
        assert!(program.missing().ends_with("or name its path in the variable PATH"));
    }
}

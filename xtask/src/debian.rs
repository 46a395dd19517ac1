//! Programs that are not Rust's: found in the path, or installed as one of Debian's packages.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{Ended, Tool};
use crate::failure::Failure;

/// A program that a step needs.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// What brings it, in Debian.
    pub(crate) package: &'static str,
    /// Where it is, for those who have it elsewhere; the step's own programs read it too.
    pub(crate) variable: &'static str,
}

/// Where administrators' programs are, which an ordinary user's PATH often leaves out.
const MORE_FOLDERS: &[&str] = &["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
/// One package, or the lists before it, over a slow line.
const INSTALL_LIMIT: Duration = Duration::from_secs(300);

impl Program {
    /// Where it is. Where it is nowhere, root on a Debian-like system gets it installed.
    pub(crate) fn find_or_install(&self) -> Result<PathBuf, Failure> {
        if let Some(found) = self.find() {
            return Ok(found);
        }
        if !may_install() {
            let why = ", and only root on a Debian-like system gets it installed from here";
            return Err(self.missing(why));
        }
        println!("no {} is at hand; installing Debian's package {}", self.name, self.package);
        if self.install()? != Ended::Success {
            // Fresh images have no lists of packages, and old lists name packages that are gone.
            apt("update")?;
            self.install()?;
        }
        self.find().ok_or_else(|| self.missing(", also after the attempt to install it, see above"))
    }

    fn find(&self) -> Option<PathBuf> {
        if let Some(named) = std::env::var_os(self.variable) {
            return Some(named.into());
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .chain(MORE_FOLDERS.iter().map(PathBuf::from))
            .map(|folder| folder.join(self.name))
            .find(|program| program.is_file())
    }

    fn install(&self) -> Result<Ended, Failure> {
        apt(&format!("install --yes --no-install-recommends {}", self.package))
    }

    fn missing(&self, why: &str) -> Failure {
        Failure::new(format!(
            "`{}` was not found{why}; install it and run the step again. Debian, Ubuntu: \
             `apt-get install {}`; elsewhere: the package that brings the program `{0}`. Or say in \
             the variable {} where it is",
            self.name, self.package, self.variable,
        ))
    }
}

fn may_install() -> bool {
    let root = Tool::parse("id -u").capture().is_ok_and(|id| id.stdout.trim() == "0");
    root && Path::new("/etc/debian_version").is_file()
}

fn apt(arguments: &str) -> Result<Ended, Failure> {
    Tool::parse(&format!("apt-get -q {arguments}"))
        .env("DEBIAN_FRONTEND", "noninteractive")
        // The package of a server starts it; nobody asked for one on this machine's port 80.
        .env("SYSTEMD_OFFLINE", "1")
        .run_within(INSTALL_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: Program = Program {
        name: "no-such-program-anywhere",
        package: "no-such-package-anywhere",
        variable: "NO_SUCH_PROGRAM_ANYWHERE",
    };
    const SHELL: Program =
        Program { name: "sh", package: "dash", variable: "NO_SUCH_PROGRAM_ANYWHERE" };

    #[test]
    fn a_program_is_found_in_the_path() {
        assert!(SHELL.find().is_some_and(|program| program.ends_with("sh")));
        assert!(NOWHERE.find().is_none());
    }

    #[test]
    fn whoever_lacks_it_is_told_what_brings_it() {
        let said = NOWHERE.missing("").to_string();
        for word in [NOWHERE.name, NOWHERE.package, NOWHERE.variable] {
            assert!(said.contains(word), "{said}");
        }
    }
}

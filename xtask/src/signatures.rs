//! The step `signatures`: dynamic tokens against OpenSSL, found or installed first.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{Ended, Tool};
use crate::context::Context;
use crate::failure::Failure;
use crate::test::run_counted;

const TESTS: &str = "cargo test --locked -p easemob-token-cli --test openssl";
/// Tells the tests where the program is.
const VARIABLE: &str = "OPENSSL";
/// Its name as a program and as a package.
const OPENSSL: &str = "openssl";
/// One package, or the lists before it, over a slow line.
const INSTALL_LIMIT: Duration = Duration::from_secs(300);

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    let openssl = find_or_install()?.display().to_string();
    run_counted(context, &Tool::parse(TESTS).env(VARIABLE, openssl))
}

fn find_or_install() -> Result<PathBuf, Failure> {
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    if let Some(found) = named.or_else(|| in_path(OPENSSL)) {
        return Ok(found);
    }
    let root = Tool::parse("id -u").capture().is_ok_and(|id| id.stdout.trim() == "0");
    if root && Path::new("/etc/debian_version").is_file() {
        println!("no {OPENSSL} is at hand; installing Debian's package of that name");
        if apt("install --yes --no-install-recommends openssl")? != Ended::Success {
            // Fresh images have no lists of packages, and old lists name packages that are gone.
            apt("update")?;
            apt("install --yes --no-install-recommends openssl")?;
        }
    }
    in_path(OPENSSL).ok_or_else(|| {
        Failure::new(format!(
            "the program `{OPENSSL}` was not found, and only root on a Debian-like system gets it \
             installed from here; install it and run the step again. Debian, Ubuntu: `apt-get \
             install {OPENSSL}`; elsewhere: the package of that name. Or say in the variable \
             {VARIABLE} where it is"
        ))
    })
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn apt(arguments: &str) -> Result<Ended, Failure> {
    Tool::parse(&format!("apt-get -q {arguments}"))
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run_within(INSTALL_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_path() {
        assert!(in_path("sh").is_some());
        assert!(in_path("no-such-program-anywhere").is_none());
    }
}

//! The step `servers`: tests against servers that other people wrote, found or installed first.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{Ended, Tool};
use crate::context::Context;
use crate::failure::Failure;
use crate::test::run_counted;

/// A test binary that no plain `cargo test` runs, since it needs a program that is not Rust's.
struct Suite {
    /// The package and the test, as cargo's arguments.
    tests: &'static str,
    needs: &'static [Server],
}

/// A server program.
struct Server {
    program: &'static str,
    /// Its name in Debian and what comes from there.
    package: &'static str,
    /// Tells the tests where the program is.
    variable: &'static str,
}

const SUITES: &[Suite] = &[
    Suite {
        tests: "-p easemob-token-system-tests --test nginx",
        needs: &[Server { program: "nginx", package: "nginx-light", variable: "NGINX" }],
    },
    Suite {
        tests: "-p easemob-token-system-tests --test proxies",
        needs: &[
            // Without the files that would make the system start one.
            Server { program: "tinyproxy", package: "tinyproxy-bin", variable: "TINYPROXY" },
            Server { program: "squid", package: "squid", variable: "SQUID" },
        ],
    },
];

/// Where administrators' programs are, which an ordinary user's PATH often leaves out.
const MORE_FOLDERS: &[&str] = &["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
/// One package of a megabyte, or the lists before it, over a slow line.
const INSTALL_LIMIT: Duration = Duration::from_secs(300);

/// The tests of every suite, as cargo's arguments.
pub(crate) fn tests() -> impl Iterator<Item = &'static str> {
    SUITES.iter().map(|suite| suite.tests)
}

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    for suite in SUITES {
        let mut tool = Tool::parse(&format!("cargo test --locked {}", suite.tests));
        for server in suite.needs {
            tool = tool.env(server.variable, find_or_install(server)?.display().to_string());
        }
        run_counted(context, &tool)?;
    }
    Ok(())
}

fn find_or_install(server: &Server) -> Result<PathBuf, Failure> {
    if let Some(found) = find(server) {
        return Ok(found);
    }
    let missing = |why: &str| {
        Failure::new(format!(
            "`{}` was not found{why}; install it and run the step again. Debian, Ubuntu: \
             `apt-get install {}`; elsewhere: the package that brings the program `{0}`. Or say in \
             the variable {} where it is",
            server.program, server.package, server.variable,
        ))
    };
    if !may_install() {
        return Err(missing(", and only root on a Debian-like system gets it installed from here"));
    }
    println!("no {} is at hand; installing Debian's package {}", server.program, server.package);
    if install(server)? != Ended::Success {
        // Fresh images have no lists of packages, and old lists name packages that are gone.
        apt("update")?;
        install(server)?;
    }
    find(server).ok_or_else(|| missing(", also after the attempt to install it, see above"))
}

fn find(server: &Server) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(server.variable) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(MORE_FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(server.program))
        .find(|program| program.is_file())
}

fn may_install() -> bool {
    let root = Tool::parse("id -u").capture().is_ok_and(|id| id.stdout.trim() == "0");
    root && Path::new("/etc/debian_version").is_file()
}

fn install(server: &Server) -> Result<Ended, Failure> {
    apt(&format!("install --yes --no-install-recommends {}", server.package))
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

    const NOWHERE: Server = Server {
        program: "no-such-server-anywhere",
        package: "no-such-package-anywhere",
        variable: "NO_SUCH_SERVER_ANYWHERE",
    };
    const SHELL: Server =
        Server { program: "sh", package: "dash", variable: "NO_SUCH_SERVER_ANYWHERE" };

    #[test]
    fn a_server_is_found_in_the_path() {
        assert!(find(&SHELL).is_some_and(|program| program.ends_with("sh")));
        assert!(find(&NOWHERE).is_none());
    }

    #[test]
    fn every_suite_is_one_test_binary_that_knows_its_servers() {
        for suite in SUITES {
            assert!(suite.tests.contains("--test "), "{}", suite.tests);
            assert!(!suite.needs.is_empty());
        }
    }
}

//! The step `servers`: tests against servers that other people wrote, found or installed first.

use crate::command::Tool;
use crate::context::Context;
use crate::debian::Program;
use crate::failure::Failure;
use crate::test::run_counted;

/// A test binary that no plain `cargo test` runs, since it needs a program that is not Rust's.
struct Suite {
    /// The package and the test, as cargo's arguments.
    tests: &'static str,
    needs: &'static [Program],
}

const SUITES: &[Suite] = &[
    Suite {
        tests: "-p easemob-token-end-to-end --test nginx",
        needs: &[Program { name: "nginx", package: "nginx-light", variable: "NGINX" }],
    },
    Suite {
        tests: "-p easemob-token-end-to-end --test proxies",
        needs: &[
            // Without the files that would make the system start one.
            Program { name: "tinyproxy", package: "tinyproxy-bin", variable: "TINYPROXY" },
            Program { name: "squid", package: "squid", variable: "SQUID" },
        ],
    },
];

/// The tests of every suite, as cargo's arguments.
pub(crate) fn tests() -> impl Iterator<Item = &'static str> {
    SUITES.iter().map(|suite| suite.tests)
}

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    for suite in SUITES {
        let mut tool = Tool::parse(&format!("cargo test --locked {}", suite.tests));
        for server in suite.needs {
            tool = tool.env(server.variable, server.find_or_install()?.display().to_string());
        }
        run_counted(context, &tool)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_one_test_binary_that_knows_its_servers() {
        for suite in SUITES {
            assert!(suite.tests.contains("--test "), "{}", suite.tests);
            assert!(!suite.needs.is_empty());
        }
    }
}

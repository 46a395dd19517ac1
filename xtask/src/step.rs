//! The steps of `cargo xtask ci`: the name of each, what it is for, and the code behind it.

use crate::command::Tool;
use crate::context::Context;
use crate::failure::Failure;
use crate::{
    bench, clippy, deny, docs, layers, msrv, schedules, servers, signatures, test, tidy, wasm,
};

/// One check that a change has to pass.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// One line for `--help` and for the heading.
    pub(crate) about: &'static str,
    pub(crate) run: fn(&mut Context) -> Result<(), Failure>,
    /// Whether the step runs tests, so that a run of it without one test is a failure.
    pub(crate) runs_tests: bool,
}

/// Every step, in the order in which they run: what answers at once comes first.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        about: "rustfmt has nothing to change",
        run: |_| Tool::parse("cargo fmt --all --check").run(),
        runs_tests: false,
    },
    Step {
        name: "tidy",
        about: "first lines, reasons on every allow, links, both READMEs alike, whitespace",
        run: tidy::run,
        runs_tests: false,
    },
    Step {
        name: "layers",
        about: "who may lean on whom; the core knows no clock, no I/O and no chance",
        run: layers::run,
        runs_tests: false,
    },
    Step {
        name: "wasm",
        about: "core and transport build for wasm32-unknown-unknown",
        run: wasm::run,
        runs_tests: false,
    },
    Step {
        name: "clippy",
        about: "no warning, with the default features, with all, with each and with none",
        run: clippy::run,
        runs_tests: false,
    },
    Step {
        name: "test",
        about: "every test with all features, then the sets of features one by one",
        run: test::run,
        runs_tests: true,
    },
    Step {
        name: "schedules",
        about: "the facade's cache, queue and retry loop in thousands of schedules (shuttle)",
        run: schedules::run,
        runs_tests: true,
    },
    Step {
        name: "conformance",
        about: "both adapters keep every rule of the port, and differ only where they say so",
        run: |_| {
            Tool::parse(
                "cargo run --locked --quiet -p easemob-token-adapter-trials --bin conformance",
            )
            .run()
        },
        runs_tests: false,
    },
    Step {
        name: "servers",
        about: "both adapters behind servers that other people wrote (nginx, tinyproxy, squid)",
        run: servers::run,
        runs_tests: true,
    },
    Step {
        name: "signatures",
        about: "dynamic tokens, computed once more by a shell and OpenSSL",
        run: signatures::run,
        runs_tests: true,
    },
    Step {
        name: "bench",
        about: "what build, parse and the kept token cost, against the kept figures (callgrind)",
        run: bench::gate,
        runs_tests: true,
    },
    Step {
        name: "docs",
        about: "rustdoc without a warning; the code blocks of the READMEs and docs/ pass",
        run: docs::run,
        runs_tests: true,
    },
    Step {
        name: "msrv",
        about: "the libraries build with the oldest Rust that Cargo.toml promises",
        run: msrv::run,
        runs_tests: false,
    },
    Step {
        name: "deny",
        about: "licences, banned and doubled crates, sources, advisories (cargo-deny)",
        run: deny::run,
        runs_tests: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contributors_page_names_every_step() {
        let page = include_str!("../../CONTRIBUTING.md");
        for step in STEPS {
            assert!(page.contains(&format!("\n| `{}` |", step.name)), "{}", step.name);
        }
    }
}

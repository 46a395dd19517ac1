//! The steps of `cargo xtask ci` that mostly run cargo.

use anyhow::{Context as _, Result};
use serde_json::Value;
use xshell::{Cmd, cmd};

use crate::context::Context;
use crate::crates::{ADAPTER_TRIALS, COMMAND, CORE, FACADE, packages};
use crate::install::{
    CHROMIUM, NPM, Program, has_component, has_target, has_toolchain, rustup, succeeds,
};
use crate::problem::{Problem, report};
use crate::shell;
use crate::tidy::SourceFile;
use crate::tidy::markdown::{Block, code_blocks};
use crate::tidy::twins::CHINESE;

/// Everything. Steps that could do with less name it too, since its dependencies are compiled already.
const WHOLE: &str = "--workspace --all-features";
const WASM: &str = "wasm32-unknown-unknown";
const OPENSSL: Program = Program::new("openssl", "openssl", "OPENSSL").ask("version");
/// The test binaries that no plain `cargo test` runs, and the servers that they need.
const SERVERS: &[(&str, &[Program])] = &[
    ("nginx", &[Program::new("nginx", "nginx-light", "NGINX").ask("-v")]),
    (
        "proxies",
        &[
            // The package `tinyproxy` would also make the system start one.
            Program::new("tinyproxy", "tinyproxy-bin", "TINYPROXY").ask("-v"),
            Program::new("squid", "squid", "SQUID").ask("-v"),
        ],
    ),
    (
        "redis",
        // One binary is the server, Sentinel and this tool, by the name under which it is started.
        // The package `redis-server` would also make the system start one.
        &[Program::new("redis-check-rdb", "redis-tools", "REDIS_SERVER")],
    ),
];
/// The shells whose completion scripts the tests of the command drive.
const SHELLS: &[Program] = &[
    Program::new("bash", "bash", "BASH_PROGRAM"),
    Program::new("zsh", "zsh", "ZSH_PROGRAM"),
    Program::new("fish", "fish", "FISH_PROGRAM"),
    Program::new("mandoc", "mandoc", "MANDOC").ask(""),
];
/// Gives a command its own files and processes; only Linux has it.
const UNSHARE: Program = Program::new("unshare", "util-linux", "");
/// Tests in other languages, by the beginning of their names, and the programs that they need.
const FOREIGN: &[(&str, &[Program])] = &[
    ("pytest", &[Program::new("pytest-3", "python3-pytest", "PYTEST")]),
    ("node", &[Program::new("node", "nodejs", "NODE")]),
    ("php", &[Program::new("php", "php-cli", "PHP")]),
    ("java", &[Program::new("java", "default-jdk-headless", "JAVA")]),
    ("go", &[Program::new("go", "golang-go", "GO").ask("version")]),
    ("browser", &[NPM, CHROMIUM]),
    (
        "pypi",
        &[Program::new("python3", "python3", "PYTHON"), Program::new("pip3", "python3-pip", "PIP")],
    ),
];
/// The file of the facade whose module `pages` makes doctests of the READMEs and `docs/`.
const PAGES: &str = "crates/facade/src/lib.rs";

pub(crate) fn fmt(context: &Context) -> Result<()> {
    if !has_component(context, "fmt", "rustfmt")? {
        return Ok(());
    }
    shell::run(cmd!(context.sh, "cargo fmt --all --check"))
}

pub(crate) fn wasm(context: &Context) -> Result<()> {
    let sh = &context.sh;
    if !has_target(sh, WASM) {
        println!("the target {WASM} is not installed; adding it");
        if let Some(reason) = rustup(sh, &["target", "add", WASM])? {
            return context.leave_out(format!(
                "that core and transport build for {WASM}: {reason} (without rustup: install your \
                 distribution's Rust standard library for {WASM})"
            ));
        }
    }
    let packages = packages(|it| it.wasm);
    shell::run(cmd!(sh, "cargo check --locked {packages...} --all-features --target {WASM}"))
}

pub(crate) fn clippy(context: &Context) -> Result<()> {
    if !has_component(context, "clippy", "clippy")? {
        return Ok(());
    }
    let mut choices = vec![WHOLE.to_owned()];
    // Without features and with each; the defaults are among them. If a crate has one feature, that
    // is all of them.
    for package in &context.workspace.packages {
        let sets = package.feature_sets();
        choices.extend(sets.iter().take(if sets.len() == 2 { 1 } else { sets.len() }).cloned());
    }
    for choice in choices {
        // The tests of the sets that the step `test` compiles need not be compiled once more.
        let targets = if choice.contains("--features") { "" } else { "--all-targets" };
        shell::run(lint(context, &choice, targets))?;
    }
    // `--all-targets` leaves out what no plain `cargo test` runs.
    let tests = SERVERS.iter().map(|(test, _)| *test).chain(["conformance", "foreign", "openssl"]);
    let tests: Vec<_> = tests.map(|test| format!("--test {test}")).collect();
    shell::run(lint(context, WHOLE, &tests.join(" ")))
}

fn lint<'a>(context: &'a Context, packages: &str, targets: &str) -> Cmd<'a> {
    let (packages, targets) = (packages.split_whitespace(), targets.split_whitespace());
    cmd!(context.sh, "cargo clippy --locked {packages...} {targets...} -- -D warnings")
}

pub(crate) fn test(context: &Context) -> Result<()> {
    let mut missing = Vec::new();
    for shell in SHELLS {
        let checks = format!("completions or manual pages in {}", shell.name);
        if context.program(shell, &checks)?.is_none() {
            // The tests would take one that does not work; a name that cannot be started they leave out.
            missing.push((shell.variable, ""));
        }
    }
    has_namespaces(context)?;
    for choice in test_choices(context)? {
        // All failures of one command are worth seeing, so the first does not end it.
        let words = choice.split_whitespace();
        let test = cmd!(context.sh, "cargo test --locked --no-fail-fast {words...}");
        context.run_tests(test.envs(missing.iter().copied()))?;
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

/// Returns the sets of packages and features that are tested: all, then those that could differ.
fn test_choices(context: &Context) -> Result<Vec<String>> {
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
        format!("-p {ADAPTER_TRIALS} --test leaks_*"),
    ]);
    Ok(choices)
}

pub(crate) fn schedules(context: &Context) -> Result<()> {
    let sh = &context.sh;
    // `--cfg shuttle` goes to the facade alone, so that everything below it is compiled once.
    let build = "--no-default-features --lib --profile test --message-format \
                 json-render-diagnostics -- --cfg shuttle";
    let build = build.split_whitespace();
    let messages = shell::read(cmd!(sh, "cargo rustc --locked --quiet -p {FACADE} {build...}"))?;
    let program = executable(&messages).context("cargo reports no test program")?;
    // The other unit tests use no scheduler.
    context.run_tests(cmd!(sh, "{program} schedules::"))
}

/// Returns the test program that cargo's messages name.
fn executable(messages: &str) -> Option<String> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| message["executable"].as_str().map(str::to_owned)).next_back()
}

pub(crate) fn conformance(context: &Context) -> Result<()> {
    let run = "cargo run --locked --quiet";
    let run = run.split_whitespace().skip(1);
    shell::run(cmd!(context.sh, "cargo {run...} -p {ADAPTER_TRIALS} --bin conformance"))
}

pub(crate) fn servers(context: &Context) -> Result<()> {
    for (test, needs) in SERVERS {
        let mut cmd = cmd!(context.sh, "cargo test --locked").args(WHOLE.split(' '));
        cmd = cmd.args(["--test", test]);
        let mut is_complete = true;
        for server in *needs {
            let checks = format!("everything with {}", server.name);
            match context.program(server, &checks)? {
                Some(program) => cmd = cmd.env(server.variable, program),
                None => is_complete = false,
            }
        }
        if is_complete {
            context.run_tests(cmd)?;
        }
    }
    Ok(())
}

pub(crate) fn samples(context: &Context) -> Result<()> {
    let mut test = cmd!(context.sh, "cargo test --locked").args(WHOLE.split(' '));
    test = test.args(["--test", "foreign", "--"]);
    let mut is_empty = true;
    for (name, needs) in FOREIGN {
        let mut programs = Vec::new();
        for program in *needs {
            let checks = format!("the emulator with {}", program.name);
            programs.extend(context.program(program, &checks)?.map(|it| (program.variable, it)));
        }
        if programs.len() == needs.len() {
            is_empty = false;
            test = test.arg(name).envs(programs);
        }
    }
    if is_empty { Ok(()) } else { context.run_tests(test) }
}

pub(crate) fn signatures(context: &Context) -> Result<()> {
    let Some(openssl) = context.program(&OPENSSL, "dynamic tokens against OpenSSL")? else {
        return Ok(());
    };
    let test = cmd!(context.sh, "cargo test --locked").args(WHOLE.split(' '));
    context.run_tests(test.args(["--test", "openssl"]).env(OPENSSL.variable, openssl))
}

pub(crate) fn docs(context: &Context) -> Result<()> {
    let sh = &context.sh;
    let files = crate::tidy::read_files(&context.workspace.root)?;
    report(pages_missing_in(&sh.read_file(PAGES)?, &files), "pages with Rust blocks")?;
    // Libraries alone: the doc comments of a command are its `--help`, written for a terminal.
    let doc = cmd!(sh, "cargo doc --locked --workspace --lib --no-deps --all-features");
    // The step `test` runs the Rust blocks, with the other doctests.
    shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn pages_missing_in(lib: &str, files: &[SourceFile]) -> Vec<Problem> {
    let is_page = |file: &&SourceFile| {
        let readme = !file.path.contains('/') && file.path.starts_with("README");
        file.has_extension("md") && (readme || file.path.starts_with("docs/"))
    };
    files
        .iter()
        .filter(is_page)
        // The code of a translation is the same, as the step `tidy` checks.
        .filter(|file| !file.path.ends_with(CHINESE))
        .filter(|file| code_blocks(&file.text).iter().any(Block::is_rust))
        .filter(|file| !lib.contains(&format!("include_str!(\"../../../{}\")", file.path)))
        .map(|file| Problem::new(&file.path, 0, format!("has Rust blocks; include it in {PAGES}")))
        .collect()
}

pub(crate) fn msrv(context: &Context) -> Result<()> {
    let core = context.workspace.packages.iter().find(|it| it.name == CORE);
    let promised = core.and_then(|core| core.rust_version.clone());
    let promised = promised.context("the core has no `rust-version`")?;
    // rustup takes `1.85` for the newest 1.85.x; the promise is about the first.
    let patch = if promised.matches('.').count() == 1 { ".0" } else { "" };
    let toolchain = format!("{promised}{patch}");
    let sh = &context.sh;
    if !has_toolchain(sh, &toolchain) {
        let install = ["toolchain", "install", &toolchain, "--profile", "minimal"];
        if let Some(reason) = rustup(sh, &[&install[..], &["--no-self-update"]].concat())? {
            return context
                .leave_out(format!("that the libraries build with Rust {promised}: {reason}"));
        }
    }
    let packages = packages(|it| it.msrv);
    // `rustup run` and not `cargo +…`, which works only if cargo is rustup's.
    let check = cmd!(sh, "rustup run {toolchain} cargo check --locked {packages...}");
    shell::run(check.args(["--features", "easemob-token/dynamic"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facade_is_tested_with_each_transport_and_with_none() {
        let choices = test_choices(&Context::load().unwrap()).unwrap();
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
    fn the_test_program_is_found_among_the_messages_of_cargo() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"/target/it\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages).as_deref(), Some("/target/it"));
        assert_eq!(executable("{\"executable\":null}\nno json\n"), None);
    }

    #[test]
    fn a_page_with_rust_blocks_must_be_included() {
        let page = SourceFile::new;
        let files = [
            page("README.md", "```rust\nlet x = 1;\n```\n"),
            page("docs/guide.md", "```rust,no_run\nlet x = 1;\n```\n"),
            page("docs/guide.zh-CN.md", "```rust,no_run\nlet x = 1;\n```\n"),
            page("docs/errors.md", "```console\n$ ls\n```\n"),
            page("CONTRIBUTING.md", "```rust\nlet x = 1;\n```\n"),
        ];
        let missing = pages_missing_in("#[doc = include_str!(\"../../../README.md\")]", &files);
        assert_eq!(
            missing.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(),
            ["docs/guide.md"]
        );
    }
}

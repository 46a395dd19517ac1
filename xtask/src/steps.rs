//! The steps of `cargo xtask ci` that mostly run cargo.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use xshell::{Cmd, cmd};

use crate::context::Context;
use crate::crates::{CORE, FACADE, packages};
use crate::install::{CHROMIUM, NPM, Program, has_component, has_target, has_toolchain, rustup};
use crate::problem::{Problem, report};
use crate::shell;
use crate::test;
use crate::tidy::SourceFile;
use crate::tidy::markdown::{Block, code_blocks};
use crate::tidy::twins::CHINESE;

/// Everything. Steps that could do with less name it too, since its dependencies are compiled already.
pub(crate) const WHOLE: &str = "--workspace --all-features";
const WASM: &str = "wasm32-unknown-unknown";
const OPENSSL: Program = Program::new("openssl", "openssl", "OPENSSL").ask("version");
/// The test binaries that no plain `cargo test` runs, and the servers that they need.
pub(crate) const SERVERS: &[(&str, &[Program])] = &[
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

pub(crate) fn schedules(context: &Context) -> Result<()> {
    let sh = &context.sh;
    // `--cfg shuttle` goes to the facade alone, so that everything below it is compiled once.
    let build = "--no-default-features --lib --profile test --message-format \
                 json-render-diagnostics -- --cfg shuttle";
    let build = build.split_whitespace();
    let messages =
        shell::read_shown(cmd!(sh, "cargo rustc --locked --quiet -p {FACADE} {build...}"))?;
    let programs = test::programs(&messages);
    let program = &programs.first().context("cargo reports no test program")?.path;
    // The other unit tests use no scheduler.
    context.run_tests(cmd!(sh, "{program} schedules::"))
}

pub(crate) fn conformance(context: &Context) -> Result<()> {
    // The step `test` has built it with these tests, and `cargo run` would build it anew without
    // what only tests depend on.
    test::build(context, test::LEAKS)?;
    let name = format!("conformance{}", std::env::consts::EXE_SUFFIX);
    let program = context.workspace.target.join("debug").join(name);
    shell::run(cmd!(context.sh, "{program}"))
}

pub(crate) fn servers(context: &Context) -> Result<()> {
    let mut selection = WHOLE.to_owned();
    let mut variables = Vec::new();
    for (test, needs) in SERVERS {
        let mut found = Vec::new();
        for server in *needs {
            let checks = format!("everything with {}", server.name);
            found.extend(context.program(server, &checks)?.map(|it| (server.variable, it)));
        }
        if found.len() == needs.len() {
            selection += &format!(" --test {test}");
            variables.extend(found);
        }
    }
    if variables.is_empty() {
        return Ok(());
    }
    let programs = test::build(context, &selection)?;
    let commands = programs.iter().map(|it| it.command(context, &[], &variables)).collect();
    context.run_tests_side_by_side(commands, test::AT_ONCE)
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
        if programs.len() == needs.len() && packages_are_in_reach(context, name, &programs)? {
            is_empty = false;
            test = test.arg(name).envs(programs);
        }
    }
    if is_empty { Ok(()) } else { context.run_tests(test) }
}

/// Whether the test gets its packages: it needs none, or their server answers.
///
/// The test downloads them itself. If that failed, it could be for any reason.
fn packages_are_in_reach(
    context: &Context,
    test: &str,
    programs: &[(&str, PathBuf)],
) -> Result<bool> {
    let sh = &context.sh;
    // Two attempts, at once: by default npm and pip wait for up to a minute.
    let ask = match (test, programs) {
        ("browser", [(_, npm), ..]) => cmd!(sh, "{npm} view --loglevel=error --fetch-retries=1")
            .args(["--fetch-retry-mintimeout=1000", "easemob-websdk", "version"]),
        ("pypi", [.., (_, pip)]) => cmd!(sh, "{pip} download --quiet --retries 1 --no-deps six")
            .arg("--dest")
            .arg(context.workspace.target.join("tmp")),
        _ => return Ok(true),
    };
    context.downloads(ask, &format!("the emulator with {test}"))
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
    let sh = &context.sh;
    let toolchain = oldest_toolchain(context).context("the core has no `rust-version`")?;
    if !has_toolchain(sh, &toolchain) {
        let install = ["toolchain", "install", &toolchain, "--profile", "minimal"];
        if let Some(reason) = rustup(sh, &[&install[..], &["--no-self-update"]].concat())? {
            return context
                .leave_out(format!("that the libraries build with Rust {toolchain}: {reason}"));
        }
    }
    shell::run(check_with(context, &toolchain))
}

/// Returns the command of the step `msrv`, if its toolchain is installed.
pub(crate) fn msrv_check(context: &Context) -> Option<Cmd<'_>> {
    let toolchain = oldest_toolchain(context)?;
    has_toolchain(&context.sh, &toolchain).then(|| check_with(context, &toolchain))
}

fn oldest_toolchain(context: &Context) -> Option<String> {
    let core = context.workspace.packages.iter().find(|it| it.name == CORE)?;
    let promised = core.rust_version.as_ref()?;
    // rustup takes `1.85` for the newest 1.85.x; the promise is about the first.
    let patch = if promised.matches('.').count() == 1 { ".0" } else { "" };
    Some(format!("{promised}{patch}"))
}

fn check_with<'a>(context: &'a Context, toolchain: &str) -> Cmd<'a> {
    let packages = packages(|it| it.msrv);
    // `rustup run` and not `cargo +…`, which works only if cargo is rustup's.
    cmd!(context.sh, "rustup run {toolchain} cargo check --locked {packages...}")
        .args(["--features", "easemob-token/dynamic"])
        // Another compiler shares nothing with the other steps, but would share their lock.
        .env("CARGO_TARGET_DIR", context.workspace.target.join("msrv"))
}

#[cfg(test)]
mod tests {
    use super::*;

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

//! The command `cargo xtask api`: the public API beside that of the last release.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use xshell::{Cmd, cmd};

use crate::context::Context;
use crate::crates::{COMMAND, CRATES};
use crate::install::{CargoTool, has_toolchain, rustup};
use crate::{release, shell};

const SEMVER_CHECKS: CargoTool =
    CargoTool { name: "cargo-semver-checks", version: "0.51.0", ask: &["semver-checks"] };
const PUBLIC_API: CargoTool =
    CargoTool { name: "cargo-public-api", version: "0.52.0", ask: &["public-api"] };

/// Compare the public API with that of the last release, and document it as docs.rs does
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these packages [default: every published library]
    #[arg(long, short)]
    package: Vec<String>,
}

/// Every published crate with a public API.
pub(crate) fn libraries() -> Vec<&'static str> {
    let published = CRATES.iter().filter(|it| it.published && it.name != COMMAND);
    published.map(|it| it.name).collect()
}

pub(crate) fn run(options: &Options, context: &Context) -> Result<()> {
    let copy = release::copy_of_head(context)?;
    let named = options.package.iter().map(String::as_str).collect();
    let names: Vec<&str> = if options.package.is_empty() { libraries() } else { named };
    compare(context, &copy, &names)?;
    as_docs_rs(context, &copy, &names)
}

/// Lists what changed since the last release, and fails if the version does not permit it.
///
/// Works in a copy, since cargo-public-api switches the work tree between both commits.
pub(crate) fn compare(context: &Context, copy: &Path, names: &[&str]) -> Result<()> {
    let sh = &context.sh;
    let _copy = sh.push_dir(copy);
    // The tag of the version that is being released is on the last commit itself.
    let before = cmd!(sh, "git describe --tags --abbrev=0 --match v[0-9]* HEAD~1");
    let Ok(last) = shell::read(before) else {
        context.not_checked("the public API: there is no release (a tag `v…`) to compare it with");
        return Ok(());
    };
    let last = last.trim();
    nightly(context, "the public API as a list")?;
    let program = PUBLIC_API.find_or_install(context)?;
    for name in names {
        let list = cmd!(sh, "{program} public-api -p {name} --all-features -sss diff {last}..HEAD");
        shell::run(with_target(context, list).env("RUSTUP_TOOLCHAIN", "nightly"))
            .with_context(|| format!("cannot list the public API of {name}"))?;
    }
    let program = SEMVER_CHECKS.find_or_install(context)?;
    let names = names.iter().flat_map(|name| ["-p", name]);
    let check = cmd!(sh, "{program} semver-checks {names...} --all-features --baseline-rev {last}");
    shell::run(with_target(context, check)).context("the version does not permit these changes")
}

/// Builds the documentation as docs.rs does.
pub(crate) fn as_docs_rs(context: &Context, copy: &Path, names: &[&str]) -> Result<()> {
    nightly(context, "the documentation with the flags of docs.rs")?;
    let names = names.iter().flat_map(|name| ["-p", name]);
    let _copy = context.sh.push_dir(copy);
    let doc = cmd!(context.sh, "cargo doc --locked --lib --no-deps --all-features {names...}");
    let doc =
        doc.env("RUSTUP_TOOLCHAIN", "nightly").env("RUSTDOCFLAGS", "--cfg docsrs -D warnings");
    shell::run(with_target(context, doc))
}

fn nightly(context: &Context, what: &str) -> Result<()> {
    if has_toolchain(&context.sh, "nightly") {
        return Ok(());
    }
    let install = ["toolchain", "install", "nightly", "--profile", "minimal"];
    match rustup(&context.sh, &install)? {
        Some(reason) => bail!("{what} needs a nightly Rust: {reason}"),
        None => Ok(()),
    }
}

/// Gives the command a target folder that the copies share.
fn with_target<'a>(context: &Context, cmd: Cmd<'a>) -> Cmd<'a> {
    cmd.env("CARGO_TARGET_DIR", context.workspace.target.join("api"))
}

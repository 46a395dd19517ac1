//! The command `cargo xtask api`: the public API beside that of the last release.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use xshell::{Cmd, cmd};

use crate::context::Context;
use crate::crates::{COMMAND, packages};
use crate::install::{CargoTool, has_toolchain, rustup};
use crate::{release, shell};

const SEMVER_CHECKS: CargoTool =
    CargoTool { name: "cargo-semver-checks", version: "0.51.0", ask: &["semver-checks"] };
const PUBLIC_API: CargoTool =
    CargoTool { name: "cargo-public-api", version: "0.52.0", ask: &["public-api"] };

pub(crate) fn run(context: &Context) -> Result<()> {
    let copy = release::copy_of_head(context)?;
    compare(context, &copy)?;
    as_docs_rs(context, &copy)
}

/// Lists what changed since the last release, and fails if the version does not permit it.
///
/// Works in a copy, since cargo-public-api switches the work tree between both commits.
pub(crate) fn compare(context: &Context, copy: &Path) -> Result<()> {
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
    let libraries = packages(|it| it.published && it.name != COMMAND);
    for name in libraries.iter().filter(|word| **word != "-p") {
        let list = cmd!(sh, "{program} public-api -p {name} --all-features -sss diff {last}..HEAD");
        shell::run(with_target(context, list).env("RUSTUP_TOOLCHAIN", "nightly"))
            .with_context(|| format!("cannot list the public API of {name}"))?;
    }
    let program = SEMVER_CHECKS.find_or_install(context)?;
    let check = cmd!(sh, "{program} semver-checks --all-features --baseline-rev {last}");
    shell::run(with_target(context, check.args(libraries)))
        .context("the version does not permit these changes")
}

/// Builds the documentation as docs.rs does.
pub(crate) fn as_docs_rs(context: &Context, copy: &Path) -> Result<()> {
    nightly(context, "the documentation with the flags of docs.rs")?;
    let libraries = packages(|it| it.published && it.name != COMMAND);
    let _copy = context.sh.push_dir(copy);
    let doc = cmd!(context.sh, "cargo doc --locked --lib --no-deps --all-features {libraries...}");
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

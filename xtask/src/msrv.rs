//! The step `msrv`: the libraries build with the oldest Rust that `Cargo.toml` promises.

use crate::command::Tool;
use crate::context::Context;
use crate::failure::Failure;
use crate::toolchain::{Added, rustup};

/// What people depend on. The adapter over isahc is left out: libcurl would be compiled once more
/// for this toolchain, and the crate itself uses nothing that the others do not.
const LIBRARIES: &str = "-p easemob-token-core -p easemob-token-transport \
                         -p easemob-token-transport-hyper -p easemob-token \
                         --features easemob-token/dynamic";

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    let promised = context.member("easemob-token-core")?.rust_version.clone();
    let Some(promised) = promised else {
        return Err(Failure::new("easemob-token-core has no `rust-version`"));
    };
    let toolchain = full_version(&promised);
    if !is_installed(&toolchain) {
        println!("Rust {toolchain} is not installed; adding it");
        let install = format!("toolchain install {toolchain} --profile minimal --no-self-update");
        if let Added::Unreachable(why) = rustup(&install)? {
            context.not_checked(format!("that the libraries build with Rust {promised}: {why}"));
            return Ok(());
        }
    }
    // `rustup run` and not `cargo +…`, which works only where cargo is rustup's.
    Tool::parse(&format!("rustup run {toolchain} cargo check --locked {LIBRARIES}")).run()
}

/// rustup takes `1.85` for the newest 1.85.x; the promise is about the first.
fn full_version(version: &str) -> String {
    if version.matches('.').count() == 1 { format!("{version}.0") } else { version.to_owned() }
}

fn is_installed(toolchain: &str) -> bool {
    Tool::parse(&format!("rustup run {toolchain} cargo --version"))
        // Where rustup is told to install by itself, the question would start a download.
        .env("RUSTUP_AUTO_INSTALL", "0")
        .capture()
        .is_ok_and(|asked| asked.success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promise_is_about_the_first_patch_release() {
        assert_eq!(full_version("1.85"), "1.85.0");
        assert_eq!(full_version("1.85.1"), "1.85.1");
    }

    #[test]
    fn a_toolchain_that_nobody_has_is_not_installed() {
        assert!(!is_installed("1.0.99"));
    }
}

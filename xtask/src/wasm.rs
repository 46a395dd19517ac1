//! The step `wasm`: core and transport build where there is no clock, no file and no thread.

use std::path::Path;

use crate::command::Tool;
use crate::context::Context;
use crate::failure::Failure;
use crate::toolchain::{Added, rustup};

const TARGET: &str = "wasm32-unknown-unknown";

pub(crate) fn run(_: &mut Context) -> Result<(), Failure> {
    if !is_installed()? {
        println!("the target {TARGET} is not installed; adding it");
        if let Added::Unreachable(why) = rustup(&format!("target add {TARGET}"))? {
            // One download in the life of a machine: silence here would hide a broken door.
            return Err(Failure::new(format!(
                "the target {TARGET} is needed and {why}; add it with network: \
                 rustup target add {TARGET} (without rustup: your distribution's package of the \
                 Rust standard library for {TARGET})"
            )));
        }
    }
    Tool::parse(&format!(
        "cargo check --locked -p easemob-token-core -p easemob-token-transport --all-features \
         --target {TARGET}"
    ))
    .run()
}

/// Asks rustc and not rustup, so that a standard library from elsewhere counts too.
fn is_installed() -> Result<bool, Failure> {
    let asked = Tool::parse(&format!("rustc --print target-libdir --target {TARGET}")).capture()?;
    Ok(asked.success && holds_a_library(Path::new(asked.stdout.trim())))
}

fn holds_a_library(dir: &Path) -> bool {
    let is_core =
        |name: std::ffi::OsString| name.to_str().is_some_and(|name| name.starts_with("libcore-"));
    std::fs::read_dir(dir)
        .is_ok_and(|mut entries| entries.any(|e| e.is_ok_and(|e| is_core(e.file_name()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_of_this_machine_is_found_and_a_missing_one_is_not() {
        let here = Tool::parse("rustc --print target-libdir").capture().unwrap();
        assert!(holds_a_library(Path::new(here.stdout.trim())));
        assert!(!holds_a_library(Path::new("/no/such/folder")));
        assert!(!holds_a_library(Path::new(env!("CARGO_MANIFEST_DIR"))));
    }
}

//! The step `docs`: rustdoc without a warning, and the code blocks of the book are run as tests.
//!
//! The book is the READMEs and `docs/`. Its Rust blocks are doctests of the facade, which includes
//! the pages in [`BOOK`]; a page with Rust in it that is missing there is a failure.

use std::path::Path;

use crate::command::Tool;
use crate::context::Context;
use crate::failure::{Failure, Problem, report};
use crate::test::run_counted;
use crate::tidy::markdown::{Block, code_blocks};
use crate::tidy::{SourceFile, read_files};

/// The file of the facade whose module `pages` includes them.
const BOOK: &str = "crates/facade/src/lib.rs";

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    let files = read_files(&context.root)?;
    let book = std::fs::read_to_string(context.root.join(BOOK))
        .map_err(|error| Failure::caused(BOOK, error))?;
    report(pages_missing_in(&book, &files), "pages with Rust in them")?;
    // Libraries alone: the doc comments of a command are its `--help`, written for a terminal.
    Tool::parse("cargo doc --locked --workspace --lib --no-deps --all-features")
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    let doctests =
        Tool::parse("cargo test --locked -p easemob-token --all-features --doc -- pages::");
    run_counted(context, &doctests)
}

fn pages_missing_in(book: &str, files: &[SourceFile]) -> Vec<Problem> {
    let is_page = |path: &str| {
        let in_docs = path.starts_with("docs/");
        let readme = !path.contains('/') && path.starts_with("README");
        is_markdown(path) && (in_docs || readme)
    };
    files
        .iter()
        .filter(|file| is_page(&file.path))
        .filter(|file| code_blocks(&file.text).iter().any(Block::is_rust))
        .filter(|file| !book.contains(&format!("include_str!(\"../../../{}\")", file.path)))
        .map(|file| {
            Problem::new(&file.path, 0, format!("has Rust blocks, but {BOOK} does not include it"))
        })
        .collect()
}

fn is_markdown(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_with_rust_has_to_be_in_the_book() {
        let page = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
        let files = [
            page("README.md", "```rust\nlet x = 1;\n```\n"),
            page("docs/guide.md", "```rust,no_run\nlet x = 1;\n```\n"),
            page("docs/errors.md", "```console\n$ ls\n```\n"),
            page("CONTRIBUTING.md", "```rust\nlet x = 1;\n```\n"),
        ];
        let book = "#[doc = include_str!(\"../../../README.md\")]";
        let missing: Vec<_> =
            pages_missing_in(book, &files).into_iter().map(|problem| problem.path).collect();
        assert_eq!(missing, ["docs/guide.md"]);
    }
}

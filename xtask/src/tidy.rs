//! The step `tidy`: what no compiler looks at, file by file.

mod dependencies;
mod files;
mod links;
pub(crate) mod markdown;
mod places;
mod readmes;
mod rust;

use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use crate::context::Context;
use crate::failure::{Failure, report};

/// A file of the repository; the path is relative to its root and written with `/`.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    pub(crate) path: String,
    /// Empty where the file is no text.
    pub(crate) text: String,
}

impl SourceFile {
    pub(crate) fn has_extension(&self, wanted: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == wanted)
    }

    fn is_rust_of_ours(&self) -> bool {
        self.has_extension("rs")
            && ["crates/", "examples/", "xtask/"].iter().any(|room| self.path.starts_with(room))
    }
}

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    let files = read_files(&context.root)?;
    let mut problems = Vec::new();
    for file in &files {
        if file.is_rust_of_ours() {
            problems.extend(rust::check(file));
        }
        if file.has_extension("md") {
            problems.extend(markdown::check_blocks(file));
        }
        problems.extend(files::check(file));
        problems.extend(places::check(file, &context.root));
    }
    problems.extend(files::check_presence(&files));
    problems.extend(links::check(&files));
    problems.extend(readmes::check(&files));
    problems.extend(dependencies::check(&context.members, &files));
    report(problems, &format!("{} files", files.len()))
}

/// Every file below the root but git's own and what a build leaves behind.
pub(crate) fn read_files(root: &Path) -> Result<Vec<SourceFile>, Failure> {
    let mut files = Vec::new();
    for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(is_ours) {
        let entry = entry.map_err(|error| Failure::caused("reading the repository", error))?;
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        let bytes = std::fs::read(path)
            .map_err(|error| Failure::caused(path.display().to_string(), error))?;
        let relative = path.strip_prefix(root).unwrap_or(path);
        files.push(SourceFile {
            path: relative.to_string_lossy().replace('\\', "/"),
            text: String::from_utf8(bytes).unwrap_or_default(),
        });
    }
    Ok(files)
}

fn is_ours(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    // Cargo marks every target folder so, whatever its name.
    let built = entry.file_type().is_dir() && entry.path().join("CACHEDIR.TAG").is_file();
    !(built || name == ".git")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_read_without_what_was_built() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let files = read_files(root).unwrap();
        assert!(files.iter().any(|file| file.path == "xtask/src/tidy.rs"));
        assert!(!files.iter().any(|file| file.path.starts_with("target/")));
        assert!(!files.iter().any(|file| file.path.starts_with(".git/")));
    }
}

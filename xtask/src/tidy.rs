//! The step `tidy`: what no compiler looks at, file by file.

mod files;
pub(crate) mod links;
pub(crate) mod markdown;
mod places;
mod prose;
mod rust;
pub(crate) mod twins;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use walkdir::{DirEntry, WalkDir};

use crate::context::{Context, Package};
use crate::pictures;
use crate::problem::{Problem, report};
use crate::weight;

const DEPENDENCIES: &str = "docs/dependencies.md";

/// A file of the repository; the path is relative to its root and written with `/`.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    pub(crate) path: String,
    /// Empty for a file that is not text.
    pub(crate) text: String,
}

impl SourceFile {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn has_extension(&self, wanted: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == wanted)
    }
}

pub(crate) fn run(context: &Context) -> Result<()> {
    let root = &context.workspace.root;
    let files = read_files(root)?;
    let words = prose::read_words();
    let mut problems = Vec::new();
    for file in &files {
        if file.has_extension("rs") && !file.path.starts_with("fuzz/") {
            problems.extend(rust::check(file));
        }
        if file.has_extension("md") {
            problems.extend(markdown::check_blocks(file));
        }
        problems.extend(files::check(file));
        problems.extend(places::check(file, root));
        problems.extend(prose::check(file, &words));
    }
    problems.extend(files::check_presence(&files));
    problems.extend(links::check(&files));
    problems.extend(twins::check(&files));
    problems.extend(without_reason(&context.workspace.packages, &files));
    problems.extend(pictures::check(&context.workspace, &files));
    problems.extend(weight::check(&context.workspace, &files));
    report(problems, &format!("{} files", files.len()))
}

/// Every crate that somebody else wrote has its reason in `docs/dependencies.md`.
fn without_reason(packages: &[Package], files: &[SourceFile]) -> Vec<Problem> {
    let Some(page) = files.iter().find(|file| file.path == DEPENDENCIES) else {
        return Vec::new();
    };
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let used = packages.iter().flat_map(|package| &package.dependencies);
    let used: BTreeSet<&str> = used.map(|dependency| dependency.name.as_str()).collect();
    used.difference(&ours)
        .filter(|name| !page.text.contains(&format!("`{name}`")))
        .map(|name| Problem::new(DEPENDENCIES, 0, format!("give the reason for `{name}`")))
        .collect()
}

/// Reads every file below the root but git's own and what a build leaves behind.
pub(crate) fn read_files(root: &Path) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(is_ours) {
        let entry = entry.context("cannot read the repository")?;
        let path = entry.path();
        // So are links to files, such as those to the licences in each crate.
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
        let relative = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        files.push(SourceFile::new(&relative, &String::from_utf8(bytes).unwrap_or_default()));
    }
    Ok(files)
}

fn is_ours(entry: &DirEntry) -> bool {
    // Cargo marks every target folder so, whatever its name.
    let built = entry.file_type().is_dir() && entry.path().join("CACHEDIR.TAG").is_file();
    !(built || entry.file_name() == ".git" || entry.file_name() == "mutants.out")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Dependency;

    #[test]
    fn the_repository_is_read_without_what_was_built() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let files = read_files(root).unwrap();
        assert!(files.iter().any(|file| file.path == "xtask/src/tidy.rs"));
        assert!(!files.iter().any(|file| file.path.starts_with("target/")));
        assert!(!files.iter().any(|file| file.path.starts_with(".git/")));
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let dependency =
            |name: &&str| Dependency { name: (*name).to_owned(), ..Dependency::default() };
        let package = |name: &str, dependencies: &[&str]| Package {
            name: name.to_owned(),
            dependencies: dependencies.iter().map(dependency).collect(),
            ..Package::default()
        };
        let packages = [package("a", &["http", "bytes"]), package("b", &["a", "http"])];
        let page = SourceFile::new(DEPENDENCIES, "| `http` | HTTP |\n");
        let problems = without_reason(&packages, &[page]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].text.contains("`bytes`"), "{problems:?}");
    }
}

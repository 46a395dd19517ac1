//! Every text file: no tab, no trailing space, a final newline; and the files that must exist.

use super::SourceFile;
use crate::failure::Problem;

/// The files that people write. Snapshots are written by insta and may end a line as they like.
const WRITTEN: &[&str] = &["rs", "md", "toml", "yml", "yaml", "sh"];

const REQUIRED: &[&str] = &[
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "README.zh-CN.md",
    "SECURITY.md",
    "docs/dependencies.md",
];

pub(super) fn check(file: &SourceFile) -> Vec<Problem> {
    let mut problems = Vec::new();
    let name = file.path.rsplit('/').next().unwrap_or_default();
    if name.ends_with(".snap.new") || name.ends_with(".pending-snap") {
        problems.push(Problem::new(&file.path, 0, "is a snapshot to review: `cargo insta review`"));
    }
    let written = WRITTEN.iter().any(|extension| file.has_extension(extension));
    if !(written || file.path.starts_with(".ci/")) {
        return problems;
    }
    // `str::lines` would swallow the carriage returns that are looked for.
    for (index, line) in file.text.split('\n').enumerate() {
        if line.contains('\t') {
            problems.push(Problem::new(&file.path, index + 1, "has a tab"));
        }
        if line.ends_with([' ', '\r']) {
            problems.push(Problem::new(&file.path, index + 1, "ends in white space"));
        }
    }
    if !file.text.ends_with('\n') || file.text.ends_with("\n\n") {
        problems.push(Problem::new(&file.path, 0, "does not end with one newline"));
    }
    problems
}

pub(super) fn check_presence(files: &[SourceFile]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = REQUIRED
        .iter()
        .filter(|&&required| !files.iter().any(|file| file.path == required))
        .map(|required| Problem::new(required, 0, "is missing"))
        .collect();
    let changelog = files.iter().find(|file| file.path == "CHANGELOG.md");
    if changelog.is_some_and(|file| !file.text.contains("\n## [Unreleased]")) {
        let text = "has no section `## [Unreleased]`, where changes are written down";
        problems.push(Problem::new("CHANGELOG.md", 0, text));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn white_space_is_kept_in_order() {
        assert!(check(&file("a.rs", "//! a\nfn f() {}\n")).is_empty());
        for text in ["a\t\n", "a \n", "a\r\nb\n", "a", "a\n\n", ""] {
            assert!(!check(&file("a.md", text)).is_empty(), "{text:?}");
            assert!(!check(&file(".ci/run", text)).is_empty(), "{text:?}");
            assert!(check(&file("a.snap", text)).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn an_unreviewed_snapshot_is_found() {
        assert_eq!(check(&file("crates/core/tests/a.snap.new", "x")).len(), 1);
    }

    #[test]
    fn a_missing_changelog_is_found_and_an_empty_one_too() {
        let mut all: Vec<_> = REQUIRED.iter().map(|path| file(path, "text\n")).collect();
        let problems = check_presence(&all);
        assert_eq!(problems.len(), 1, "{problems:?}");
        for file in &mut all {
            file.text = "# Changelog\n\n## [Unreleased]\n".to_owned();
        }
        assert!(check_presence(&all).is_empty());
        all.retain(|file| file.path != "CHANGELOG.md");
        assert_eq!(check_presence(&all)[0].path, "CHANGELOG.md");
    }
}

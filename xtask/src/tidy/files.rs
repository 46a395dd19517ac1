//! Text files: white space, unreviewed snapshots, ignored examples, and files that must exist.

use super::SourceFile;
use crate::problem::Problem;

/// The files that people write. Insta writes snapshots, which may end a line as they like.
const WRITTEN: [&str; 7] = ["rs", "md", "toml", "yml", "yaml", "sh", "txt"];

/// What a visitor of the repository reads in two minutes.
const MOST_LINES_OF_A_START: usize = 120;

const REQUIRED: [&str; 9] = [
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
    let mut problem = |line, text| problems.push(Problem::new(&file.path, line, text));
    if file.path.ends_with(".snap.new") || file.path.ends_with(".pending-snap") {
        problem(0, "is a snapshot to review: `cargo insta review`");
    }
    let in_fuzz = file.path.starts_with("fuzz/corpus/");
    let written = WRITTEN.iter().any(|extension| file.has_extension(extension)) && !in_fuzz;
    if !(written || file.path.starts_with(".ci/")) {
        return problems;
    }
    // `str::lines` would hide the carriage returns.
    for (index, line) in file.text.split('\n').enumerate() {
        if line.contains('\t') {
            problem(index + 1, "has a tab; use spaces");
        }
        if line.ends_with([' ', '\r']) {
            problem(index + 1, "ends in white space");
        }
        let info = line.trim_start_matches(['/', '!', ' ']).strip_prefix("```");
        if info.is_some_and(|it| it.split([',', ' ']).any(|word| word.starts_with("ignore"))) {
            problem(index + 1, "an ignored example is never tested; use `no_run` or `text`");
        }
    }
    let is_start = ["README.md", "README.zh-CN.md"].contains(&file.path.as_str());
    if is_start && file.text.lines().count() > MOST_LINES_OF_A_START {
        problem(
            0,
            "is longer than a visitor reads: 120 lines at most; move the rest to a page of docs/",
        );
    }
    if !file.text.ends_with('\n') || file.text.ends_with("\n\n") {
        problem(0, "must end with one newline");
    }
    problems
}

pub(super) fn check_presence(files: &[SourceFile]) -> Vec<Problem> {
    let find = |path: &str| files.iter().find(|file| file.path == path);
    let missing = REQUIRED.iter().filter(|path| find(path).is_none());
    let mut problems: Vec<_> = missing.map(|path| Problem::new(path, 0, "is missing")).collect();
    let changelog = find("CHANGELOG.md");
    if changelog.is_some_and(|file| !file.text.contains("\n## [Unreleased]")) {
        let text = "needs a section `## [Unreleased]` for the changes";
        problems.push(Problem::new("CHANGELOG.md", 0, text));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_snapshots_and_ignored_examples_are_found() {
        assert!(check(&SourceFile::new("a.rs", "//! a\nfn f() {}\n")).is_empty());
        for text in ["a\t\n", "a \n", "a\r\nb\n", "a", "a\n\n", ""] {
            assert!(!check(&SourceFile::new("a.md", text)).is_empty(), "{text:?}");
            assert!(!check(&SourceFile::new(".ci/run", text)).is_empty(), "{text:?}");
            assert!(check(&SourceFile::new("a.snap", text)).is_empty(), "{text:?}");
        }
        assert_eq!(check(&SourceFile::new("crates/core/tests/a.snap.new", "x")).len(), 1);
        for (lines, problems) in [(120, 0), (121, 1)] {
            let start = "text\n".repeat(lines);
            assert_eq!(check(&SourceFile::new("README.md", &start)).len(), problems, "{lines}");
        }
        for example in ["/// ```ignore\n", "//! ```rust,ignore\n", "```ignore-windows\n"] {
            assert_eq!(check(&SourceFile::new("a.rs", example)).len(), 1, "{example}");
        }
    }

    #[test]
    fn a_missing_and_an_empty_changelog_are_found() {
        let mut all: Vec<_> = REQUIRED.iter().map(|path| SourceFile::new(path, "text\n")).collect();
        assert_eq!(check_presence(&all).len(), 1);
        all[0].text = "# Changelog\n\n## [Unreleased]\n".to_owned();
        assert!(check_presence(&all).is_empty());
        assert_eq!(check_presence(&all[1..])[0].path, "CHANGELOG.md");
    }
}

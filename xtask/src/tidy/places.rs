//! No text names a place on somebody's machine, and no path leads out of the repository.

use std::path::Path;

use super::SourceFile;
use super::links::resolve;
use crate::failure::Problem;

/// Where people and build servers keep their checkouts. Written in halves, so that this file may be
/// checked like any other.
const HOMES: &[&str] =
    &["/ho\u{6d}e/", "/Us\u{65}rs/", "/ro\u{6f}t/", "/bui\u{6c}ds/", "/wo\u{72}k"];

pub(super) fn check(file: &SourceFile, root: &Path) -> Vec<Problem> {
    let root = root.display().to_string();
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let mut problem = |text: String| problems.push(Problem::new(&file.path, index + 1, text));
        if root.len() > 1 && line.contains(&root) {
            problem("names the folder of this very checkout".to_owned());
        } else if let Some(home) = HOMES.iter().find(|home| names_place(line, home)) {
            problem(format!("names a place on somebody's machine, below `{home}`"));
        }
        if file.has_extension("md") || file.has_extension("toml") {
            for path in upward_paths(line) {
                if resolve(&file.path, path).is_none() {
                    problem(format!("`{path}` leads out of the repository"));
                }
            }
        }
    }
    problems
}

/// Whether an absolute path begins with `home`: it stands at the start of a word, and goes on.
fn names_place(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let starts = line[..at].chars().next_back().is_none_or(|c| " `\"'(=:<[".contains(c));
        let rest = &line[at + home.len()..];
        let word = rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("");
        // `/home/` alone is a word about homes; with a name behind it, it is somebody's.
        let goes_on = if home.ends_with('/') {
            !word.is_empty()
        } else {
            rest[word.len()..].starts_with('/')
        };
        starts && goes_on
    })
}

fn upward_paths(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || "`\"'()<>[]".contains(c))
        .filter(|word| word.starts_with("../"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> usize {
        let file = SourceFile { path: path.to_owned(), text: text.to_owned() };
        check(&file, Path::new("/srv/checkout")).len()
    }

    #[test]
    fn a_place_on_a_machine_is_found() {
        let somebody = format!("{}me/projects", HOMES[0]);
        assert_eq!(problems("a.rs", &format!("// see `{somebody}`")), 1);
        assert_eq!(problems("a.md", &format!("in {}space/x/y", HOMES[4])), 1);
        assert_eq!(problems("a.md", "in /srv/checkout/docs"), 1);
    }

    #[test]
    fn addresses_and_other_absolute_paths_are_left_alone() {
        for text in ["POST /org/app/token", "/run/secrets/client", "https://example.com/home/x"] {
            assert_eq!(problems("a.md", text), 0, "{text}");
        }
    }

    #[test]
    fn a_path_may_go_up_but_not_out() {
        assert_eq!(problems("docs/a.md", "see `../README.md`"), 0);
        assert_eq!(problems("docs/a.md", "see `../../elsewhere/a.md`"), 1);
        assert_eq!(problems("README.md", "see [this](../elsewhere/a.md)"), 1);
    }
}

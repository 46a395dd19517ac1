//! No text names a place on somebody's machine.

use std::path::Path;

use super::SourceFile;
use crate::problem::Problem;

/// Where people and build servers have their checkouts; escaped, so that this file passes too.
const HOMES: [&str; 6] = [
    "/ho\u{6d}e/",
    "/Us\u{65}rs/",
    "/ro\u{6f}t/",
    "/bui\u{6c}ds/",
    "/wo\u{72}k/",
    "/wo\u{72}kspace/",
];

pub(super) fn check(file: &SourceFile, root: &Path) -> Vec<Problem> {
    let root = format!("{}/", root.display());
    let homes = HOMES.into_iter().chain([root.as_str()]).filter(|home| home.len() > 1);
    let homes: Vec<_> = homes.collect();
    let lines = file.text.lines().enumerate();
    lines
        .filter_map(|(index, line)| Some((index + 1, homes.iter().find(|it| starts(line, it))?)))
        .map(|(line, home)| {
            Problem::new(&file.path, line, format!("names a place on a machine, below `{home}`"))
        })
        .collect()
}

/// Whether an absolute path starts with `home` and goes on.
fn starts(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let begins = line[..at].chars().next_back().is_none_or(|c| " `\"'(=:<[".contains(c));
        begins && line[at + home.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> usize {
        let file = SourceFile::new("a.md", text);
        check(&file, Path::new("/srv/checkout")).len()
    }

    #[test]
    fn a_place_on_a_machine_is_found() {
        assert_eq!(problems(&format!("// see `{}me/projects`", HOMES[0])), 1);
        assert_eq!(problems(&format!("in {}x/y", HOMES[5])), 1);
        assert_eq!(problems("in /srv/checkout/docs"), 1);
        for text in ["POST /org/app/token", "/run/secrets/client", "https://example.com/home/x"] {
            assert_eq!(problems(text), 0, "{text}");
        }
    }
}

//! Relative links of the Markdown pages: the file exists, and so does the anchor.

use std::collections::HashMap;

use super::SourceFile;
use super::markdown::{self, Page};
use crate::problem::Problem;

pub(super) fn check(files: &[SourceFile]) -> Vec<Problem> {
    let pages: HashMap<&str, Page> = files
        .iter()
        .filter(|file| file.has_extension("md"))
        .map(|file| (file.path.as_str(), markdown::read(&file.text)))
        .collect();
    let exists = |path: &str| {
        let below = |file: &SourceFile| file.path.strip_prefix(path).map(|it| it.starts_with('/'));
        path.is_empty() || files.iter().any(|it| it.path == path || below(it) == Some(true))
    };
    let mut problems = Vec::new();
    for (&from, page) in &pages {
        for (line, target) in &page.links {
            if let Some(fault) = fault_of(from, target, &pages, exists) {
                problems.push(Problem::new(from, *line, fault));
            }
        }
    }
    problems
}

fn fault_of(
    from: &str,
    target: &str,
    pages: &HashMap<&str, Page>,
    exists: impl Fn(&str) -> bool,
) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { Some(from.to_owned()) } else { resolve(from, path) };
    let Some(path) = path else {
        return Some(format!("the link `{target}` leads out of the repository"));
    };
    if !exists(&path) {
        return Some(format!("the link `{target}` leads to no file"));
    }
    let page = pages.get(path.as_str()).filter(|_| !anchor.is_empty())?;
    (!page.anchors.iter().any(|it| it == anchor))
        .then(|| format!("`{path}` has no heading for the link `{target}`"))
}

/// Returns `path` as seen from the folder of the file `from`; none if it leads out of the root.
pub(crate) fn resolve(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let file = SourceFile::new;
        let files = [
            file("docs/a.md", text),
            file("docs/b.md", "# Title of b\n"),
            file("README.md", "# R\n"),
            file("crates/core/src/lib.rs", "//! Core.\n"),
        ];
        check(&files).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn good_links_have_no_problem() {
        let text = "# Top\n[1](b.md) [2](./b.md#title-of-b) [3](../README.md) [4](#top)\n\
                    [5](../crates/core) [6](https://example.com/x#y) [7](mailto:a@b.c) [8]\n\n\
                    [8]: ../crates/core/src/lib.rs#L3\n";
        assert_eq!(problems(text), Vec::<String>::new());
    }

    #[test]
    fn a_link_to_nothing_is_found() {
        for target in
            ["c.md", "../docs/c.md", "b.md#other", "#nowhere", "../../x.md", "../crates/cor"]
        {
            let found = problems(&format!("# Top\n\n[x]({target})\n"));
            assert_eq!(found.len(), 1, "{target}: {found:?}");
            assert!(found[0].starts_with("docs/a.md:3: "), "{found:?}");
        }
        assert_eq!(problems("![x](missing.png)\n").len(), 1);
    }
}

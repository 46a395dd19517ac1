//! Relative links of the Markdown pages: the file is there, and so is the anchor.

use std::collections::HashMap;

use super::SourceFile;
use super::markdown::{self, Page};
use crate::failure::Problem;

pub(super) fn check(files: &[SourceFile]) -> Vec<Problem> {
    let pages: HashMap<&str, Page> = files
        .iter()
        .filter(|file| file.has_extension("md"))
        .map(|file| (file.path.as_str(), markdown::read(&file.text)))
        .collect();
    let exists = |path: &str| {
        path.is_empty()
            || files.iter().any(|file| {
                file.path
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    };
    let mut problems = Vec::new();
    for (&from, page) in &pages {
        for link in &page.links {
            if let Some(fault) = fault_of(from, &link.target, &pages, exists) {
                problems.push(Problem::new(from, link.line, fault));
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
    let Some(path) = (if path.is_empty() { Some(from.to_owned()) } else { resolve(from, path) })
    else {
        return Some(format!("the link `{target}` leads out of the repository"));
    };
    if !exists(&path) {
        return Some(format!("the link `{target}` leads to no file"));
    }
    if anchor.is_empty() {
        return None;
    }
    let known =
        pages.get(path.as_str()).is_none_or(|page| page.anchors.iter().any(|a| a == anchor));
    (!known).then(|| format!("`{path}` has no heading for the link `{target}`"))
}

/// `path` as seen from the folder of the file `from`, or nothing where it leads out of the root.
pub(super) fn resolve(from: &str, path: &str) -> Option<String> {
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
        let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
        let files = [
            file("docs/a.md", text),
            file("docs/b.md", "# Title of b\n"),
            file("README.md", "# R\n"),
            file("crates/core/src/lib.rs", "//! Core.\n"),
        ];
        check(&files).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn good_links_are_left_alone() {
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

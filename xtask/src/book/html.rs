//! Links of the built site: each leads to a file that exists, and to an anchor in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use walkdir::WalkDir;

use crate::problem::Problem;
use crate::tidy::links::resolve;

pub(super) fn broken_links(site: &Path) -> Result<Vec<Problem>> {
    let mut files = BTreeMap::new();
    for entry in WalkDir::new(site) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(site)?.to_string_lossy().replace('\\', "/");
            // Files that are not text have no links.
            files.insert(path, std::fs::read_to_string(entry.path()).unwrap_or_default());
        }
    }
    Ok(broken_in(&files))
}

fn broken_in(files: &BTreeMap<String, String>) -> Vec<Problem> {
    let pages = files.iter().filter(|(path, _)| path.ends_with(".html"));
    let anchors: BTreeMap<&str, BTreeSet<String>> = pages
        .clone()
        .map(|(path, text)| (path.as_str(), values(text, " id=\"").collect()))
        .collect();
    let mut problems = Vec::new();
    for (from, text) in pages {
        // The menu of the whole book is in a file of its own, with links as seen from its root.
        for link in values(text, " href=\"").chain(values(text, " src=\"")) {
            let outside = link.contains(':') || link.starts_with("//");
            if !outside && !leads_somewhere(from, &link, files, &anchors) {
                problems.push(Problem::new(from, 0, format!("the link `{link}` leads nowhere")));
            }
        }
    }
    problems
}

fn leads_somewhere(
    from: &str,
    link: &str,
    files: &BTreeMap<String, String>,
    anchors: &BTreeMap<&str, BTreeSet<String>>,
) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = if path.is_empty() { Some(from.to_owned()) } else { resolve(from, path) };
    let Some(path) = path.filter(|path| files.contains_key(path)) else { return false };
    anchor.is_empty() || anchors.get(path.as_str()).is_some_and(|ids| ids.contains(anchor))
}

/// Returns the values of an attribute, with their percent escapes decoded.
fn values<'a>(html: &'a str, attribute: &'a str) -> impl Iterator<Item = String> + 'a {
    let raw = html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next());
    raw.map(|value| {
        let mut bytes = Vec::new();
        let mut rest = value.as_bytes();
        while let [first, after @ ..] = rest {
            let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
            let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
            match code.filter(|_| *first == b'%') {
                Some(byte) => {
                    bytes.push(byte);
                    rest = &after[2..];
                }
                None => {
                    bytes.push(*first);
                    rest = after;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_no_file_or_no_anchor_is_found() {
        let broken = |link: &str| {
            let page = format!("<h1 id=\"有效期\"></h1><a href=\"{link}\">x</a>");
            let files = [("zh/docs/a.html", page.as_str()), ("zh/b.html", "<p id=\"p\">")];
            let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
            broken_in(&files.into()).len()
        };
        for link in
            ["../b.html", "../b.html#p", "#有效期", "#%E6%9C%89%e6%95%88%E6%9C%9F", "https://x/y"]
        {
            assert_eq!(broken(link), 0, "{link}");
        }
        for link in ["b.html", "../b.html#q", "#p", "../../../b.html", ""] {
            assert_eq!(broken(link), usize::from(!link.is_empty()), "{link}");
        }
    }
}

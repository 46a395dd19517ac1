//! Every crate that somebody else wrote has its reason in `docs/dependencies.md`.

use std::collections::BTreeSet;

use super::SourceFile;
use crate::context::Member;
use crate::failure::Problem;

const PAGE: &str = "docs/dependencies.md";

pub(super) fn check(members: &[Member], files: &[SourceFile]) -> Vec<Problem> {
    // That the page is missing is said elsewhere.
    let Some(page) = files.iter().find(|file| file.path == PAGE) else {
        return Vec::new();
    };
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let used: BTreeSet<&str> = members
        .iter()
        .flat_map(|member| &member.dependencies)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !ours.contains(name))
        .collect();
    used.into_iter()
        .filter(|name| !page.text.contains(&format!("`{name}`")))
        .map(|name| Problem::new(PAGE, 0, format!("gives no reason for `{name}`")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Dependency, Kind};

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let member = |name: &str, dependencies: &[&str]| Member {
            name: name.to_owned(),
            rust_version: None,
            features: Vec::new(),
            dependencies: dependencies
                .iter()
                .map(|name| Dependency { name: (*name).to_owned(), kind: Kind::Dev })
                .collect(),
        };
        let members = [member("a", &["http", "bytes"]), member("b", &["a", "http"])];
        let text = "| `http` | the common words of HTTP |\n".to_owned();
        let page = SourceFile { path: PAGE.to_owned(), text };
        let problems = check(&members, &[page]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].text.contains("`bytes`"), "{problems:?}");
        assert!(check(&members, &[]).is_empty());
    }
}

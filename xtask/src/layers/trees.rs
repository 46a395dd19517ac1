//! Everything below the crates whose dependency tree is limited.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

use crate::crates::{CRATES, Tree};
use crate::problem::Problem;
use crate::shell;

/// A second TLS or HTTP stack.
const HEAVY: [&str; 10] = [
    "aws-lc-rs",
    "aws-lc-sys",
    "curl",
    "curl-sys",
    "isahc",
    "libz-sys",
    "native-tls",
    "openssl",
    "openssl-sys",
    "rustls-ffi",
];

pub(super) fn check(sh: &Shell) -> Result<Vec<Problem>> {
    let mut faults = Vec::new();
    for row in CRATES.iter().filter(|row| row.tree.is_some() || row.lean) {
        let default = crates_below(sh, row.name, None)?;
        println!("{}: {} crates with the default features", row.name, default.len());
        if let Some(tree) = &row.tree {
            let all = crates_below(sh, row.name, Some("--all-features"))?;
            faults.extend(judge(row.name, tree, &all, default.len()));
        }
        let heavy = HEAVY.iter().filter(|name| row.lean && default.contains(**name));
        faults.extend(heavy.map(|name| (row.name, format!("pulls in `{name}` by default"))));
    }
    Ok(faults.into_iter().map(|(name, text)| Problem::new(name, 0, text)).collect())
}

fn judge<'a>(
    name: &'a str,
    tree: &Tree,
    all: &BTreeSet<String>,
    default: usize,
) -> Vec<(&'a str, String)> {
    let allowed: BTreeSet<_> = tree.allowed.split_whitespace().collect();
    let unknown = all.iter().filter(|it| *it != name && !allowed.contains(it.as_str()));
    let mut faults: Vec<_> = unknown
        .map(|it| format!("pulls in `{it}`, which its list in xtask/src/crates.rs lacks"))
        .collect();
    if default > tree.most {
        faults.push(format!("has {default} crates in its tree, but at most {}", tree.most));
    }
    faults.into_iter().map(|text| (name, text)).collect()
}

/// Returns the names in the output of `cargo tree`, the crate itself included.
fn crates_below(sh: &Shell, name: &str, features: Option<&str>) -> Result<BTreeSet<String>> {
    let options = ["-e", "normal,build", "--target", "all", "--prefix", "none"];
    let tree = shell::read(cmd!(sh, "cargo tree --locked -p {name} {options...} {features...}"))?;
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let names: BTreeSet<_> = tree.lines().filter_map(first).collect();
    ensure!(names.contains(name), "`cargo tree` does not show {name}");
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_crate_and_a_tree_that_grew_are_found() {
        let tree = Tree { allowed: "http syn", most: 2 };
        let names = |text: &str| text.split(' ').map(str::to_owned).collect();
        assert!(judge("a", &tree, &names("a http syn"), 2).is_empty());
        let faults = judge("a", &tree, &names("a getrandom"), 3);
        assert!(faults[0].1.contains("`getrandom`") && faults[1].1.contains("3 crates"));
    }

    #[test]
    fn a_crate_that_does_not_exist_is_an_error() {
        assert!(crates_below(&Shell::new().unwrap(), "no-such-crate", None).is_err());
    }
}

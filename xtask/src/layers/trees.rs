//! Everything that core and transport pull in, against closed lists of names.

use std::collections::BTreeSet;

use crate::command::Tool;
use crate::failure::{Failure, Problem};

/// A crate and all that may ever be below it, on every platform and with every feature.
struct Tree {
    name: &'static str,
    allowed: &'static [&'static str],
    /// So many crates at most with the default features, itself included.
    most: usize,
}

/// A list, and not a ban on tokio, rand, tracing and so on: what nobody thought of is out as well.
const TREES: &[Tree] = &[
    Tree {
        name: "easemob-token-core",
        allowed: &[
            "base16ct",
            "base64",
            "bytes",
            "easemob-token-host",
            "hmac-sha256",
            "http",
            "httpdate",
            "itoa",
            "memchr",
            "proc-macro2",
            "quote",
            "serde",
            "serde_core",
            "serde_derive",
            "serde_json",
            "subtle",
            "syn",
            "unicode-ident",
            "zmij",
        ],
        most: 17,
    },
    Tree {
        name: "easemob-token-transport",
        allowed: &[
            "async-trait",
            "base64",
            "bitflags",
            "bytes",
            "easemob-token-host",
            "errno",
            "http",
            "ipnet",
            "itoa",
            "libc",
            "linux-raw-sys",
            "percent-encoding",
            "proc-macro2",
            "quote",
            "rustix",
            "syn",
            "unicode-ident",
            "windows-link",
            "windows-sys",
        ],
        // On every platform at once; on Linux it is eighteen.
        most: 20,
    },
];

/// What people get who choose nothing: quick to build, and without a second TLS or HTTP stack.
const BY_DEFAULT: &[&str] = &["easemob-token", "easemob-token-cli"];
const NOT_BY_DEFAULT: &[&str] = &[
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

pub(super) fn check() -> Result<Vec<Problem>, Failure> {
    let mut problems = Vec::new();
    for tree in TREES {
        problems.extend(tree.judge_names(&crates_below(tree.name, "--all-features")?));
        let default = crates_below(tree.name, "")?;
        println!(
            "{}: {} crates with the default features, itself included",
            tree.name,
            default.len()
        );
        problems.extend(tree.judge_size(&default));
    }
    for name in BY_DEFAULT {
        problems.extend(judge_default(name, &crates_below(name, "")?));
    }
    Ok(problems)
}

fn judge_default(name: &str, found: &BTreeSet<String>) -> Vec<Problem> {
    NOT_BY_DEFAULT
        .iter()
        .filter(|unwanted| found.contains(**unwanted))
        .map(|unwanted| {
            Problem::new(name, 0, format!("pulls in `{unwanted}` with its default features"))
        })
        .collect()
}

/// The names in the output of `cargo tree`, the crate itself included.
fn crates_below(name: &str, features: &str) -> Result<BTreeSet<String>, Failure> {
    let tool = Tool::parse(&format!(
        "cargo tree --locked -p {name} -e normal,build --target all --prefix none {features}"
    ));
    let asked = tool.capture()?;
    if !asked.success {
        return Err(Failure::caused(format!("`{tool}`"), asked.stderr.trim()));
    }
    let names = names_in(&asked.stdout);
    if !names.contains(name) {
        return Err(Failure::new(format!("`{tool}` does not speak of {name}")));
    }
    Ok(names)
}

/// From lines such as `serde v1.0.229 (*)`.
fn names_in(output: &str) -> BTreeSet<String> {
    output.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

impl Tree {
    fn judge_names(&self, found: &BTreeSet<String>) -> Vec<Problem> {
        found
            .iter()
            .filter(|name| *name != self.name && !self.allowed.contains(&name.as_str()))
            .map(|name| {
                let text = format!(
                    "pulls in `{name}`, which is not on its list in xtask/src/layers/trees.rs"
                );
                Problem::new(self.name, 0, text)
            })
            .collect()
    }

    fn judge_size(&self, found: &BTreeSet<String>) -> Option<Problem> {
        (found.len() > self.most).then(|| {
            let text = format!("has {} crates in its tree; {} is the most", found.len(), self.most);
            Problem::new(self.name, 0, text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: Tree = Tree { name: "a", allowed: &["http", "syn"], most: 2 };

    #[test]
    fn what_is_not_on_the_list_is_found() {
        let found = names_in("a v0.1.0 (/x/a)\nhttp v1.5.0\nsyn v3.0.10 (*)\n");
        assert!(TREE.judge_names(&found).is_empty());
        let found = names_in("a v0.1.0\nhttp v1.5.0\ngetrandom v0.3.4\n");
        let problems = TREE.judge_names(&found);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].text.contains("`getrandom`"));
    }

    #[test]
    fn a_tree_that_grew_is_found() {
        assert!(TREE.judge_size(&names_in("a v1\nhttp v1\nhttp v1 (*)\n")).is_none());
        assert!(TREE.judge_size(&names_in("a v1\nhttp v1\nsyn v1\n")).is_some());
    }

    #[test]
    fn a_second_stack_by_default_is_found() {
        assert!(judge_default("a", &names_in("a v1\nring v1\n")).is_empty());
        assert_eq!(judge_default("a", &names_in("a v1\naws-lc-rs v1\n")).len(), 1);
    }

    #[test]
    fn a_crate_that_does_not_exist_is_an_error_and_no_success() {
        assert!(crates_below("no-such-crate", "").is_err());
    }
}

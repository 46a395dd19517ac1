//! The sources behind the doors: no name of an HTTP library or runtime, no async in the core.
//!
//! The manifests already keep those crates away from core, transport and facade; what is left is
//! the way through an adapter, `adapter::rustls::…`, and what no manifest shows.

use std::path::Path;

use crate::failure::{Failure, Problem};
use crate::rust_source::{attributes, names, tokens};
use crate::tidy::{SourceFile, read_files};

/// Libraries whose types must not show in a public API that is ours alone.
const FOREIGN: &[&str] = &[
    "async_io",
    "curl",
    "futures",
    "futures_lite",
    "futures_util",
    "h2",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "isahc",
    "native_tls",
    "openssl",
    "reqwest",
    "rustls",
    "smol",
    "tokio",
    "tokio_rustls",
    "tower_service",
];

/// The crates that the rule is about.
const OURS: &[&str] = &["crates/core", "crates/transport", "crates/facade"];

/// The core does nothing by itself, so it waits for nothing.
const CORE: &str = "crates/core";

pub(super) fn check(root: &Path) -> Result<Vec<Problem>, Failure> {
    let files = read_files(root)?;
    let mut problems: Vec<Problem> = files.iter().flat_map(judge).collect();
    for dir in OURS {
        let lib = format!("{dir}/src/lib.rs");
        if !files.iter().any(|file| file.path == lib) {
            problems.push(Problem::new(&lib, 0, "is not there, so nothing was checked"));
        }
    }
    Ok(problems)
}

fn judge(file: &SourceFile) -> Vec<Problem> {
    let in_sources = |dir: &&str| file.path.starts_with(&format!("{dir}/src/"));
    let is_tests = file.path.ends_with("/tests.rs") || file.path.contains("/tests/");
    if !file.has_extension("rs") || is_tests || !OURS.iter().any(in_sources) {
        return Vec::new();
    }
    let stream = match tokens(&file.text) {
        Ok(stream) => stream,
        Err(line) => return vec![Problem::new(&file.path, line, "is no Rust from here on")],
    };
    let in_core = in_sources(&CORE);
    let mut problems = Vec::new();
    for name in names(&stream) {
        let foreign = FOREIGN.contains(&name.name.as_str()) && name.opens_path && !name.is_local;
        if foreign {
            let text = format!("names `{}`, whose types stay behind the port", name.name);
            problems.push(Problem::new(&file.path, name.line, text));
        }
        if in_core && matches!(name.name.as_str(), "async" | "await") {
            let text = "the core is not async: its callers drive it";
            problems.push(Problem::new(&file.path, name.line, text));
        }
    }
    if !in_core {
        return problems;
    }
    let attributes = attributes(&stream);
    for attribute in &attributes {
        let content = attribute.content.to_string();
        if content.contains("disallowed_") {
            let text = "what clippy.toml bans in the core stays banned: the time, chance and files \
                        come in as arguments";
            problems.push(Problem::new(&file.path, attribute.line, text));
        }
    }
    let forbids = |content: String| content.replace(' ', "") == "forbid(unsafe_code)";
    let root_of_core = file.path == format!("{CORE}/src/lib.rs");
    if root_of_core && !attributes.iter().any(|a| forbids(a.content.to_string())) {
        problems.push(Problem::new(&file.path, 0, "lacks `#![forbid(unsafe_code)]`"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> usize {
        judge(&SourceFile { path: path.to_owned(), text: text.to_owned() }).len()
    }

    #[test]
    fn a_foreign_type_is_found_wherever_it_comes_from() {
        for text in [
            "pub fn tls(config: rustls::ClientConfig) {}",
            "use easemob_token_transport_hyper::rustls::ClientConfig;",
            "pub use hyper::Uri;",
            "pub struct A(::tokio::runtime::Handle);",
        ] {
            assert_eq!(problems("crates/facade/src/a.rs", text), 1, "{text}");
            assert_eq!(problems("crates/transport-hyper/src/a.rs", text), 0, "{text}");
        }
    }

    #[test]
    fn our_own_modules_and_tests_may_bear_these_names() {
        for text in [
            "pub mod hyper { pub use easemob_token_transport_hyper::*; }",
            "use crate::hyper::HyperTransport;",
            "/// Runs on tokio::main.\npub fn isahc() {}",
            "#[cfg(test)] mod tests { #[tokio::test] async fn a() {} }",
        ] {
            assert_eq!(problems("crates/facade/src/a.rs", text), 0, "{text}");
        }
        for tests in ["crates/facade/src/a/tests.rs", "crates/facade/src/a/tests/b.rs"] {
            assert_eq!(problems(tests, "use tokio::time::timeout;"), 0, "{tests}");
        }
    }

    #[test]
    fn the_core_is_not_async_and_silences_no_ban() {
        assert_eq!(problems("crates/core/src/a.rs", "pub async fn f() {}"), 1);
        assert_eq!(problems("crates/facade/src/a.rs", "pub async fn f() {}"), 0);
        let silenced = "#[expect(clippy::disallowed_methods, reason = \"now\")] fn f() {}";
        assert_eq!(problems("crates/core/src/a.rs", silenced), 1);
    }

    #[test]
    fn the_core_forbids_unsafe_code_by_itself() {
        assert_eq!(problems("crates/core/src/lib.rs", "//! Core."), 1);
        assert_eq!(problems("crates/core/src/lib.rs", "#![forbid(unsafe_code)]"), 0);
    }
}

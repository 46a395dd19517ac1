//! The sources of core, transport and facade: no HTTP library or runtime, no async in the core.
//!
//! The manifests keep those crates away already; what is left is the way through an adapter,
//! `adapter::rustls::…`, and what no manifest shows.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::problem::Problem;
use crate::tidy::{SourceFile, read_files};

/// Libraries whose types must not show in a public API that is ours alone.
const FOREIGN: &str = "async_io curl futures futures_lite futures_util h2 hyper hyper_rustls \
                       hyper_util isahc native_tls openssl reqwest rustls smol tokio tokio_rustls \
                       tower_service";
const OURS: [&str; 3] = ["crates/core/src/", "crates/transport/src/", "crates/facade/src/"];
const CORE: &str = OURS[0];
/// What a feature adds for adapters on tokio; no type of tokio is in its signatures.
const ON_TOKIO: &str = "crates/transport/src/tokio_support/";

pub(super) fn check(root: &Path) -> Result<Vec<Problem>> {
    let files = read_files(root)?;
    for folder in OURS {
        let lib = format!("{folder}lib.rs");
        ensure!(files.iter().any(|file| file.path == lib), "{lib} is missing");
    }
    Ok(files.iter().flat_map(judge).collect())
}

fn judge(file: &SourceFile) -> Vec<Problem> {
    let is_tests = file.path.ends_with("/tests.rs") || file.path.contains("/tests/");
    let ours = OURS.iter().any(|folder| file.path.starts_with(folder));
    if !file.has_extension("rs") || is_tests || !ours || file.path.starts_with(ON_TOKIO) {
        return Vec::new();
    }
    let in_core = file.path.starts_with(CORE);
    let mut problems = Vec::new();
    // Unit tests are at the bottom, and may use anything.
    let code = file.text.split("\nmod tests {").next().unwrap_or_default();
    for (index, line) in code.lines().enumerate() {
        let line: String = line.split('"').step_by(2).collect();
        let line = line.split("//").next().unwrap_or_default();
        let mut problem = |text| problems.push(Problem::new(&file.path, index + 1, text));
        if let Some(name) = foreign_path(line) {
            problem(format!("do not name `{name}`: its types stay behind the port"));
        }
        if in_core && words(line).any(|word| word == "async" || word == "await") {
            problem("the core is not async: its callers drive it".to_owned());
        }
        if in_core && line.contains("clippy::disallowed_") {
            problem("the bans of clippy.toml have no exception in the core".to_owned());
        }
    }
    problems
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
}

/// Returns the library of a path such as `hyper::`, which is not our own module `crate::hyper::`.
fn foreign_path(line: &str) -> Option<&str> {
    FOREIGN.split_whitespace().find(|name| {
        line.match_indices(&format!("{name}::")).any(|(at, _)| {
            let before = &line[..at];
            let local = ["crate::", "self::", "super::"].iter().any(|it| before.ends_with(it));
            !local && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> usize {
        judge(&SourceFile::new(path, text)).len()
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
    fn our_own_modules_and_tests_may_have_these_names() {
        for text in [
            "pub mod hyper { pub use easemob_token_transport_hyper::*; }",
            "use crate::hyper::HyperTransport;",
            "/// Runs on tokio::main.\npub fn isahc() { panic!(\"use tokio::main\") }",
            "fn a() {}\n\n#[cfg(test)]\nmod tests {\n#[tokio::test] async fn a() {} }",
        ] {
            assert_eq!(problems("crates/facade/src/a.rs", text), 0, "{text}");
        }
        assert_eq!(problems("crates/facade/src/a/tests.rs", "use tokio::time::timeout;"), 0);
    }

    #[test]
    fn the_core_is_not_async_and_silences_no_ban() {
        assert_eq!(problems("crates/core/src/a.rs", "pub async fn f() {}"), 1);
        assert_eq!(problems("crates/facade/src/a.rs", "pub async fn f() {}"), 0);
        let silenced = "#[expect(clippy::disallowed_methods, reason = \"now\")] fn f() {}";
        assert_eq!(problems("crates/core/src/a.rs", silenced), 1);
    }
}

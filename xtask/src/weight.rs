//! The weight of everything outside the published crates: lines of Rust there against those inside.

use anyhow::Result;

use crate::context::{Context, Workspace};
use crate::problem::{Problem, report};
use crate::tidy::{SourceFile, read_files};

/// The most lines outside for each line inside, in percent.
const LIMIT: usize = 100;
/// Folders of test code in the `src` of a published crate: they count as outside.
const TEST_FOLDERS: [&str; 2] = ["simulated", "schedules"];

pub(crate) fn run(context: &Context) -> Result<()> {
    let files = read_files(&context.workspace.root)?;
    report(check(&context.workspace, &files).into_iter().collect(), "weight")
}

/// Prints the weight and judges it.
pub(crate) fn check(workspace: &Workspace, files: &[SourceFile]) -> Option<Problem> {
    let published = workspace.packages.iter().filter(|package| package.is_published());
    let sources: Vec<_> = published.map(|it| format!("{}/src/", it.dir(workspace))).collect();
    let (mut inside, mut outside) = (0, 0);
    for file in files.iter().filter(|file| file.has_extension("rs")) {
        let lines = file.text.lines().count();
        *if is_inside(&file.path, &sources) { &mut inside } else { &mut outside } += lines;
    }
    let percent = (outside * 100).div_ceil(inside.max(1));
    let ratio = format!("{}.{:02}", percent / 100, percent % 100);
    println!("weight: {outside} lines outside the published crates, {inside} inside: {ratio}");
    (percent > LIMIT).then(|| {
        let text = format!(
            "{ratio} lines outside the published crates for each line inside, at most 1.00: \
             delete tests that repeat each other, or use a library"
        );
        Problem::new("weight", 0, text)
    })
}

fn is_inside(path: &str, sources: &[String]) -> bool {
    let source = sources.iter().find_map(|source| path.strip_prefix(source.as_str()));
    source.is_some_and(|rest| !rest.split('/').any(|part| TEST_FOLDERS.contains(&part)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Package;

    #[test]
    fn tests_examples_and_what_is_not_published_count_as_outside() {
        let package = |dir: &str, publish| Package {
            manifest_path: format!("/w/crates/{dir}/Cargo.toml").into(),
            publish,
            ..Package::default()
        };
        let packages = vec![package("a", None), package("b", Some(Vec::new()))];
        let workspace = Workspace { root: "/w".into(), packages, ..Workspace::default() };
        let files = |outside: &[&str]| -> Vec<SourceFile> {
            let paths = [&["crates/a/src/lib.rs", "crates/a/src/x/tests.rs"], outside].concat();
            let file = |path: &str| SourceFile::new(path, "x\ny\n");
            paths.into_iter().map(file).collect()
        };
        let even = ["crates/a/tests/it/main.rs", "crates/b/src/lib.rs", "crates/a/README.md"];
        assert_eq!(check(&workspace, &files(&even)), None);
        for more in ["crates/a/src/simulated/clock.rs", "examples/c/src/main.rs"] {
            let heavy = [&even[..], &[more]].concat();
            assert!(check(&workspace, &files(&heavy)).unwrap().text.starts_with("1.50 lines"));
        }
    }
}

//! The step `package`: what each published crate contains, compiled outside of the repository.

use std::fmt::Write as _;

use anyhow::Result;
use xshell::{Cmd, cmd};

use crate::context::{Context, Package};
use crate::crates::{ISAHC, packages};
use crate::problem::{Problem, report};
use crate::shell;

/// Files that each package must have beside its sources.
const REQUIRED: [&str; 3] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md"];
/// Files that cargo adds by itself.
const BY_CARGO: [&str; 4] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"];

pub(crate) fn run(context: &Context) -> Result<()> {
    let sh = &context.sh;
    let published = packages(|it| it.published);
    shell::run(cmd!(sh, "cargo fetch --quiet --locked"))?;
    // Offline, since it would ask the registry for our own crates.
    let options = ["--quiet", "--locked", "--offline", "--no-verify", "--allow-dirty"];
    shell::run(cmd!(sh, "cargo package {options...} {published...}"))?;
    let folder = context.workspace.target.join("package").join("unpacked");
    sh.remove_path(&folder)?;
    sh.create_dir(&folder)?;
    let mut problems = Vec::new();
    let mut members = Vec::new();
    for package in context.workspace.packages.iter().filter(|package| package.is_published()) {
        let name = format!("{}-{}", package.name, package.version);
        let archive = context.workspace.target.join("package").join(format!("{name}.crate"));
        // With the time of now (`m`): in a package all files are equally old, and cargo would not look.
        shell::read(cmd!(sh, "tar -xzmf {archive} -C {folder}"))?;
        let listed = shell::read(cmd!(sh, "tar -tzf {archive}"))?;
        problems.extend(check(package, &listed));
        members.push((package.name.as_str(), name));
    }
    report(problems, &format!("{} packages", members.len()))?;
    sh.write_file(folder.join("Cargo.toml"), workspace_of(&members))?;
    sh.copy_file("Cargo.lock", folder.join("Cargo.lock"))?;
    shell::run(compile(context, &folder.join("Cargo.toml")))
}

/// Compiles the packages as one workspace, so that their dependencies are those of our own builds.
///
/// Cargo's own verification would compile each dependency once for each package. The crate that
/// compiles libcurl is left out: it has no other files than the rest.
fn compile<'a>(context: &'a Context, manifest: &std::path::Path) -> Cmd<'a> {
    let check = cmd!(context.sh, "cargo check --workspace --exclude {ISAHC} --offline");
    check
        .arg("--manifest-path")
        .arg(manifest)
        .env("CARGO_TARGET_DIR", &context.workspace.target)
        // The profile of our workspace, for the same reason.
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .env("CARGO_PROFILE_DEV_BUILD_OVERRIDE_DEBUG", "line-tables-only")
}

/// The manifest of a workspace in which each package is found in place of the registry's.
fn workspace_of(members: &[(&str, String)]) -> String {
    let mut text =
        "[workspace]\nresolver = \"3\"\nmembers = [\"*-*.*\"]\n\n[patch.crates-io]\n".to_owned();
    for (name, folder) in members {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name} = {{ path = \"{folder}\" }}");
    }
    text
}

/// Finds what a package lacks, and what does not belong into it.
fn check(package: &Package, listed: &str) -> Vec<Problem> {
    let files: Vec<&str> =
        listed.lines().filter_map(|line| Some(line.split_once('/')?.1)).collect();
    let missing = REQUIRED.iter().filter(|file| !files.contains(file));
    let missing = missing.map(|file| format!("the package has no {file}"));
    let belongs = |file: &str| {
        file.starts_with("src/")
            || file == "build.rs"
            || REQUIRED.contains(&file)
            || BY_CARGO.contains(&file)
    };
    let strange = files.iter().filter(|file| !belongs(file));
    let strange = strange.map(|file| format!("the package has {file}, which nobody needs there"));
    let addresses = [("repository", &package.repository), ("homepage", &package.homepage)];
    let unset = addresses.into_iter().filter(|(_, value)| value.is_none());
    let unset = unset.map(|(key, _)| format!("write `{key}.workspace = true` in its manifest"));
    missing.chain(strange).chain(unset).map(|it| Problem::new(&package.name, 0, it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_strange_files_and_unset_addresses_are_found() {
        let mut package = Package {
            repository: Some("https://example.com".to_owned()),
            homepage: Some("https://example.com".to_owned()),
            ..Package::default()
        };
        let good =
            "a-1/Cargo.toml\na-1/LICENSE-APACHE\na-1/LICENSE-MIT\na-1/README.md\na-1/src/x.rs\n";
        assert_eq!(check(&package, good), []);
        for (from, to, expected) in [
            ("a-1/README.md\n", "", "no README.md"),
            ("a-1/LICENSE-MIT\n", "", "no LICENSE-MIT"),
            ("a-1/src/x.rs", "a-1/tests/x.rs", "has tests/x.rs"),
        ] {
            let found = check(&package, &good.replace(from, to));
            assert!(found.len() == 1 && found[0].text.contains(expected), "{found:?}");
        }
        package.homepage = None;
        assert_eq!(check(&package, good).len(), 1);
    }
}

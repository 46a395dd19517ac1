//! The command `cargo xtask release`: version, changelog, commit and tag, first in a copy.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use xshell::{Shell, cmd};

use crate::context::Context;
use crate::crates::{FACADE, packages};
use crate::{api, ci, package, shell};

/// Prepare a release in a copy: check it, set its version, date the changelog, commit and tag
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The version, such as 0.3.0 [default: that of the manifests]
    #[arg(value_parser = parse)]
    version: Option<Version>,
    /// Run the whole `ci` too, and then take commit and tag over from the copy
    #[arg(long)]
    execute: bool,
}

/// The manifests with addresses that a release shows, and the keys of these.
const ADDRESSES: [(&str, &[&str]); 2] =
    [("Cargo.toml", &["repository", "homepage"]), ("crates/cli/Cargo.toml", &["maintainer"])];

/// Three numbers; we make no releases before a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version([u64; 3]);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

fn parse(text: &str) -> Result<Version, String> {
    let numbers: Option<Vec<u64>> = text.split('.').map(|number| number.parse().ok()).collect();
    let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
    numbers.map(Version).ok_or_else(|| "write three numbers, such as 0.3.0".to_owned())
}

pub(crate) fn run(options: &Options, context: &Context) -> Result<()> {
    let sh = &context.sh;
    let facade = context.workspace.packages.iter().find(|it| it.name == FACADE);
    let manifests = parse(&facade.context("the workspace has no facade")?.version);
    let manifests = manifests.map_err(anyhow::Error::msg)?;
    let version = options.version.unwrap_or(manifests);
    let obstacles = obstacles(context, version)?;
    if options.execute {
        ensure!(obstacles.is_empty(), "not yet:\n- {}", obstacles.join("\n- "));
        ci::run_every_step(context)?;
    } else {
        package::run(context)?;
    }
    let copy = copy_of_head(context)?;
    let commit = prepare(context, &copy, version)?;
    api::compare(context, &copy, &api::libraries())?;
    api::as_docs_rs(context, &copy, &api::libraries())?;
    shell::run(cmd!(sh, "git --no-pager -C {copy} show --stat --format=medium {commit}"))?;
    let tag = format!("v{version}");
    if !options.execute {
        println!("\nThis was a rehearsal: commit and tag {tag} are in {} only.", copy.display());
        for obstacle in obstacles {
            println!("before `--execute`: {obstacle}");
        }
        return Ok(());
    }
    shell::run(cmd!(sh, "git fetch --quiet {copy} refs/tags/{tag}:refs/tags/{tag}"))?;
    shell::run(cmd!(sh, "git merge --quiet --ff-only {tag}"))?;
    let published = packages(|it| it.published).join(" ");
    println!("\nNext:\n  git push --follow-tags\n  cargo publish --locked {published}");
    Ok(())
}

/// What stands in the way of a release.
fn obstacles(context: &Context, version: Version) -> Result<Vec<String>> {
    let sh = &context.sh;
    let mut found = Vec::new();
    if !shell::read(cmd!(sh, "git status --porcelain"))?.is_empty() {
        found.push("commit or remove the changes that `git status` shows".to_owned());
    }
    if let Some(last) = last_release(sh) {
        let newest = last.strip_prefix('v').map(parse);
        if newest.is_some_and(|newest| newest.is_ok_and(|newest| newest >= version)) {
            found.push(format!("choose a version after {last}, which is released"));
        }
    }
    for (file, keys) in ADDRESSES {
        found.extend(placeholders(file, &sh.read_file(file)?, keys));
    }
    let changelog = dated(&sh.read_file("CHANGELOG.md")?, version, "2000-01-01");
    found.extend(changelog.err().map(|error| error.to_string()));
    for key in ["user.name", "user.email"] {
        if setting(sh, key).is_none() {
            found.push(format!("tell git who you are: `git config {key} …`"));
        }
    }
    Ok(found)
}

/// Asks for each of the keys whose value is missing or on a domain for examples.
fn placeholders(file: &str, manifest: &str, keys: &[&str]) -> Vec<String> {
    let is_real = |line: &str| !["example.", ".invalid"].iter().any(|it| line.contains(it));
    let is_set = |key: &str| {
        let value =
            |line: &str| line.strip_prefix(key)?.trim_start().strip_prefix('=').map(is_real);
        manifest.lines().find_map(value) == Some(true)
    };
    let unset = keys.iter().filter(|key| !is_set(key));
    unset.map(|key| format!("set `{key}` in {file}, which is a placeholder")).collect()
}

/// Returns the tag of the last release before this commit.
pub(crate) fn last_release(sh: &Shell) -> Option<String> {
    let pattern = "v[0-9]*";
    let tag = shell::read(cmd!(sh, "git describe --tags --abbrev=0 --match {pattern}"));
    tag.ok().map(|tag| tag.trim().to_owned())
}

fn setting(sh: &Shell, key: &str) -> Option<String> {
    let value = shell::read(cmd!(sh, "git config {key}")).ok()?;
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Clones the last commit to a folder below `target`, where everything can be tried.
pub(crate) fn copy_of_head(context: &Context) -> Result<PathBuf> {
    let (sh, root) = (&context.sh, &context.workspace.root);
    let copy = context.workspace.target.join("release-copy");
    sh.remove_path(&copy)?;
    shell::read(cmd!(sh, "git clone --quiet --shared {root} {copy}"))?;
    Ok(copy)
}

/// Sets the version in the copy and dates the changelog; returns the commit, which has the tag.
fn prepare(context: &Context, copy: &Path, version: Version) -> Result<String> {
    let sh = &context.sh;
    let today = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let today = today.split('T').next().unwrap_or_default();
    let change = |file: &str, change: &dyn Fn(&str) -> Result<String>| -> Result<()> {
        let path = copy.join(file);
        Ok(sh.write_file(&path, change(&sh.read_file(&path)?)?)?)
    };
    change("Cargo.toml", &|text| with_version(text, version))?;
    change("CHANGELOG.md", &|text| dated(text, version, today))?;
    for folder in [copy.to_owned(), copy.join("crates").join("bench"), copy.join("fuzz")] {
        let manifest = folder.join("Cargo.toml");
        let lock = cmd!(sh, "cargo update --quiet --workspace --offline");
        shell::run(lock.arg("--manifest-path").arg(manifest))?;
    }
    let (tag, subject) = (format!("v{version}"), format!("Release {version}"));
    let user = |key: &str| setting(sh, key).unwrap_or_else(|| "xtask".to_owned());
    let user =
        [format!("user.name={}", user("user.name")), format!("user.email={}", user("user.email"))];
    let git = |arguments: &[&str]| {
        let user = user.iter().flat_map(|it| ["-c", it.as_str()]);
        shell::read(cmd!(sh, "git -C {copy} {user...} {arguments...}"))
    };
    git(&["commit", "--quiet", "--all", "--allow-empty", "-m", &subject])?;
    git(&["tag", "-a", &tag, "-m", &format!("easemob-token {version}")])?;
    Ok(git(&["rev-parse", "HEAD"])?.trim().to_owned())
}

/// Sets the version of the workspace, and with it the version that our crates ask of each other.
fn with_version(manifest: &str, version: Version) -> Result<String> {
    let mut section = "";
    let mut changed = 0;
    let mut text = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let own = section == "[workspace.package]" && line.starts_with("version = ");
        let ours = section == "[workspace.dependencies]" && line.contains("path = \"crates/");
        match line.split_once("version = \"") {
            Some((before, after)) if own || ours => {
                let (_, after) = after.split_once('"').context("a version without an end")?;
                text.extend([before, "version = \"", &version.to_string(), "\"", after, "\n"]);
                changed += 1;
            }
            _ => text.extend([line, "\n"]),
        }
    }
    ensure!(changed > 1, "the manifest has no versions where they were");
    Ok(text)
}

/// Makes a dated section of the changes that are not released.
fn dated(changelog: &str, version: Version, date: &str) -> Result<String> {
    let heading = "\n## [Unreleased]";
    let Some((before, after)) = changelog.split_once(heading) else {
        bail!("CHANGELOG.md has no section `## [Unreleased]`");
    };
    let (_, changes) = after.split_once('\n').unwrap_or_default();
    let own = changes.split("\n## ").next().unwrap_or_default();
    ensure!(own.contains("\n- "), "CHANGELOG.md says nothing of the release; write what changed");
    Ok(format!("{before}{heading}\n\n## [{version}] - {date}\n{changes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: Version = Version([0, 3, 0]);

    #[test]
    fn versions_are_three_numbers_in_their_order() {
        assert!(parse("0.10.0").unwrap() > parse("0.9.9").unwrap());
        for text in ["", "1", "0.3", "0.3.0.1", "v0.3.0", "0.3.0-rc.1", "0.3.x"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_version_of_ours_is_set_and_no_other() {
        let manifest = include_str!("../../Cargo.toml");
        let set = with_version(manifest, NEXT).unwrap();
        let (old, new): (Vec<_>, Vec<_>) =
            manifest.lines().zip(set.lines()).filter(|(old, new)| old != new).unzip();
        let ours = manifest.lines().filter(|line| line.contains("path = \"crates/")).count();
        assert_eq!(new.len(), ours + 1, "{old:?}");
        assert!(new.iter().all(|line| line.contains("version = \"0.3.0\"")), "{new:?}");
        assert!(with_version("[workspace.package]\n", NEXT).is_err());
    }

    #[test]
    fn an_address_for_examples_or_none_is_an_obstacle() {
        let maintainer = |text: &str| placeholders("a/Cargo.toml", text, &["name", "maintainer"]);
        let set = "# maintainer = \"a@example.com\"\nname = \"x\"\nmaintainer = \"A <a@b.cn>\"\n";
        assert!(maintainer(set).is_empty());
        for text in [
            set.replace("b.cn", "example.com"),
            set.replace("b.cn", "lists.example.org"),
            set.replace("b.cn", "x.invalid"),
            set.replace("\nmaintainer", "\nmaintainers"),
        ] {
            let expected = "set `maintainer` in a/Cargo.toml, which is a placeholder";
            assert_eq!(maintainer(&text), [expected], "{text}");
        }
        // The keys are where they are looked for.
        let sources =
            [include_str!("../../Cargo.toml"), include_str!("../../crates/cli/Cargo.toml")];
        for ((_, keys), text) in ADDRESSES.iter().zip(sources) {
            assert!(keys.iter().all(|key| text.contains(&format!("\n{key} = "))), "{keys:?}");
        }
    }

    #[test]
    fn the_changelog_is_dated_unless_it_says_nothing() {
        let page =
            "# C\n\n## [Unreleased] - 0.3.0\n\n### Added\n\n- A.\n\n## [0.2.0] - 2026-01-01\n";
        let expected = "# C\n\n## [Unreleased]\n\n## [0.3.0] - 2026-02-03\n\n### Added\n\n- A.\n\n\
                        ## [0.2.0] - 2026-01-01\n";
        assert_eq!(dated(page, NEXT, "2026-02-03").unwrap(), expected);
        for empty in ["# C\n", "# C\n\n## [Unreleased]\n\n## [0.2.0] - 2026-01-01\n\n- A.\n"] {
            assert!(dated(empty, NEXT, "2026-02-03").is_err(), "{empty}");
        }
    }
}

//! The core's clippy bans are alive: a copy of the core that breaks each of them is refused.
//!
//! A ban in `clippy.toml` can die in silence: by a typing error in a path, by a lint that somebody
//! allowed, by a second clippy.toml. So the step does not read the settings and believe them; it
//! copies the core as it is, adds a module with one line against every ban, and expects clippy to
//! name every one of these lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use walkdir::WalkDir;

use super::probes;
use crate::command::Tool;
use crate::context::Context;
use crate::failure::{Failure, Problem};

const SETTINGS: &str = "crates/core/clippy.toml";
const MODULE: &str = "ban_probe";

pub(super) fn check(context: &Context) -> Result<Vec<Problem>, Failure> {
    let read = |path: &str| {
        fs::read_to_string(context.root.join(path)).map_err(|error| Failure::caused(path, error))
    };
    let settings = read(SETTINGS)?;
    let mut problems = settings_missing(&read("clippy.toml")?, &settings);
    problems.extend(without_probe(&settings));

    let copy = context.target.join("xtask").join("purity");
    let (module, banned) = probes::source();
    lay_out(context, &copy, &module).map_err(|error| Failure::caused(copy.display(), error))?;
    // No `--locked`: the copied lock file still lists what the rest of the workspace needs.
    let clippy = Tool::parse("cargo clippy --quiet --lib --message-format=json")
        .arg("--target-dir")
        .arg(context.target.display().to_string())
        .dir(copy.join("core"))
        .capture()?;
    let refused = refused_lines(&clippy.stdout);
    if refused.is_empty() {
        let why = errors(&clippy.stdout);
        return Err(Failure::new(format!(
            "the copy of the core with a line against every ban was not refused at all; either it \
             does not compile, or no ban is alive:\n{why}{}",
            clippy.stderr
        )));
    }
    for (index, path) in banned.iter().enumerate().skip(1) {
        if !refused.contains(&(index + 1)) {
            problems.push(Problem::new(SETTINGS, 0, format!("the ban on `{path}` does not work")));
        }
    }
    println!(
        "clippy refused {} of {} banned uses in a copy of the core",
        refused.len(),
        banned.len() - 1
    );
    Ok(problems)
}

/// Clippy takes the nearest file alone, so the core's has to repeat the workspace's settings.
fn settings_missing(workspace: &str, core: &str) -> Vec<Problem> {
    workspace
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter(|line| !core.lines().any(|ours| ours.trim() == *line))
        .map(|line| Problem::new(SETTINGS, 0, format!("does not repeat `{line}` of clippy.toml")))
        .collect()
}

/// Every ban has its probe and every probe its ban.
fn without_probe(settings: &str) -> Vec<Problem> {
    let banned: BTreeSet<&str> = settings
        .lines()
        .filter_map(|line| line.trim().strip_prefix("{ path = \"")?.split('"').next())
        .collect();
    let tried: BTreeSet<&str> =
        probes::METHODS.iter().chain(probes::TYPES).map(|&(path, _)| path).collect();
    let untried = banned.difference(&tried).map(|path| {
        let text = format!("bans `{path}`, which xtask/src/layers/probes.rs does not try");
        Problem::new(SETTINGS, 0, text)
    });
    let gone = tried
        .difference(&banned)
        .map(|path| Problem::new(SETTINGS, 0, format!("no longer bans `{path}`")));
    untried.chain(gone).collect()
}

/// A workspace with the core as its only member, under the very settings of ours.
fn lay_out(context: &Context, copy: &Path, module: &str) -> std::io::Result<()> {
    let root = &context.root;
    if copy.exists() {
        fs::remove_dir_all(copy)?;
    }
    copy_folder(&root.join("crates/core"), &copy.join("core"))?;
    // The one crate of ours that the core depends on.
    copy_folder(&root.join("crates/host"), &copy.join("crates/host"))?;
    fs::write(
        copy.join("Cargo.toml"),
        workspace_of_one(&fs::read_to_string(root.join("Cargo.toml"))?),
    )?;
    fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock"))?;
    fs::copy(root.join("clippy.toml"), copy.join("clippy.toml"))?;
    let lib = copy.join("core/src/lib.rs");
    let text = fs::read_to_string(&lib)?;
    fs::write(lib, format!("{text}\nmod {MODULE};\n"))?;
    fs::write(copy.join(format!("core/src/{MODULE}.rs")), module)
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in WalkDir::new(from) {
        let entry = entry?;
        let to = to.join(entry.path().strip_prefix(from).unwrap_or(entry.path()));
        if entry.file_type().is_dir() {
            fs::create_dir_all(to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// The workspace's manifest with the members replaced: everything from `[workspace]` to the next
/// table is ours to write.
fn workspace_of_one(manifest: &str) -> String {
    let rest = manifest.split_once("\n[workspace.").map_or("", |(_, rest)| rest);
    format!("[workspace]\nresolver = \"3\"\nmembers = [\"core\"]\n\n[workspace.{rest}")
}

/// The lines of the probe that clippy names for a disallowed use.
fn refused_lines(output: &str) -> BTreeSet<usize> {
    messages(output)
        .filter(|message| {
            let code = message["code"]["code"].as_str().unwrap_or_default();
            code.starts_with("clippy::disallowed_")
                && matches!(message["level"].as_str(), Some("warning" | "error"))
        })
        .flat_map(|message| message["spans"].as_array().cloned().unwrap_or_default())
        .filter(|span| {
            let file = span["file_name"].as_str().unwrap_or_default();
            span["is_primary"] == true && file.ends_with(&format!("{MODULE}.rs"))
        })
        .filter_map(|span| span["line_start"].as_u64()?.try_into().ok())
        .collect()
}

/// What kept the copy from compiling, as rustc words it.
fn errors(output: &str) -> String {
    messages(output)
        .filter(|message| message["level"] == "error")
        .filter_map(|message| message["rendered"].as_str().map(str::to_owned))
        .collect()
}

fn messages(output: &str) -> impl Iterator<Item = Value> {
    output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|mut line| line["message"].take())
        .filter(|message| !message.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(code: &str, level: &str, file: &str, line: usize) -> String {
        serde_json::json!({"reason": "compiler-message", "message": {
            "code": {"code": code}, "level": level, "rendered": "words",
            "spans": [{"file_name": file, "line_start": line, "is_primary": true}],
        }})
        .to_string()
    }

    #[test]
    fn only_a_live_ban_in_the_probe_counts() {
        let output = [
            message("clippy::disallowed_methods", "warning", "core/src/ban_probe.rs", 2),
            message("clippy::disallowed_types", "error", "core/src/ban_probe.rs", 3),
            message("clippy::disallowed_methods", "warning", "core/src/other.rs", 4),
            message("dead_code", "warning", "core/src/ban_probe.rs", 5),
            "{\"reason\":\"build-finished\",\"success\":true}".to_owned(),
        ]
        .join("\n");
        assert_eq!(refused_lines(&output), BTreeSet::from([2, 3]));
        assert_eq!(errors(&output), "words");
    }

    #[test]
    fn a_setting_that_the_core_does_not_repeat_is_found() {
        assert!(settings_missing("# a\nb = true\n", "x = []\nb = true\n").is_empty());
        assert_eq!(settings_missing("b = true\nc = 1\n", "b = true\n").len(), 1);
    }

    #[test]
    fn a_ban_without_probe_and_a_probe_without_ban_are_found() {
        let all: Vec<_> = probes::METHODS.iter().chain(probes::TYPES).collect();
        let settings = |skip: usize| -> String {
            let lines = all.iter().skip(skip);
            lines
                .map(|(path, _)| format!("    {{ path = \"{path}\", reason = \"x\" }},\n"))
                .collect()
        };
        assert!(without_probe(&settings(0)).is_empty());
        assert_eq!(without_probe(&settings(1)).len(), 1);
        let more = format!("{}{{ path = \"std::env::home_dir\" }},\n", settings(0));
        assert_eq!(without_probe(&more).len(), 1);
    }

    #[test]
    fn the_copy_keeps_everything_but_the_members() {
        let manifest = "[workspace]\nmembers = [\"crates/*\"]\n\n[workspace.package]\nversion = \"1\"\n\n\
                        [workspace.lints.rust]\nx = \"deny\"\n";
        assert_eq!(
            workspace_of_one(manifest),
            "[workspace]\nresolver = \"3\"\nmembers = [\"core\"]\n\n[workspace.package]\nversion = \"1\"\n\n\
             [workspace.lints.rust]\nx = \"deny\"\n"
        );
    }
}

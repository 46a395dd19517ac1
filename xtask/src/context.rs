//! What every step may ask for: where the workspace lies, who its members are, what was counted so far.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

use crate::command::Tool;
use crate::failure::Failure;
use crate::tally::Tally;

/// Handed from step to step.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) members: Vec<Member>,
    pub(crate) tally: Tally,
    /// What was not checked and why; shown again at the very end, so that nobody overlooks it.
    pub(crate) not_checked: Vec<String>,
}

/// One package of the workspace, as `cargo metadata` tells it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) rust_version: Option<String>,
    /// Without `default`.
    pub(crate) features: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a `[dependencies]` table, optional or not, for whatever platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

/// Runs a command of its own, beside `ci`, in the root of the workspace.
pub(crate) fn run_in_root(run: impl FnOnce(&mut Context) -> Result<(), Failure>) -> ExitCode {
    let result = Context::load().and_then(|mut context| {
        std::env::set_current_dir(&context.root)
            .map_err(|error| Failure::caused(context.root.display().to_string(), error))?;
        run(&mut context)
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

impl Context {
    pub(crate) fn load() -> Result<Self, Failure> {
        let metadata =
            Tool::parse("cargo metadata --format-version 1 --no-deps --locked").capture()?;
        if !metadata.success {
            return Err(Failure::caused("cargo metadata", metadata.stderr.trim()));
        }
        let json: Value = serde_json::from_str(&metadata.stdout)
            .map_err(|error| Failure::caused("the output of cargo metadata", error))?;
        Self::from_metadata(&json)
    }

    fn from_metadata(json: &Value) -> Result<Self, Failure> {
        let path = |key: &str| json[key].as_str().map(PathBuf::from);
        let (Some(root), Some(target)) = (path("workspace_root"), path("target_directory")) else {
            return Err(Failure::new("cargo metadata names no workspace"));
        };
        let members: Vec<Member> =
            json["packages"].as_array().into_iter().flatten().map(Member::from_metadata).collect();
        if members.is_empty() {
            return Err(Failure::new("cargo metadata lists no package"));
        }
        Ok(Self { root, target, members, tally: Tally::default(), not_checked: Vec::new() })
    }

    pub(crate) fn member(&self, name: &str) -> Result<&Member, Failure> {
        self.members
            .iter()
            .find(|member| member.name == name)
            .ok_or_else(|| Failure::new(format!("the workspace has no package `{name}`")))
    }

    /// Says loudly, now and at the end, that something was left unchecked.
    pub(crate) fn not_checked(&mut self, text: String) {
        println!("NOT CHECKED: {text}");
        self.not_checked.push(text);
    }
}

impl Member {
    /// The arguments of cargo for this package without features, and with each alone.
    pub(crate) fn single_choices(&self) -> Vec<String> {
        if self.features.is_empty() {
            return Vec::new();
        }
        let none = format!("-p {} --no-default-features", self.name);
        let each = self.features.iter().map(|feature| format!("{none} --features {feature}"));
        std::iter::once(none.clone()).chain(each).collect()
    }

    fn from_metadata(package: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let features = package["features"].as_object();
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        Self {
            name: text(&package["name"]),
            rust_version: package["rust_version"].as_str().map(str::to_owned),
            features: features
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone())
                .filter(|name| name != "default")
                .collect(),
            dependencies: dependencies
                .map(|dependency| Dependency {
                    name: text(&dependency["name"]),
                    kind: match dependency["kind"].as_str() {
                        Some("build") => Kind::Build,
                        Some("dev") => Kind::Dev,
                        _ => Kind::Normal,
                    },
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_with_kinds_and_features() {
        let json = serde_json::json!({
            "workspace_root": "/w", "target_directory": "/w/target",
            "packages": [{
                "name": "a", "rust_version": "1.85",
                "features": {"default": ["x"], "x": []},
                "dependencies": [
                    {"name": "n", "kind": null, "optional": true},
                    {"name": "b", "kind": "build"},
                    {"name": "d", "kind": "dev"},
                ],
            }],
        });
        let context = Context::from_metadata(&json).unwrap();
        let member = context.member("a").unwrap();
        assert_eq!(member.rust_version.as_deref(), Some("1.85"));
        assert_eq!(member.features, ["x"]);
        let kinds: Vec<_> = member.dependencies.iter().map(|d| (d.name.as_str(), d.kind)).collect();
        assert_eq!(kinds, [("n", Kind::Normal), ("b", Kind::Build), ("d", Kind::Dev)]);
        assert!(context.member("z").is_err());
    }

    #[test]
    fn a_workspace_without_packages_is_refused() {
        let json = serde_json::json!({"workspace_root": "/w", "target_directory": "/t"});
        assert!(Context::from_metadata(&json).is_err());
    }

    #[test]
    fn a_member_can_be_chosen_without_features_and_with_each() {
        let json =
            serde_json::json!({"name": "a", "features": {"default": ["x"], "x": [], "y": []}});
        assert_eq!(
            Member::from_metadata(&json).single_choices(),
            [
                "-p a --no-default-features",
                "-p a --no-default-features --features x",
                "-p a --no-default-features --features y",
            ]
        );
        let json = serde_json::json!({"name": "a", "features": {}});
        assert!(Member::from_metadata(&json).single_choices().is_empty());
    }
}

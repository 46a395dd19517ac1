//! Finds or installs what a step needs: rustup components, cargo's tools, Debian packages.

mod program;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use xshell::{Cmd, Shell, cmd};

pub(crate) use self::program::{CHROMIUM, NPM, Program, can_install};
use crate::context::Context;
use crate::shell::{self, Ended, text};

/// Long enough for a slow line; a dead one must not block everything else.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(300);
/// Long enough for a tool of some hundred crates on a slow machine.
const COMPILE_LIMIT: Duration = Duration::from_secs(1800);
/// A tool of cargo's that is compiled into `target/xtask-tools` if it is missing or older.
#[derive(Debug)]
pub(crate) struct CargoTool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// The first words that print its version.
    pub(crate) ask: &'static [&'static str],
}

impl CargoTool {
    /// Returns the program: from the PATH if it is new enough, or our own build.
    pub(crate) fn find_or_install(&self, context: &Context) -> Result<String> {
        if let Some(found) = self.find(context) {
            // What was compiled ahead left them behind.
            remove_intermediate_files(context);
            return Ok(found);
        }
        println!("{} {} is missing; compiling it", self.name, self.version);
        shell::run(self.install(context, &[]))?;
        self.installed(context)
    }

    /// Returns the program in the same way; without a network, leaves out what it would check.
    ///
    /// `options` are more options for `cargo install`.
    pub(crate) fn find_or_leave_out(
        &self,
        context: &Context,
        options: &[&str],
        checks: &str,
    ) -> Result<Option<String>> {
        if let Some(found) = self.find(context) {
            return Ok(Some(found));
        }
        println!("{} {} is missing; compiling it", self.name, self.version);
        match shell::run_within(self.install(context, options), COMPILE_LIMIT)? {
            Ended::Success => self.installed(context).map(Some),
            Ended::Failed(output) if blames_the_network(&output) => {
                context.leave_out(format!("{checks}: {} could not be downloaded", self.name))?;
                Ok(None)
            }
            Ended::Failed(_) => bail!("{} does not compile, see above", self.name),
            Ended::TimedOut => bail!("{} was not compiled within {COMPILE_LIMIT:?}", self.name),
        }
    }

    /// Returns the command that compiles the tool, if it is missing.
    pub(crate) fn installation<'a>(&self, context: &'a Context) -> Option<Cmd<'a>> {
        self.find(context).is_none().then(|| self.install(context, &[]))
    }

    fn find(&self, context: &Context) -> Option<String> {
        [self.name.to_owned(), self.own(context)].into_iter().find(|candidate| {
            let asked =
                shell::read(cmd!(context.sh, "{candidate}").args(self.ask).arg("--version"));
            asked.is_ok_and(|printed| numbers(&printed) >= numbers(self.version))
        })
    }

    /// Returns the place of our own build.
    fn own(&self, context: &Context) -> String {
        let name = format!("{}{}", self.name, std::env::consts::EXE_SUFFIX);
        root(context).join("bin").join(name).display().to_string()
    }

    fn install<'a>(&self, context: &'a Context, options: &[&str]) -> Cmd<'a> {
        let (name, version) = (self.name, self.version);
        cmd!(context.sh, "cargo install --locked {name} --version {version} --force --root")
            .arg(root(context))
            .args(options)
            .arg("--target-dir")
            .arg(root(context).join("build"))
            // Their own release profiles take three times as long to compile, and a check that runs
            // for seconds does not earn that back.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
    }

    fn installed(&self, context: &Context) -> Result<String> {
        remove_intermediate_files(context);
        Ok(self.own(context))
    }
}

/// Removes half a gigabyte that nothing reads again.
fn remove_intermediate_files(context: &Context) {
    let _ = std::fs::remove_dir_all(root(context).join("build"));
}

/// Returns the folder of our own builds of tools.
fn root(context: &Context) -> PathBuf {
    context.workspace.target.join("xtask-tools")
}

/// Returns the numbers of a version, such as that in `cargo-deny 0.20.2`.
fn numbers(text: &str) -> Vec<u32> {
    let version = text.split_whitespace().last().unwrap_or_default();
    version.split('.').filter_map(|number| number.parse().ok()).collect()
}

/// Runs a command that downloads; returns the reason if it fails for what no change can mend.
///
/// These are a network that does not answer, and a folder that belongs to somebody else.
pub(crate) fn download(cmd: Cmd<'_>) -> Result<Option<String>> {
    let shown = cmd.to_string();
    match shell::run_within(cmd, DOWNLOAD_LIMIT)? {
        Ended::Success => Ok(None),
        Ended::TimedOut => Ok(Some(format!("`{shown}` took longer than {DOWNLOAD_LIMIT:?}"))),
        // Rustup calls this a failed download too.
        Ended::Failed(output) if blames_the_owner(&output) => Ok(Some(format!(
            "`{shown}` may not write to its folder; run it as the user who owns that"
        ))),
        Ended::Failed(output) if blames_the_network(&output) => {
            Ok(Some(format!("`{shown}` could not reach the server")))
        }
        Ended::Failed(_) => bail!("`{shown}` failed, see above"),
    }
}

/// Runs `rustup …`; returns the reason if there is no rustup or it could not reach the server.
pub(crate) fn rustup(sh: &Shell, arguments: &[&str]) -> Result<Option<String>> {
    let cmd = cmd!(sh, "rustup {arguments...}");
    if !succeeds(cmd!(sh, "rustup --version")) {
        return Ok(Some(format!(
            "rustup is missing; install it (https://rustup.rs) and run `{cmd}`"
        )));
    }
    download(cmd)
}

/// Whether the command can be started and succeeds.
pub(crate) fn succeeds(cmd: Cmd<'_>) -> bool {
    shell::capture(cmd).is_ok_and(|output| output.status.success())
}

/// Whether the Rust toolchain can run cargo, without a download.
pub(crate) fn has_toolchain(sh: &Shell, toolchain: &str) -> bool {
    let asked = cmd!(sh, "rustup run {toolchain} cargo --version").env("RUSTUP_AUTO_INSTALL", "0");
    succeeds(asked)
}

/// Whether the standard library for a target is there; asks rustc, since it need not be rustup's.
pub(crate) fn has_target(sh: &Shell, target: &str) -> bool {
    let asked = shell::capture(cmd!(sh, "rustc --print target-libdir --target {target}"));
    let Ok(asked) = asked else { return false };
    let entries = std::fs::read_dir(text(&asked.stdout).trim()).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    asked.status.success() && names.any(|it| it.to_string_lossy().starts_with("libcore-"))
}

/// Whether cargo's command is there, or could be added; leaves out what it checks otherwise.
///
/// The smallest installation of Rust has neither rustfmt nor clippy.
pub(crate) fn has_component(context: &Context, command: &str, component: &str) -> Result<bool> {
    let sh = &context.sh;
    if succeeds(cmd!(sh, "cargo {command} --version")) {
        return Ok(true);
    }
    println!("`cargo {command}` is missing; adding the component {component}");
    let Some(reason) = rustup(sh, &["component", "add", component])? else { return Ok(true) };
    context.leave_out(format!("everything with `cargo {command}`: {reason}"))?;
    Ok(false)
}

/// Whether the output of a failed download says that we may not write there.
fn blames_the_owner(output: &str) -> bool {
    let output = output.to_lowercase();
    output.contains("permission denied") || output.contains("read-only file system")
}

/// Whether the output of a failed download blames the network, not what the server replied.
fn blames_the_network(output: &str) -> bool {
    const SIGNS: [&str; 13] = [
        "could not download",
        "download failed",
        "resolve host",
        "dns error",
        "failed to lookup address",
        "connection re",
        "a new connection",
        "connect error",
        "not connect",
        "network is unreachable",
        "unable to access",
        "timed out",
        "failed, reason:",
    ];
    let output = output.to_lowercase().replace("n't ", " not ");
    SIGNS.iter().any(|sign| output.contains(sign)) || output.contains("failed to clone")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_tool_is_replaced_and_a_newer_one_is_not() {
        assert!(numbers("cargo-deny 0.20.2\n") >= numbers("0.20.2"));
        assert!(numbers("cargo-deny 1.0.0") >= numbers("0.20.2"));
        assert!(numbers("cargo-deny 0.19.9") < numbers("0.20.2"));
        assert!(numbers("something else") < numbers("0.20.2"));
    }

    #[test]
    fn what_is_not_installed_is_not_found() {
        let sh = Shell::new().unwrap();
        assert!(!has_toolchain(&sh, "1.0.99"));
        assert!(!has_target(&sh, "no-such-target"));
        let host = shell::read(cmd!(sh, "rustc -vV")).unwrap();
        let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned();
        assert!(has_target(&sh, &host));
    }

    #[test]
    fn what_nobody_can_mend_differs_from_a_wrong_request() {
        for text in [
            "error: could not download file from 'https://static.rust-lang.org/…'",
            "fatal: unable to access '…': Could not resolve host: github.com",
            "error: … : tcp connect error: Connection refused (os error 111)",
            "Couldn't connect to server",
            "npm error request to https://… failed, reason: getaddrinfo EAI_AGAIN",
            "WARNING: Retrying (…) 'NewConnectionError(…: Failed to establish a new connection: …)",
        ] {
            assert!(blames_the_network(text), "{text}");
        }
        for text in [
            "error: toolchain '9.99.0' is not installable",
            "error: component 'rust-std' for target 'wasm64' is unavailable",
        ] {
            assert!(!blames_the_network(text) && !blames_the_owner(text), "{text}");
        }
        for text in [
            "error: component download failed for rustfmt: could not create …: Permission denied",
            "error: could not create temp file …: Read-only file system (os error 30)",
        ] {
            assert!(blames_the_owner(text), "{text}");
        }
    }
}

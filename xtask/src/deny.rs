//! The step `deny`: licences, banned and doubled crates, sources and advisories, by cargo-deny.

mod rehearsal;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{Ended, Tool};
use crate::context::Context;
use crate::failure::Failure;
use crate::toolchain::is_about_the_network;

/// Built when no cargo-deny is at hand.
const VERSION: &str = "0.20.2";
/// What `deny.toml` is written for; an older one would refuse it.
const OLDEST: (u32, u32) = (0, 20);
/// The advisory database is a small git repository.
const FETCH_LIMIT: Duration = Duration::from_secs(120);

/// Fetches what `CHECK` reads.
const FETCH: &str = "fetch db";
/// Offline, since everything is there by then: the database, and the crates, which the checks of
/// bans, licences and sources have downloaded.
const CHECK: &str = "--all-features --locked --offline check advisories";

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    let program = find_or_install(context)?;
    deny(&program, "--all-features --locked check bans licenses sources").run()?;
    // Where the database cannot be reached, this alone shows that the check below would work.
    rehearsal::run(context, &program)?;
    match deny(&program, FETCH).run_within(FETCH_LIMIT)? {
        Ended::Success => deny(&program, CHECK).run(),
        Ended::TimedOut => {
            let seconds = FETCH_LIMIT.as_secs();
            context.not_checked(format!(
                "advisories: the database was not there after {seconds} seconds"
            ));
            Ok(())
        }
        Ended::Failed { output } if is_about_the_network(&output) => {
            context.not_checked("advisories: the database could not be reached".to_owned());
            Ok(())
        }
        Ended::Failed { .. } => Err(Failure::new("the advisory database, see above")),
    }
}

fn deny(program: &str, arguments: &str) -> Tool {
    deny_by(program, Path::new("deny.toml"), arguments)
}

fn deny_by(program: &str, config: &Path, arguments: &str) -> Tool {
    Tool::parse("")
        .arg(program)
        .arg("--config")
        .arg(config.display().to_string())
        .args(arguments)
        // git waits for ever on a line that went dead in the middle; so it is told not to.
        .env("GIT_HTTP_LOW_SPEED_LIMIT", "1000")
        .env("GIT_HTTP_LOW_SPEED_TIME", "20")
        .env("GIT_TERMINAL_PROMPT", "0")
}

/// One in the PATH that is new enough, or our own in the target folder: nothing of the user's is
/// touched, and `cargo clean` takes it away.
fn find_or_install(context: &Context) -> Result<String, Failure> {
    let root = context.target.join("xtask-tools");
    let program = format!("cargo-deny{}", std::env::consts::EXE_SUFFIX);
    let own = root.join("bin").join(program).display().to_string();
    for candidate in ["cargo-deny", &own] {
        if is_new_enough(candidate) {
            return Ok(candidate.to_owned());
        }
    }
    println!("no cargo-deny {}.{} or newer is at hand; building {VERSION}", OLDEST.0, OLDEST.1);
    let build: PathBuf = root.join("build");
    Tool::parse(&format!("cargo install --locked cargo-deny --version {VERSION} --force"))
        .arg("--root")
        .arg(root.display().to_string())
        .arg("--target-dir")
        .arg(build.display().to_string())
        // Its own release profile (fat LTO, one codegen unit) takes twice as long to build, and a
        // check that runs for seconds does not earn that back.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .run()?;
    // Half a gigabyte that nothing reads again.
    let _ = std::fs::remove_dir_all(build);
    Ok(own)
}

fn is_new_enough(program: &str) -> bool {
    Tool::parse("")
        .arg(program)
        .arg("--version")
        .capture()
        .is_ok_and(|asked| asked.success && version(&asked.stdout) >= Some(OLDEST))
}

/// From `cargo-deny 0.20.2`.
fn version(output: &str) -> Option<(u32, u32)> {
    let mut numbers = output.trim().strip_prefix("cargo-deny ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_or_unknown_cargo_deny_is_not_used() {
        assert!(version("cargo-deny 0.20.2\n") >= Some(OLDEST));
        assert!(version("cargo-deny 1.0.0") >= Some(OLDEST));
        assert!(version("cargo-deny 0.19.9") < Some(OLDEST));
        assert!(version("something else") < Some(OLDEST));
        assert!(!is_new_enough("cargo"));
        assert!(!is_new_enough("no-such-program-anywhere"));
    }
}

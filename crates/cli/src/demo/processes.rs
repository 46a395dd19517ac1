//! Processes of this command that share one app token through a folder.

use std::io;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};
use tokio::process::{Child, Command};

use crate::failure::Failure;
use crate::profile::{CONFIG, NO_FILE};
use crate::{output, time};

/// A process that fetches the token is taken for dead two seconds after this.
const REQUEST_TIMEOUT: &str = "1s";

/// Shows that they cost one request, also if one of them is killed.
pub(super) async fn run() -> Result<(), Failure> {
    let emulator = super::start().await?;
    output::line(format_args!("\n== three processes, one folder == {}", emulator.base_url()))?;
    output::line("\n6. Three processes at once, each: easemob-token app --keep")?;
    let folder = Folder::new("kept");
    let started: Vec<Child> =
        (0..3).map(|_| folder.start(&emulator)).collect::<Result<_, Failure>>()?;
    let mut tokens = Vec::new();
    for process in started {
        tokens.push(token(process.wait_with_output().await)?);
    }
    tokens.sort();
    tokens.dedup();
    let (tokens, requests) = (tokens.len(), emulator.request_count());
    output::line(format_args!(
        "   = different app tokens of the three: {tokens}; requests sent: {requests}"
    ))?;

    output::line(
        "\n7. The process that fetches the token is killed before the response. The next one",
    )?;
    output::line("   waits until it must be dead, and sends a request of its own.")?;
    let folder = Folder::new("killed");
    let before = emulator.request_count();
    let hold = emulator.hold();
    let mut holder = folder.start(&emulator)?;
    emulator.wait_for_requests(before + 1).await;
    holder.kill().await.map_err(|error| cannot("end", &error))?;
    hold.release();
    let start = Instant::now();
    token(folder.start(&emulator)?.wait_with_output().await)?;
    // In tenths of a second.
    let waited = Duration::from_millis(
        u64::try_from(start.elapsed().as_millis() / 100 * 100).unwrap_or_default(),
    );
    let requests = emulator.request_count() - before;
    output::line(format_args!(
        "   = an app token after {}; requests sent: {requests}",
        time::span(waited)
    ))?;
    emulator.shutdown().await;
    Ok(())
}

/// The path of this program; without `/proc`, such as in a bare chroot, the one it was started by.
fn own_path() -> io::Result<PathBuf> {
    std::env::current_exe().or_else(|error| {
        let started_as = std::env::args_os().next().map(PathBuf::from);
        started_as.filter(|path| path.is_absolute()).ok_or(error)
    })
}

/// A folder of the demo, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("easemob-token-demo-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    /// Starts `app` with the emulator's settings and no others of the user's.
    fn start(&self, emulator: &Emulator) -> Result<Child, Failure> {
        let program = own_path().map_err(|error| cannot("find", &error))?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("EASEMOB_") {
                command.env_remove(name);
            }
        }
        command
            .args(["app", "--keep", "--quiet", "--timeout", REQUEST_TIMEOUT, "--keep-dir"])
            .arg(&self.0)
            .env(CONFIG.1, NO_FILE)
            .env("EASEMOB_BASE_URL", emulator.base_url())
            .env("EASEMOB_APP_KEY", emulator.app_key())
            .env("EASEMOB_CLIENT_ID", DEMO_CLIENT_ID)
            .env("EASEMOB_CLIENT_SECRET", DEMO_CLIENT_SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command.spawn().map_err(|error| cannot("start", &error))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn cannot(what: &str, error: &io::Error) -> Failure {
    Failure::internal(format!("cannot {what} a process of the demo: {error}"))
}

/// The token that a process printed.
fn token(output: io::Result<Output>) -> Result<Vec<u8>, Failure> {
    let output = output.map_err(|error| cannot("wait for", &error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(Failure::internal(format!("a process of the demo failed: {}", message.trim_end())))
}

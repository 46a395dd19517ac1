//! Installs the package into an empty folder, and runs the command where nothing else exists.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

use super::BINARY;
use crate::context::Context;
use crate::shell;

/// Starts of the program, for its mean time.
const STARTS: u32 = 50;

pub(super) fn run(context: &Context, package: &Path) -> Result<()> {
    let sh = &context.sh;
    if shell::read(cmd!(sh, "id -u"))?.trim() != "0" || sh.read_dir("/var/lib/dpkg").is_err() {
        return context.leave_out(
            "the package in an empty root: it takes root, and dpkg, which Debian's systems have",
        );
    }
    let root = context.workspace.target.join("dist").join("root");
    let admin = root.join("var").join("lib").join("dpkg");
    sh.create_dir(admin.join("info"))?;
    sh.create_dir(admin.join("updates"))?;
    sh.write_file(admin.join("status"), "")?;
    sh.write_file(admin.join("available"), "")?;
    // dpkg looks for programs that scripts of packages need; ours has no scripts.
    let options = ["--force-bad-path", "--force-script-chrootless", "--log=/dev/null"];
    shell::run(cmd!(sh, "dpkg --root {root} {options...} --install {package}"))?;
    println!("{}", shell::read(cmd!(sh, "dpkg --root {root} --listfiles {BINARY}"))?.trim());

    // Every container has it, and a process without standard input needs it.
    let null = sh.create_dir(root.join("dev"))?.join("null");
    shell::read(cmd!(sh, "mknod -m 666 {null} c 1 3"))?;

    let version = shell::read(inside(context, &root, &["--version"]))?;
    let version = version.lines().next().unwrap_or_default();
    let started = Instant::now();
    for _ in 0..STARTS {
        shell::read(inside(context, &root, &["--version"]))?;
    }
    println!("in an empty root: {version}, {:?} for each start", started.elapsed() / STARTS);
    let demo = shell::read(inside(context, &root, &["demo"]))?;
    println!("`demo` there prints {} lines", demo.lines().count());
    let own = format!("/usr/bin/{BINARY}");
    let printed = shell::read(inside(context, &root, &["emulator", "--", &own, "app"]))?;
    let token = printed.lines().find(|line| line.starts_with("YWMt"));
    let token = token.context("`app` prints no token of the emulator around it")?;
    println!("`emulator` there gives `app` a token of {} characters", token.len());
    shell::run(cmd!(sh, "dpkg --root {root} {options...} --purge {BINARY}"))?;
    ensure!(!root.join("usr").exists(), "something of the package is left in {}", root.display());
    Ok(())
}

/// The command in the new root, without any variable.
fn inside<'a>(context: &'a Context, root: &Path, arguments: &[&str]) -> xshell::Cmd<'a> {
    context
        .sh
        .cmd("/usr/sbin/chroot")
        .arg(root)
        .arg(format!("/usr/bin/{BINARY}"))
        .args(arguments)
        .env_clear()
}

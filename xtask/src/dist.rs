//! The command `cargo xtask dist`: the command as a static program, in an archive and a package.

mod trial;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use xshell::cmd;

use crate::context::Context;
use crate::crates::COMMAND;
use crate::install::{CargoTool, Program, has_target, rustup};
use crate::shell;

const CARGO_DEB: CargoTool = CargoTool { name: "cargo-deb", version: "3.8.0", ask: &[] };
/// Compiles the C code below TLS.
const MUSL: Program = Program::new("musl-gcc", "musl-tools", "MUSL_GCC");
const BINARY: &str = "easemob-token";
/// Where the assets of the package in `crates/cli/Cargo.toml` are.
const FOLDER: &str = "target/dist";
const SHELLS: [(&str, &str); 3] =
    [("bash", "easemob-token"), ("zsh", "_easemob-token"), ("fish", "easemob-token.fish")];

/// Make the command for other machines: static, as an archive and a Debian package, and try both
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The C library inside [default: musl, or gnu if musl is not to be had]
    #[arg(long)]
    libc: Option<Libc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Libc {
    Musl,
    Gnu,
}

pub(crate) fn run(options: &Options, context: &Context) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "static programs are made on Linux only");
    let sh = &context.sh;
    let target = build(options, context)?;
    let program = context.workspace.target.join(&target).join("release").join(BINARY);
    sh.remove_path(FOLDER)?;
    archive(context, &program)?;
    let deb = CARGO_DEB.find_or_install(context)?;
    let package = cmd!(
        sh,
        "{deb} --quiet --no-build --no-strip -p {COMMAND} --target {target} --output {FOLDER}"
    );
    shell::run(package)?;
    sh.copy_file("crates/cli/Dockerfile", FOLDER)?;
    let mut files = sh.read_dir(FOLDER)?;
    files.retain(|file| file.is_file());
    let folder = sh.push_dir(FOLDER);
    let names = files.iter().filter_map(|file| file.file_name());
    let sums = shell::read(cmd!(sh, "sha256sum").args(names))?;
    sh.write_file("SHA256SUMS", &sums)?;
    drop(folder);
    println!("{sums}");
    let staged = Path::new(FOLDER).join(BINARY).join(BINARY);
    for file in [&staged].into_iter().chain(&files) {
        println!("{:>9} bytes  {}", std::fs::metadata(file)?.len(), file.display());
    }
    let package = files.iter().find(|file| file.extension().is_some_and(|it| it == "deb"));
    trial::run(context, package.context("cargo-deb made no package")?)
}

/// Builds the static program; returns the target.
fn build(options: &Options, context: &Context) -> Result<String> {
    let sh = &context.sh;
    let target = |libc: &str| format!("{}-unknown-linux-{libc}", std::env::consts::ARCH);
    let musl = target("musl");
    if options.libc != Some(Libc::Gnu) {
        match musl_compiler(context, &musl)? {
            Ok(compiler) => {
                let variable = format!("CC_{}", musl.replace('-', "_"));
                let build = cmd!(sh, "cargo build --locked --release -p {COMMAND} --target {musl}");
                shell::run(build.env(variable, compiler))?;
                return Ok(musl);
            }
            Err(reason) => {
                ensure!(options.libc.is_none(), "{reason}");
                context.not_checked(format!("the program with musl: {reason}"));
            }
        }
    }
    // Its look-up of names loads glibc's own libraries at run time, of exactly this version.
    context.not_checked("names: a static program with glibc finds no name in an empty root");
    let gnu = target("gnu");
    let build = cmd!(sh, "cargo build --locked --release -p {COMMAND} --target {gnu}");
    shell::run(build.env("RUSTFLAGS", "-C target-feature=+crt-static"))?;
    Ok(gnu)
}

/// Returns the C compiler for musl, or what is missing.
fn musl_compiler(context: &Context, target: &str) -> Result<Result<PathBuf, String>> {
    if !has_target(&context.sh, target) {
        if let Some(reason) = rustup(&context.sh, &["target", "add", target])? {
            return Ok(Err(format!("{reason}; run `rustup target add {target}`")));
        }
    }
    Ok(MUSL.find_or_install(context)?.ok_or_else(|| MUSL.missing()))
}

/// Puts the program, its manual pages and completions into a folder, and makes an archive of it.
fn archive(context: &Context, program: &Path) -> Result<()> {
    let sh = &context.sh;
    let version = shell::read(cmd!(sh, "{program} --version"))?;
    let version = version.split_whitespace().nth(1).context("the program has no version")?;
    let name = format!("{BINARY}-{version}-{}-linux", std::env::consts::ARCH);
    // Without the version, since the package and the Dockerfile name it.
    let folder = sh.create_dir(Path::new(FOLDER).join(BINARY))?;
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md", "crates/cli/README.md"] {
        sh.copy_file(file, &folder)?;
    }
    let staged = folder.join(BINARY);
    sh.copy_file(program, &staged)?;
    shell::run(cmd!(sh, "strip {staged}"))?;
    let man = sh.create_dir(folder.join("man"))?;
    shell::read(cmd!(sh, "{program} man {man}"))?;
    for (kind, file) in SHELLS {
        let script = shell::read(cmd!(sh, "{program} completions {kind}"))?;
        sh.write_file(folder.join("completions").join(file), script)?;
    }
    let archive = Path::new(FOLDER).join(format!("{name}.tar.gz"));
    // The same files make the same archive.
    let same = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"];
    let rename = format!("--transform=s,^{BINARY},{name},");
    shell::run(cmd!(sh, "tar -czf {archive} {same...} {rename} -C {FOLDER} {BINARY}"))
}

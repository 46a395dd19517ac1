//! `--out`: a file that is replaced as a whole, and only on success.

use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use easemob_token_emulator::{Emulator, Fault};
use easemob_token_transport_testkit::subprocess;
use tempfile::TempDir;

use crate::{command, failure, run, set_up, stderr, stdout};

/// The command with this file as its output.
fn to(mut command: Command, file: impl AsRef<Path>) -> Command {
    command.arg("--out").arg(file.as_ref());
    command
}

fn mode(file: &Path) -> u32 {
    std::fs::metadata(file).unwrap().permissions().mode() & 0o7777
}

/// The names in a folder.
fn names(folder: &TempDir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into()).collect()
}

#[tokio::test]
async fn the_file_is_for_its_owner_alone_and_nothing_is_on_standard_output() {
    let emulator = Emulator::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "old").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
    for (words, begin, lines) in [
        (&["app"][..], "YWMt", 1),
        (&["app", "--format", "env"], "EASEMOB_TOKEN=YWMt", 2),
        (&["password", "--username", "c", "--format", "header"], "Authorization: Bearer YWMt", 1),
        (&["dynamic", "--username", "c", "--ttl", "10m"], "ZHQt", 1),
        (&["user", "c", "--format", "json"], "{\"access_token\":", 1),
        (&["user", "c", "C"], "{\"user_id\":\"c\",", 2),
    ] {
        let output = run(to(set_up(&emulator, words), &file)).await;
        assert_eq!((output.status.code(), stdout(&output)), (Some(0), ""), "{}", stderr(&output));
        let content = std::fs::read_to_string(&file).unwrap();
        assert!(content.starts_with(begin) && content.ends_with('\n'), "{words:?}: {content}");
        assert_eq!((content.lines().count(), mode(&file)), (lines, 0o600), "{words:?}");
        assert_eq!(names(&folder), [Path::new("token")]);
    }
    let mut bare = to(set_up(&emulator, &["app"]), "other");
    bare.current_dir(folder.path());
    assert_eq!(run(bare).await.status.code(), Some(0));
    assert_eq!(mode(&folder.path().join("other")), 0o600);
    assert!(stdout(&run(to(set_up(&emulator, &["app"]), "-")).await).starts_with("YWMt"));
}

#[tokio::test]
async fn a_failure_leaves_the_file_and_its_folder_as_they_were() {
    let emulator = Emulator::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "old").unwrap();
    emulator.inject(Fault::gateway(502).always()).unwrap();
    for words in [&["app", "--max-attempts", "1"][..], &["user", "a", "b", "--max-attempts", "1"]] {
        let output = run(to(set_up(&emulator, words), &file)).await;
        assert_eq!(output.status.code(), Some(5));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(names(&folder).len(), 1);
    }
    // Some users have a token, and the others a line that says why not: that is a result.
    let emulator = Emulator::start().await.unwrap();
    let output = run(to(set_up(&emulator, &["user", "c", "nobody"]), &file)).await;
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2);
}

#[tokio::test]
async fn a_killed_command_leaves_nothing() {
    use std::io::Write as _;
    use std::process::Stdio;

    let emulator = Emulator::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    std::fs::write(&file, "old").unwrap();
    for signal in ["-INT", "-TERM", "-HUP", "-KILL"] {
        let before = emulator.request_count();
        let mut command = to(set_up(&emulator, &["user", "--stdin"]), &file);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // It waits for more.
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"c\n").unwrap();
        emulator.wait_for_requests(before + 2).await;
        subprocess::signal(child.id(), signal);
        assert!(!child.wait().unwrap().success());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "old", "{signal}");
        assert_eq!(names(&folder).len(), 1, "{signal}");
        drop(input);
    }
}

#[tokio::test]
async fn a_place_where_no_file_can_be_replaced_is_refused_before_anything_is_sent() {
    let emulator = Emulator::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("file"), "old").unwrap();
    symlink(at("file"), at("link")).unwrap();
    symlink(at("nothing"), at("dangling")).unwrap();
    for (file, problem) in [
        (at("link"), "is a symbolic link; name the file that it leads to"),
        (at("dangling"), "is a symbolic link"),
        (at("."), "is a folder; name a file in it"),
        (at("none/token"), "has no folder; create its folder first"),
        (at("file/token"), "cannot be used: "),
        (at("new/"), "is not the name of a file"),
        ("/dev/null".into(), "is not a regular file; leave out --out and redirect"),
        ("/dev/full".into(), "is not a regular file"),
        ("/dev/stdout".into(), "is a symbolic link"),
        ("/proc/token".into(), "cannot be replaced, since its folder takes no new file: "),
    ] {
        let command = to(set_up(&emulator, &["app", "--format", "json"]), &file);
        let (code, error) = failure(&run(command).await);
        let message = error["message"].as_str().unwrap();
        assert!(code == 2 && message.contains(problem), "{file:?}: {message}");
        assert!(message.starts_with("--out: "), "{message}");
    }
    assert_eq!((emulator.request_count(), names(&folder).len()), (0, 3));
    assert_eq!(std::fs::read_to_string(at("file")).unwrap(), "old");
    // Only these commands have a result for a file.
    let output = run(to(command(&["inspect", "x"]), at("file"))).await;
    assert_eq!(output.status.code(), Some(2));
}

/// What is discarded on purpose is a success. What was to be read and cannot be is a failure.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn only_a_standard_output_that_fails_is_an_error() {
    let emulator = Emulator::start().await.unwrap();
    let commands: [&[&str]; 13] = [
        &["--help"],
        &["-h"],
        &["help", "app"],
        &["emulator", "--help"],
        &["--version"],
        &["man"],
        &["completions", "bash"],
        &["app"],
        &["user", "c", "c"],
        &["dynamic", "--username", "c", "--ttl", "9"],
        &["doctor"],
        &["inspect", "x", "--check"],
        &["version"],
    ];
    for (redirection, code, reason) in [
        // The standard library opens the null device in place of a closed descriptor.
        (">&-", 0, ""),
        (">/dev/null", 0, ""),
        // As Python's `DEVNULL`, Node's `ignore` and init systems do.
        ("<>/dev/null >&0", 0, ""),
        (">/dev/full", 1, "cannot write to standard output: No space left"),
        ("</dev/null >&0", 1, "cannot write to standard output: Bad file descriptor"),
    ] {
        for words in commands {
            let inner = set_up(&emulator, words);
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(format!("exec \"$0\" \"$@\" {redirection}"));
            shell.arg(inner.get_program()).args(inner.get_args());
            shell.env_clear().envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?))));
            let output = run(shell).await;
            let errors = stderr(&output);
            assert_eq!(output.status.code(), Some(code), "{words:?} {redirection}: {errors}");
            assert!(errors.contains(reason), "{words:?} {redirection}: {errors}");
        }
    }
}

/// Other programs leave such a pipe to their children; the script is longer than it.
#[cfg(target_os = "linux")]
#[test]
fn a_pipe_that_does_not_block_gets_everything() {
    use rustix::fs::{OFlags, fcntl_setfl};
    use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let size = fcntl_setpipe_size(&writer, 4096).unwrap() as u64;
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    let mut script = command(&["completions", "bash"]);
    let whole = script.output().unwrap().stdout;
    let mut child = script.stdout(writer).spawn().unwrap();
    drop(script);
    while rustix::io::ioctl_fionread(&reader).unwrap() < size {
        std::thread::yield_now();
    }
    let mut found = Vec::new();
    std::fs::File::from(reader).read_to_end(&mut found).unwrap();
    assert!(child.wait().unwrap().success() && whole.len() as u64 > size && found == whole);
}

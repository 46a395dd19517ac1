//! Completion scripts, in the shells that they are for.
//!
//! A shell that is missing is left out; `cargo xtask ci test` installs it, or reports `NOT CHECKED`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::pty::Terminal;
use crate::{command, stdout};

/// What is typed before the tab, and the last word after it.
const CASES: [(&str, &str); 16] = [
    ("us", "user"),
    ("--format json us", "user"),
    ("app --for", "--format"),
    ("app --format j", "json"),
    ("app --format=j", "--format=json"),
    ("user --transport i", "isahc"),
    ("user --ttl-unit=m", "--ttl-unit=milliseconds"),
    ("app --ttl p", "permanent"),
    ("dynamic --client-secret-file a", "a secret.txt"),
    ("dynamic --client-secret-file=a", "--client-secret-file=a secret.txt"),
    ("app --keep-dir fol", "folder/"),
    ("inspect --lee", "--leeway"),
    ("emulator --permanent-as z", "zero"),
    ("emulator --user-f", "--user-file"),
    ("completions z", "zsh"),
    ("man fol", "folder/"),
];

/// The shell, in a folder with the script, a file and a folder; `None` if it is missing.
fn shell(shell: &str, script: &str) -> Option<Command> {
    let named = std::env::var_os(format!("{}_PROGRAM", shell.to_uppercase()));
    let program = named.unwrap_or_else(|| shell.into());
    Command::new(&program).arg("--version").output().ok()?;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("completions").join(shell);
    std::fs::create_dir_all(folder.join("folder")).unwrap();
    std::fs::write(folder.join("a secret.txt"), "").unwrap();
    let output = command(&["completions", shell]).output().unwrap();
    std::fs::write(folder.join(script), stdout(&output)).unwrap();
    let mut command = Command::new(program);
    command.env_clear().env("TERM", "dumb").env("HOME", &folder).current_dir(folder);
    Some(command)
}

/// Types each case in an interactive shell, where `printf` shows the words instead of running them.
fn completes(shell: &Command, prepare: &str) {
    let mut terminal = Terminal::start(shell);
    let line = format!("{prepare}\nprintf '%s\\n' READ''Y\n");
    terminal.screen.write_all(line.as_bytes()).unwrap();
    terminal.read_to("READY\r\n");
    for (typed, expected) in CASES {
        // Tab; then to the start and to the end of the line.
        let line = format!("easemob-token {typed}\t\x01printf '<%s>\\n' \x05 EN''D\n");
        terminal.screen.write_all(line.as_bytes()).unwrap();
        let shown = terminal.read_to("<END>\r\n");
        let last = shown.lines().filter_map(|line| line.strip_prefix('<')).nth_back(1);
        // zsh removes the slash behind a folder when a space follows.
        let last = last.map(|it| it.trim_end_matches(['>', '/']));
        assert_eq!(last, Some(expected.trim_end_matches('/')), "{typed}: {shown}");
    }
    terminal.screen.write_all(b"exit\n").unwrap();
    terminal.child.wait().unwrap();
}

#[test]
fn bash_completes_commands_options_values_and_files() {
    let Some(mut bash) = shell("bash", "script") else { return };
    completes(bash.args(["--norc", "--noprofile", "-i"]), "PS1=; source ./script");
}

#[test]
fn zsh_completes_commands_options_values_and_files() {
    let Some(mut zsh) = shell("zsh", "_easemob-token") else { return };
    let prepare = "PS1=; bindkey -e; fpath=($PWD $fpath); autoload -U compinit; compinit -u -D";
    completes(zsh.args(["-f", "-i"]), prepare);
}

#[test]
fn fish_completes_commands_options_values_and_files() {
    let Some(mut fish) = shell("fish", "script.fish") else { return };
    let asked = CASES.map(|(typed, _)| format!("complete -C 'easemob-token {typed}'; echo END"));
    fish.args(["--no-config", "-c", &format!("source script.fish; {}", asked.join("; "))]);
    let output = fish.output().unwrap();
    let answers: Vec<_> = stdout(&output).split("END\n").collect();
    assert_eq!(answers.len(), CASES.len() + 1);
    for ((typed, expected), answer) in CASES.into_iter().zip(answers) {
        let words: Vec<_> = answer.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(words, [expected], "{typed}: {answer}");
    }
}

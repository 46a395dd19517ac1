//! The definition of the command line, with examples and exit codes at the end of each `--help`.

use clap::CommandFactory as _;
use clap::builder::StyledStr;

use crate::args::Args;
use crate::output::{self, WriteError};

/// The name of the command.
pub(crate) const NAME: &str = "easemob-token";

/// What a command can end with; those of every command are in [`EVERY`].
const EXITS: [(u8, &str); 8] = [
    (0, "success"),
    (1, "a fault of the program or the machine, such as a full disk"),
    (2, "wrong arguments or settings; nothing was sent"),
    (3, "refused: credentials, user or application"),
    (4, "too many requests, or a quota is used up"),
    (5, "not possible now: network, TLS, time, status 5xx"),
    (6, "the response is not a token response"),
    (7, "several users, and some of them failed"),
];
const EVERY: &[u8] = &[0, 1, 2];
const REQUESTS: &[u8] = &[0, 1, 2, 3, 4, 5, 6];
const USERS: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7];

/// The end of a command's help.
struct End {
    command: &'static str,
    examples: &'static [&'static str],
    exits: &'static [u8],
    notes: &'static [&'static str],
}

const fn end(
    command: &'static str,
    examples: &'static [&'static str],
    exits: &'static [u8],
) -> End {
    End { command, examples, exits, notes: &[] }
}

const ENDS: &[End] = &[
    End {
        notes: &[
            "Secrets come from the environment (EASEMOB_CLIENT_SECRET, EASEMOB_PASSWORD), a file",
            "or standard input, never from an argument.",
            "Settings come from options, variables (EASEMOB_…), a profile of the configuration file",
            "(--config, --profile), and defaults, in this order.",
            "Options stand before or after the command; COMMAND --help lists those that act on it.",
        ],
        ..end(
            NAME,
            &[
                "easemob-token demo",
                "easemob-token doctor",
                "easemob-token emulator",
                "TOKEN=$(easemob-token app)",
                "easemob-token user --help",
            ],
            REQUESTS,
        )
    },
    end(
        "app",
        &[
            "TOKEN=$(easemob-token app)",
            "easemob-token app --ttl 12h --format json",
            "easemob-token app --client-secret-file /run/secrets/easemob --keep",
        ],
        REQUESTS,
    ),
    end(
        "user",
        &[
            "TOKEN=$(easemob-token user alice)",
            "easemob-token user alice --create --ttl 12h --format json",
            "easemob-token user --stdin < ids.txt > tokens.jsonl",
        ],
        USERS,
    ),
    end(
        "password",
        &[
            "easemob-token password alice",
            "easemob-token password alice --password-file - < password.txt",
        ],
        REQUESTS,
    ),
    end("dynamic", &["easemob-token dynamic alice --ttl 10m"], EVERY),
    end(
        "inspect",
        &[
            "easemob-token app | easemob-token inspect",
            "easemob-token inspect - --check < token.txt",
        ],
        &[0, 1, 2, 3],
    ),
    End {
        notes: &[
            "With -- COMMAND, the exit code is that of the command, 127 if it is not found, 126 if it",
            "cannot be started.",
        ],
        ..end(
            "emulator",
            &[
                "easemob-token emulator",
                "easemob-token emulator --listen 127.0.0.1:8080 --user alice:pw",
                "easemob-token emulator -- ./run-my-tests",
            ],
            EVERY,
        )
    },
    End {
        notes: &["The exit code is that of the first fault. At most two token requests are sent."],
        ..end(
            "doctor",
            &[
                "easemob-token doctor",
                "easemob-token doctor alice",
                "easemob-token doctor --format json",
            ],
            REQUESTS,
        )
    },
    end("demo", &["easemob-token demo"], EVERY),
    End {
        notes: &[
            "bash        easemob-token completions bash > \\",
            "              ~/.local/share/bash-completion/completions/easemob-token",
            "zsh         easemob-token completions zsh > ~/.zfunc/_easemob-token",
            "              with fpath+=(~/.zfunc) before compinit in ~/.zshrc",
            "fish        easemob-token completions fish > ~/.config/fish/completions/easemob-token.fish",
            "elvish      easemob-token completions elvish > ~/.config/elvish/lib/easemob-token.elv",
            "              with use easemob-token in ~/.config/elvish/rc.elv",
            "powershell  easemob-token completions powershell >> $PROFILE",
        ],
        ..end("completions", &["source <(easemob-token completions bash)"], EVERY)
    },
    end(
        "man",
        &["easemob-token man ~/.local/share/man/man1", "easemob-token man | man -l -"],
        EVERY,
    ),
    end("version", &["easemob-token version --format json"], EVERY),
];

/// The definition of the command line.
pub(crate) fn definition() -> clap::Command {
    let command = with_end(Args::command());
    command.mut_subcommands(with_end)
}

fn with_end(command: clap::Command) -> clap::Command {
    let mut text = String::new();
    for (heading, lines) in sections(command.get_name()) {
        text.push_str(&format!("{heading}:\n  {}\n\n", lines.join("\n  ")));
    }
    if let Some(own) = command.get_after_help() {
        text.push_str(&own.to_string());
    }
    let text = text.trim_end().to_owned();
    if text.is_empty() { command } else { command.after_help(text) }
}

/// Headings and lines at the end of a command's help.
pub(crate) fn sections(command: &str) -> Vec<(&'static str, Vec<String>)> {
    let Some(end) = ENDS.iter().find(|end| end.command == command) else { return Vec::new() };
    let own = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let heading = if command == "completions" { "Where the script goes" } else { "Notes" };
    let exits = EXITS.iter().filter(|(code, _)| end.exits.contains(code));
    let exits = exits.map(|(code, text)| format!("{code}  {text}")).collect();
    let sections =
        [("Examples", own(end.examples)), (heading, own(end.notes)), ("Exit codes", exits)];
    sections.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}

/// Prints a page of help. clap would print it too, but not tell every error.
pub(crate) fn print(page: &StyledStr) -> Result<(), WriteError> {
    let page = if output::has_colours() { page.ansi().to_string() } else { page.to_string() };
    output::line(page.trim_end())
}

/// Prints the first steps, for somebody who gave no arguments.
pub(crate) fn first_steps() {
    const STEPS: [(&str, &str); 5] = [
        ("demo", "see every grant against a mock of the service; needs no account"),
        ("emulator", "run that mock; prints the settings for another terminal"),
        ("doctor", "check your own settings, step by step"),
        ("app", "get an app token"),
        ("user", "get a user token"),
    ];
    let command = definition();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    output::note(format_args!("{about}\n\nFirst steps:"));
    for (name, text) in STEPS {
        if command.find_subcommand(name).is_some() {
            output::note(format_args!("  {NAME} {name:<10}{text}"));
        }
    }
    output::note(format_args!("\nAll commands and options: {NAME} --help"));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of an example that are for the command itself.
    fn words(example: &str) -> Vec<&str> {
        let start = example.find(NAME).unwrap();
        let ends = |word: &&str| !["|", "<", ">", "--help"].contains(word);
        example[start..].trim_end_matches(')').split(' ').take_while(ends).collect()
    }

    #[test]
    fn each_command_ends_its_help_with_examples_that_are_accepted() {
        let command = definition();
        for name in command.get_subcommands().map(clap::Command::get_name).chain([NAME]) {
            let end = ENDS.iter().find(|end| end.command == name).expect(name);
            assert!(!end.examples.is_empty() && !end.exits.is_empty(), "{name}");
            for example in end.examples {
                let words = words(example);
                let parsed = definition().try_get_matches_from(&words);
                assert!(parsed.is_ok() || words.len() < 3, "{example}: {}", parsed.unwrap_err());
            }
        }
    }
}

//! The command `completions`: scripts that complete commands, options and values in a shell.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ValueHint};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::{help, output};

/// Values of options that also take others, for which there is no list in the definition.
const VALUES: [(&str, &[&str]); 7] = [
    ("ttl", &["default", "permanent"]),
    ("default-ttl", &["permanent"]),
    ("ttl-unit", &["seconds", "milliseconds"]),
    ("proxy", &["none", "env"]),
    ("control", &["none"]),
    ("permanent-as", &["usergrid_max", "zero", "negative", "i64_max"]),
    ("banned-as", &["refused", "not_activated"]),
];

/// Options of `completions`.
#[derive(clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints the script for a shell.
pub(crate) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut command = with_values(before_the_command(help::definition()));
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, help::NAME, &mut script);
    let script = String::from_utf8_lossy(&script);
    let script = match args.shell {
        Shell::Bash => for_bash(&script),
        Shell::Fish => for_fish(&script, &command),
        _ => script.into_owned(),
    };
    Ok(output::line(script.trim_end())?)
}

/// The definition with the options of its commands before the command too, where they may stand.
fn before_the_command(command: clap::Command) -> clap::Command {
    let options = command.get_subcommands().flat_map(clap::Command::get_opts);
    let mut known = BTreeSet::new();
    let new = options.filter_map(|arg| {
        // The definition keeps the name for as long as the program runs.
        let long: &'static str = String::leak(arg.get_long()?.to_owned());
        // Conflicts and requirements are those of the command.
        let copy = Arg::new(long).long(long).action(arg.get_action().clone());
        let values = arg.get_possible_values();
        let copy = if values.is_empty() { copy } else { copy.value_parser(values) };
        let names = arg.get_value_names().unwrap_or_default().to_vec();
        known
            .insert(long)
            .then(|| copy.value_names(names).help(arg.get_help().cloned().unwrap_or_default()))
    });
    let new: Vec<_> = new.collect();
    command.args(new)
}

/// The definition with the values of each option: names, files, or nothing that could be completed.
fn with_values(command: clap::Command) -> clap::Command {
    command.mut_args(with_value).mut_subcommands(with_values)
}

fn with_value(arg: Arg) -> Arg {
    let name = arg.get_value_names().and_then(<[_]>::first).map(ToString::to_string);
    let values = VALUES.iter().find(|(option, _)| arg.get_long() == Some(option));
    if let Some((_, values)) = values {
        return arg.value_parser(PossibleValuesParser::new(*values));
    }
    match name.as_deref() {
        Some("FILE" | "PEM") => arg.value_hint(ValueHint::FilePath),
        Some("DIR") => arg.value_hint(ValueHint::DirPath),
        Some("COMMAND") => arg.value_hint(ValueHint::CommandName),
        // Without a hint, a shell offers file names for a client ID. With one at an argument that is
        // no option, zsh lists the options that fit instead of completing them.
        _ if arg.get_long().is_some() && arg.get_action().takes_values() => {
            arg.value_hint(ValueHint::Other)
        }
        _ => arg,
    }
}

/// Adds to the script for fish the values of arguments that are no options.
fn for_fish(script: &str, command: &clap::Command) -> String {
    let mut script = script.to_owned();
    for command in command.get_subcommands() {
        let takes_path =
            |arg: &Arg| matches!(arg.get_value_hint(), ValueHint::DirPath | ValueHint::CommandName);
        if command.get_positionals().any(takes_path) {
            continue;
        }
        let values = command.get_positionals().flat_map(Arg::get_possible_values);
        let values: Vec<_> = values.map(|value| value.get_name().to_owned()).collect();
        let (name, values) = (command.get_name(), values.join(" "));
        script.push_str(&format!(
            "complete -c easemob-token -n \"__fish_easemob_token_using_subcommand {name}\" -f -a \
             \"{values}\"\n"
        ));
    }
    script
}

/// Repairs the script for bash.
fn for_bash(script: &str) -> String {
    const PREVIOUS: &str = "    prev=\"$3\"\n";
    const WORD: &str = "\n    do\n";
    // bash splits `--format=json` into three words.
    let assigned = format!(
        "{PREVIOUS}    if [[ \"$cur\" == = ]]; then
        cur=\"\"
    elif [[ \"$prev\" == = ]]; then
        prev=\"${{COMP_WORDS[COMP_CWORD-2]}}\"
    fi\n"
    );
    // Behind `--` is a command with options of its own.
    let ended = format!("{WORD}        [[ \"$i\" != -- ]] || return 0\n");
    script
        // It has two forms of a name with a hyphen, so nothing comes after a subcommand
        // (https://github.com/clap-rs/clap/issues/6421).
        .replace("easemob__subcmd__token", "easemob__token")
        .replacen(PREVIOUS, &assigned, 1)
        .replacen(WORD, &ended, 1)
}

//! Options before the command, which are moved behind it: only a command defines options.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

/// The arguments with the command first, and the options that stood before it behind it.
///
/// Without a command, these options are left out, so that the parser finds what is there instead.
pub(crate) fn command_first(definition: &Command, arguments: &[OsString]) -> Vec<OsString> {
    let place = place_of_command(definition, arguments).min(arguments.len());
    let (before, rest) = arguments.split_at(place);
    let Some((program, options)) = before.split_first() else { return rest.to_vec() };
    match rest.split_first() {
        Some((command, after)) if option_name(command).is_none() && command != "--" => {
            [&[program.clone(), command.clone()], options, after].concat()
        }
        _ => [std::slice::from_ref(program), rest].concat(),
    }
}

/// The command that the arguments name.
pub(crate) fn command<'a>(definition: &'a Command, arguments: &[OsString]) -> Option<&'a Command> {
    definition.find_subcommand(arguments.get(place_of_command(definition, arguments))?)
}

/// The names of the options of the command that the arguments name, without dashes.
pub(crate) fn options_of(definition: &Command, arguments: &[OsString]) -> Vec<String> {
    let arguments = command(definition, arguments).into_iter().flat_map(Command::get_arguments);
    arguments.filter_map(Arg::get_long).map(str::to_owned).collect()
}

/// The commands with an option of this name, without its dashes.
pub(crate) fn commands_with<'a>(definition: &'a Command, name: &str) -> Vec<&'a str> {
    let has = |command: &&Command| command.get_arguments().any(|arg| is_named(arg, name));
    definition.get_subcommands().filter(has).map(Command::get_name).collect()
}

/// The index of the command, or of what stands in its place.
pub(crate) fn place_of_command(definition: &Command, arguments: &[OsString]) -> usize {
    let mut index = 1;
    while let Some(word) = arguments.get(index) {
        let Some(name) = option_name(word) else { break };
        match takes_value(definition, name) {
            Some(takes_value) => index += 1 + usize::from(takes_value),
            None if ["help", "version", "h", "V"].contains(&name) => break,
            // Whether the next word is a value is not known, so only the name of a command counts.
            None => {
                let is_command = |word: &OsString| definition.find_subcommand(word).is_some();
                let mut rest = arguments.iter().skip(index).take_while(|it| *it != "--");
                return index + rest.position(is_command).unwrap_or_default();
            }
        }
    }
    index
}

/// Whether the next word is the value of this option; `None` if no command has the option.
fn takes_value(definition: &Command, word: &str) -> Option<bool> {
    let (name, value) =
        word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    let mut args = definition.get_subcommands().flat_map(Command::get_arguments);
    let arg = args.find(|arg| is_named(arg, name))?;
    Some(value.is_none() && arg.get_action().takes_values())
}

fn is_named(arg: &Arg, name: &str) -> bool {
    let short = || arg.get_short().is_some_and(|short| name.chars().eq([short]));
    arg.get_long() == Some(name) || short()
}

/// The word without its dashes, if it is an option.
fn option_name(word: &OsStr) -> Option<&str> {
    let word = word.to_str()?;
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    name.filter(|name| !name.is_empty())
}

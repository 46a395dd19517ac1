//! Errors in the arguments, told without repeating any argument: it may be a secret.

use std::error::Error as _;
use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::ValueEnum as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::Format;
use crate::{emulate, help, placement};

/// A problem with the value of an option; a constant, so that it cannot quote the value.
#[derive(Debug)]
pub(crate) struct Problem(pub(crate) &'static str);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Problem {}

/// The output format that the arguments ask for, although something else in them is wrong.
pub(crate) fn format(arguments: &[OsString]) -> Option<Format> {
    let pairs =
        arguments.windows(2).filter(|pair| pair[0] == "--format").map(|pair| pair[1].to_str());
    let joined = arguments.iter().map(|it| it.to_str().and_then(|it| it.strip_prefix("--format=")));
    pairs.chain(joined).flatten().find_map(|name| Format::from_str(name, false).ok())
}

/// What is wrong with these arguments, and what to do.
///
/// clap's own text repeats arguments. This one names options and commands of the definition, and the
/// number of an unknown argument.
pub(crate) fn problem(error: &clap::Error, arguments: &[OsString]) -> String {
    let text = |kind| text(error, kind);
    let option = text(ContextKind::InvalidArg).map(|it| defined(&it));
    let option = option.as_deref().unwrap_or("an option");
    let problem = match error.kind() {
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand => {
            return unknown(error, arguments);
        }
        ErrorKind::InvalidValue => match text(ContextKind::InvalidValue) {
            Some(value) if !value.is_empty() => {
                let allowed = text(ContextKind::ValidValue).unwrap_or_default();
                format!("{option}: is none of {allowed}")
            }
            _ => format!("{option}: needs a value"),
        },
        ErrorKind::ValueValidation => {
            // Only a text of ours is known to be a constant.
            let own = error.source().and_then(|source| source.downcast_ref::<Problem>());
            format!("{option}: {}", own.unwrap_or(&Problem("is not valid")))
        }
        ErrorKind::TooManyValues => format!("{option}: takes no value"),
        ErrorKind::ArgumentConflict => match text(ContextKind::PriorArg).map(|it| defined(&it)) {
            Some(other) if other != option => {
                format!("{option}: cannot be used together with {other}")
            }
            _ => format!("{option}: can be used only once"),
        },
        ErrorKind::MissingRequiredArgument => {
            format!("missing: {}", text(ContextKind::InvalidArg).unwrap_or_default())
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "the command is missing".to_owned()
        }
        ErrorKind::InvalidUtf8 => not_utf_8(arguments),
        _ => "the arguments are not valid".to_owned(),
    };
    format!("{problem}; see easemob-token --help")
}

/// An argument that is neither an option, nor a command, nor a value.
fn unknown(error: &clap::Error, arguments: &[OsString]) -> String {
    let is_command = error.kind() == ErrorKind::InvalidSubcommand;
    let kind = if is_command { ContextKind::InvalidSubcommand } else { ContextKind::InvalidArg };
    let found = text(error, kind).and_then(|typed| {
        let command = placement::place_of_command(&help::definition(), arguments);
        // An argument can be equal to the command.
        let mut found = find(arguments, &typed);
        found.find(|(number, _)| is_command || *number != command)
    });
    let number = found.map_or("an argument".to_owned(), |(n, _)| format!("argument {n}"));
    let whole = found.map(|(_, whole)| whole.to_string_lossy()).unwrap_or_default();
    let name = whole.trim_start_matches(is_dash);
    if let Some(problem) = without_effect(error, arguments) {
        return problem;
    }
    if name.len() < whole.len() || name.contains('=') {
        // `-pSECRET` is the habit of some programs.
        let is_short = whole.starts_with("-p") && !name.starts_with("proxy");
        let name = if is_short { "p" } else { name.split('=').next().unwrap_or_default() };
        if let Some(text) = secret_option(name) {
            return text.to_owned();
        }
    }
    let what = match whole.chars().next() {
        _ if is_command => "is not a command",
        Some('-') => "is not an option here",
        _ => "is not expected here",
    };
    let mut problem = format!("{number} {what}");
    if let Some(dash) = whole.chars().next().filter(|c| is_dash(*c) && *c != '-') {
        let code = u32::from(dash);
        problem.push_str(&format!("; it begins with U+{code:04X} (dash), write -- (U+002D)"));
    } else if whole.ends_with('\r') {
        problem.push_str(
            "; it ends with U+000D (carriage return), save the script with Unix line ends",
        );
    }
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand] {
        if let Some(similar) = text(error, kind) {
            problem.push_str(&format!("; a similar one is {similar}"));
        }
    }
    format!("{problem}; see easemob-token --help")
}

/// The text for an argument that is not UTF-8; the path of a file can be any bytes.
fn not_utf_8(arguments: &[OsString]) -> String {
    let mut numbered = arguments.iter().enumerate().filter(|(_, it)| it.to_str().is_none());
    match (numbered.next(), numbered.next()) {
        (Some((number, _)), None) => format!("argument {number} is not UTF-8"),
        _ => "an argument is not UTF-8".to_owned(),
    }
}

/// The text for an option of other commands.
fn without_effect(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let definition = help::definition();
    let option = text(error, ContextKind::InvalidArg)?;
    let option = option.split('=').next()?;
    let name = option.strip_prefix("--").or_else(|| option.strip_prefix('-'))?;
    let others = placement::commands_with(&definition, name);
    let (last, first) = others.split_last()?;
    let others = match first {
        [] => (*last).to_owned(),
        first => format!("{} and {last}", first.join(", ")),
    };
    let command = placement::command(&definition, arguments)?.get_name();
    let problem = format!("{option}: has no effect on {command}");
    Some(match emulate::instead_of(option).filter(|_| command == "emulator") {
        Some(instead) => format!("{problem}; {instead}"),
        None => format!("{problem}, only on {others}; leave it out"),
    })
}

/// The text for an option that would hold a secret, if the name looks like one.
fn secret_option(name: &str) -> Option<&'static str> {
    const SECRET: &str = "--client-secret: is refused, since arguments are visible to others; set \
        EASEMOB_CLIENT_SECRET, or name a file with --client-secret-file (\"-\" is standard input)";
    const PASSWORD: &str = "--password: is refused, since arguments are visible to others; set \
        EASEMOB_PASSWORD, or name a file with --password-file (\"-\" is standard input)";
    const TOKEN: &str = "--token: is refused, since arguments are visible to others; the command \
        inspect reads a token from standard input";
    let name = name.to_ascii_lowercase().replace('_', "-");
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    // The first letters of an option are enough for a person, so they are enough here.
    let begins = |option: &str, least| name.len() >= least && option.starts_with(&*name);
    if has(&["secret", "credential"]) || begins("client-secret", 8) {
        Some(SECRET)
    } else if has(&["pass", "pwd"]) || name == "pw" || begins("password", 1) {
        Some(PASSWORD)
    } else if has(&["token", "bearer"]) || begins("token", 3) {
        Some(TOKEN)
    } else {
        None
    }
}

/// The arguments that clap calls `typed`, and their numbers; the program itself is number 0.
fn find<'a>(arguments: &'a [OsString], typed: &str) -> impl Iterator<Item = (usize, &'a OsStr)> {
    let is_it = move |argument: &str| {
        let rest = argument.strip_prefix(typed);
        // clap splits `--name=value` and `-abc`.
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
            || is_one_of_short(argument, typed)
    };
    let numbered = arguments.iter().enumerate().skip(1);
    numbered
        .filter(move |(_, it)| is_it(&it.to_string_lossy()))
        .map(|(number, it)| (number, it.as_os_str()))
}

/// Whether `typed` is a letter such as `-x` among the short options `-axb`.
fn is_one_of_short(argument: &str, typed: &str) -> bool {
    let letters = argument.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    match (letters, typed.strip_prefix('-')) {
        (Some(letters), Some(letter)) => letter.chars().count() == 1 && letters.contains(letter),
        _ => false,
    }
}

/// Whether the character is a hyphen, or what a text program makes of one.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
}

/// The name of an option in a definition such as `--ttl <TTL>` or `--verbose...`.
fn defined(definition: &str) -> String {
    definition.split([' ', '.']).next().unwrap_or_default().to_owned()
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        _ => None,
    }
}

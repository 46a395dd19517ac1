//! What the command line of `cargo xtask` asks for.

use std::ffi::OsString;
use std::fmt::Write as _;

use crate::fuzz;
use crate::soak;
use crate::step::{STEPS, Step};

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Request {
    Help,
    CiHelp,
    FuzzHelp,
    Fuzz(fuzz::Options),
    SoakHelp,
    Soak(soak::Options),
    Ci { steps: Vec<&'static Step>, keep_going: bool },
}

/// Reads the arguments, the program's name first.
pub(crate) fn read(args: impl IntoIterator<Item = OsString>) -> Result<Request, String> {
    use lexopt::prelude::{Long, Short, Value};

    let mut parser = lexopt::Parser::from_iter(args);
    let mut steps: Vec<&'static Step> = Vec::new();
    let mut keep_going = false;
    let mut command_seen = false;
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Short('h') | Long("help") => {
                return Ok(if command_seen { Request::CiHelp } else { Request::Help });
            }
            Long("keep-going") => keep_going = true,
            Value(word) if word == "ci" && !command_seen => command_seen = true,
            Value(word) if word == "fuzz" && !command_seen => {
                let options = fuzz::Options::read(&mut parser)?;
                return Ok(options.map_or(Request::FuzzHelp, Request::Fuzz));
            }
            Value(word) if word == "soak" && !command_seen => {
                let options = soak::Options::read(&mut parser)?;
                return Ok(options.map_or(Request::SoakHelp, Request::Soak));
            }
            Value(word) => {
                // A step is a command of its own: `cargo xtask tidy` is `cargo xtask ci tidy`.
                command_seen = true;
                let step = find(&word.to_string_lossy())?;
                if !steps.iter().any(|chosen| chosen.name == step.name) {
                    steps.push(step);
                }
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    if !command_seen {
        return if keep_going {
            Err("`--keep-going` belongs to `ci`".to_owned())
        } else {
            Ok(Request::Help)
        };
    }
    if steps.is_empty() {
        steps.extend(STEPS);
    }
    Ok(Request::Ci { steps, keep_going })
}

fn find(name: &str) -> Result<&'static Step, String> {
    STEPS.iter().find(|step| step.name == name).ok_or_else(|| {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        format!("no step is named `{name}`; the steps are: {}", names.join(", "))
    })
}

pub(crate) fn help() -> String {
    "\
The contributor's side of easemob-token.

Usage: cargo xtask ci [--keep-going] [STEP]...

  cargo xtask ci          every check, in the order of `cargo xtask ci --help`
  cargo xtask ci STEP...  these steps alone
  cargo xtask STEP        the same, shorter
  cargo xtask fuzz        random input for a bounded time; `cargo xtask fuzz --help`
  cargo xtask soak        a service that misbehaves for minutes; `cargo xtask soak --help`
"
    .to_owned()
}

pub(crate) fn ci_help() -> String {
    let mut text = "\
Runs the checks that a change has to pass, the quick ones first, and stops at the first that fails.

Usage: cargo xtask ci [--keep-going] [STEP]...

Steps:
"
    .to_owned();
    for step in STEPS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {:<12}{}", step.name, step.about);
    }
    text.push_str(
        "
Options:
  --keep-going  run every step, whatever fails, and report at the end
  -h, --help    this text
",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Request, String> {
        read(std::iter::once("xtask").chain(words.iter().copied()).map(OsString::from))
    }

    fn names(words: &[&str]) -> Vec<&'static str> {
        match parse(words).unwrap() {
            Request::Ci { steps, .. } => steps.iter().map(|step| step.name).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ci_without_a_step_is_every_step() {
        assert_eq!(names(&["ci"]).len(), STEPS.len());
        assert_eq!(names(&["ci", "--keep-going"]).len(), STEPS.len());
    }

    #[test]
    fn the_named_steps_run_once_each_in_the_order_given() {
        assert_eq!(names(&["ci", "test", "fmt", "test"]), ["test", "fmt"]);
        assert_eq!(names(&["tidy"]), ["tidy"]);
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_list() {
        let message = parse(&["ci", "lint"]).unwrap_err();
        assert!(message.contains("`lint`") && message.contains("clippy"), "{message}");
        assert!(parse(&["ci", "--nonsense"]).is_err());
    }

    #[test]
    fn help_lists_every_step_with_a_line() {
        assert!(matches!(parse(&["--help"]), Ok(Request::Help)));
        assert!(matches!(parse(&[]), Ok(Request::Help)));
        assert!(matches!(parse(&["ci", "-h"]), Ok(Request::CiHelp)));
        let help = ci_help();
        for step in STEPS {
            assert!(help.contains(step.about), "{}", step.name);
            assert!(!step.about.contains('\n') && step.about.len() < 90, "{}", step.name);
        }
    }
}

//! The command `easemob-token`: parse, run, exit.

mod args;
mod completions;
mod config_file;
mod deadline;
mod demo;
mod doctor;
mod dynamic;
mod emulate;
mod failure;
mod findings;
mod help;
mod input;
mod inspect;
mod logging_transport;
mod man;
mod masked;
mod option_args;
mod options;
mod out;
mod output;
mod panics;
mod placement;
mod profile;
mod progress;
mod remedy;
mod secrets;
mod settings;
mod signals;
mod source;
mod store;
mod success;
#[cfg(unix)]
mod terminal;
mod time;
mod token;
mod transports;
mod usage;
mod user_ids;
mod users;
mod version;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches as _;
use clap::error::ErrorKind;
use easemob_token::environment::Environment;

use crate::args::{Args, Command, Format};
use crate::config_file::Settings;
use crate::failure::Failure;
use crate::option_args::OptionArgs;
use crate::options::Options;

fn main() -> ExitCode {
    deadline::begin();
    // Every other process ends by the default action of a signal, whatever it waits for.
    #[cfg(unix)]
    if std::process::id() == 1 {
        // Without handlers, it can still do its work.
        let _ = signals::exit_on_arrival();
    }
    let arguments: Vec<_> = std::env::args_os().collect();
    let environment = Environment::of_process();
    // A profile can choose another one.
    let format = options::format(usage::format(&arguments), &environment, None);
    panics::report_in(format);
    panics::caught(|| parse_and_run(&arguments, &environment, format), format)
}

/// Runs the command, and writes its failure.
fn parse_and_run(
    arguments: &[OsString],
    environment: &Environment,
    format: Format,
) -> Result<ExitCode, Failure> {
    let definition = help::definition();
    let placed = placement::command_first(&definition, arguments);
    let acting = placement::options_of(&definition, arguments);
    let parsed = definition.try_get_matches_from(placed);
    let Args { mut command } = match parsed.and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return not_run(&error, arguments, format),
    };
    let mut options = command.take_options();
    let limit = options::deadline(options.limit.deadline.as_ref(), environment);
    let profile = match options.config.take() {
        Some(args) => profile::read(args, environment, limit),
        None => Ok(None),
    };
    let file = profile.as_ref().ok().and_then(Option::as_ref);
    let format = options::format(options.format, environment, file);
    panics::report_in(format);
    let settings = Places { environment, profile, acting, format };
    Ok(panics::caught(|| run(command, options, settings), format))
}

/// Prints what was asked for instead of a command, or what is wrong with the arguments.
fn not_run(
    error: &clap::Error,
    arguments: &[OsString],
    format: Format,
) -> Result<ExitCode, Failure> {
    match error.kind() {
        ErrorKind::DisplayVersion => version::run(format)?,
        _ if !error.use_stderr() => help::print(&error.render())?,
        _ if arguments.len() < 2 && format == Format::Text => {
            help::first_steps();
            return Ok(ExitCode::from(failure::USAGE));
        }
        _ => return Err(Failure::invalid_input(usage::problem(error, arguments))),
    }
    Ok(ExitCode::SUCCESS)
}

/// Where settings come from that are no arguments.
struct Places<'a> {
    environment: &'a Environment,
    profile: Result<Option<Settings>, Failure>,
    /// Names of the options that act on the command.
    acting: Vec<String>,
    format: Format,
}

fn run(command: Command, options: OptionArgs, places: Places<'_>) -> Result<ExitCode, Failure> {
    let Places { environment, profile, acting, format } = places;
    match command {
        Command::Completions(args) => return completions::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Man(args) => return man::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Version(_) => {
            let origin = source::Origin::Variable(options::FORMAT.1);
            output::require_format(format, &origin, "version")?;
            return version::run(format).map(|()| ExitCode::SUCCESS);
        }
        Command::Emulator(args) => return emulate::run(*args, options, environment, &acting),
        Command::Doctor { user, .. } => {
            let options = profile.map(|it| Options::new(options, environment, it, &acting));
            return in_runtime(doctor::run(options, format, user));
        }
        _ => {}
    }
    let options = Options::new(options, environment, profile?, &acting);
    input::check_standard_input(&options)?;
    // These send nothing, so they need no runtime.
    match command {
        Command::Dynamic { user, out, .. } => {
            return dynamic::run(&options, &user.user_id(), out).map(|()| ExitCode::SUCCESS);
        }
        Command::Inspect { token, leeway, check, .. } => {
            settings::require(&options, &[])?;
            return inspect::run(&options, token, leeway, check);
        }
        _ => {}
    }
    in_runtime(dispatch(command, options))
}

fn in_runtime(run: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = new_runtime()?;
    let code = runtime.block_on(run);
    // Waits for no thread: a name look-up or a read that was given up cannot be cancelled.
    runtime.shutdown_background();
    code
}

fn new_runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(format!("cannot start a runtime: {error}")))
}

async fn dispatch(command: Command, options: Options) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo => return demo::run().await,
        Command::App { store, out, .. } => token::app(&options, store, out).await?,
        Command::User { users, store, out, .. } => {
            return users::run(&options, users, store, out).await;
        }
        Command::Password { user, out, .. } => {
            token::password(&options, user.user_id(), out).await?;
        }
        // Handled before the runtime starts.
        Command::Completions(_)
        | Command::Man(_)
        | Command::Version(_)
        | Command::Dynamic { .. }
        | Command::Inspect { .. }
        | Command::Doctor { .. }
        | Command::Emulator(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

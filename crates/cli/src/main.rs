//! The command `easemob-token`: parse, run, exit.

mod args;
mod demo;
mod dynamic;
mod emulate;
mod failure;
mod findings;
mod input;
mod inspect;
mod logging_transport;
mod masked;
mod options;
mod out;
mod output;
mod secrets;
mod settings;
mod store;
mod success;
mod time;
mod token;
mod transports;
mod usage;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use easemob_token::environment::Environment;

use crate::args::{Args, Command, Format};
use crate::failure::Failure;
use crate::options::Options;

/// Exit code of a command that was interrupted (128 + SIGINT).
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let environment = Environment::of_process();
    let args = match Args::try_parse_from(&arguments) {
        Ok(args) => args,
        Err(error) if error.use_stderr() => {
            let format = options::format(usage::format(&arguments), &environment);
            // Without arguments, people get the help.
            if arguments.len() < 2 && format == Format::Text {
                error.exit();
            }
            return Failure::invalid_input(usage::problem(&error, &arguments)).report(format);
        }
        Err(error) => error.exit(),
    };
    let format = options::format(args.options.format, &environment);
    match run(args, &environment) {
        Ok(code) => code,
        Err(failure) => failure.report(format),
    }
}

fn run(args: Args, environment: &Environment) -> Result<ExitCode, Failure> {
    let Args { command, options } = args;
    if let Command::Completions { shell } = command {
        let mut command = Args::command();
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, "easemob-token", &mut script);
        output::line(String::from_utf8_lossy(&script).trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Command::Emulator(args) = command {
        return emulate::run(*args, options, environment);
    }
    let options = Options::new(options, environment)?;
    input::check_standard_input(&options)?;
    // These send nothing, so they need no runtime.
    match command {
        Command::Dynamic { user_id, out } => {
            return dynamic::run(&options, &user_id, out).map(|()| ExitCode::SUCCESS);
        }
        Command::Inspect { token, leeway } => {
            return inspect::run(&options, token, leeway).map(|()| ExitCode::SUCCESS);
        }
        _ => {}
    }
    let runtime = new_runtime()?;
    let code = runtime.block_on(async {
        tokio::select! {
            // The command is polled first: it reads its files before it waits, and until then an
            // interrupt ends the process by default.
            biased;

            done = dispatch(command, options) => done.map(|()| ExitCode::SUCCESS),
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(INTERRUPTED)),
        }
    });
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

async fn dispatch(command: Command, options: Options) -> Result<(), Failure> {
    match command {
        Command::App { store, out } => token::app(&options, store, out).await,
        Command::User { user_id, create, store, out } => {
            token::user(&options, user_id, create, store, out).await
        }
        Command::Password { user_id, out } => token::password(&options, user_id, out).await,
        Command::Demo => demo::run(&options).await,
        // Handled before the runtime starts.
        Command::Completions { .. }
        | Command::Dynamic { .. }
        | Command::Inspect { .. }
        | Command::Emulator(_) => Ok(()),
    }
}

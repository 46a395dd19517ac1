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
mod output;
mod secrets;
mod settings;
mod success;
mod time;
mod token;
mod transports;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::args::{Args, Command, Format};
use crate::failure::Failure;

/// Exit code of a command that was interrupted (128 + SIGINT).
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if error.use_stderr() && failure::wants_json(std::env::args_os()) => {
            return Failure::invalid_input(failure::first_line(&error)).report(Format::Json);
        }
        Err(error) => error.exit(),
    };
    let format = args.options.format;
    match run(args) {
        Ok(code) => code,
        Err(failure) => failure.report(format),
    }
}

fn run(args: Args) -> Result<ExitCode, Failure> {
    if let Command::Completions { shell } = args.command {
        let mut command = Args::command();
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, "easemob-token", &mut script);
        output::line(String::from_utf8_lossy(&script).trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    input::check_standard_input(&args.options)?;
    // These send nothing, so they need no runtime.
    match args.command {
        Command::Dynamic { user_id } => {
            return dynamic::run(&args.options, &user_id).map(|()| ExitCode::SUCCESS);
        }
        Command::Inspect { token, leeway } => {
            return inspect::run(&args.options, token, leeway).map(|()| ExitCode::SUCCESS);
        }
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(format!("cannot start a runtime: {error}")))?;
    let code = runtime.block_on(async {
        tokio::select! {
            // The command is polled first: it reads its files before it waits, and until then an
            // interrupt ends the process by default.
            biased;

            done = dispatch(args) => done.map(|()| ExitCode::SUCCESS),
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(INTERRUPTED)),
        }
    });
    // Waits for no thread: a name look-up or a read that was given up cannot be cancelled.
    runtime.shutdown_background();
    code
}

async fn dispatch(args: Args) -> Result<(), Failure> {
    let options = args.options;
    match args.command {
        Command::App => token::app(&options).await,
        Command::User { user_id, create } => token::user(&options, user_id, create).await,
        Command::Password { user_id } => token::password(&options, user_id).await,
        Command::Emulator { listen, users, clients } => {
            emulate::run(&options, listen, users, clients).await
        }
        Command::Demo => demo::run(&options).await,
        // Handled before the runtime starts.
        Command::Completions { .. } | Command::Dynamic { .. } | Command::Inspect { .. } => Ok(()),
    }
}

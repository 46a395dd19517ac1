//! The command `emulator`: the emulator, until it is interrupted or its command ends.

mod args;
mod command;
mod config_file;
mod log;
mod plan;
mod ready;

use std::fmt;
use std::process::ExitCode;

use clap::Args as _;
use easemob_token::environment::Environment;
use easemob_token_emulator::{Emulator, ReceivedRequest, StartError, Subscription};
use tokio::io::AsyncReadExt as _;

pub(crate) use self::args::EmulatorArgs;
use self::config_file::CREATED;
use self::log::Log;
use self::plan::Plan;
use crate::args::Format;
use crate::config_file::Settings;
use crate::failure::Failure;
use crate::option_args::OptionArgs;
use crate::options::{self, FORMAT, Options};
use crate::output;
use crate::signals::{Received, Signals};
use crate::source::{Names, Source};

const CONFIG: Names = ("--config", "EASEMOB_EMULATOR_CONFIG");

/// Runs the emulator, and returns the exit code of the process.
pub(crate) fn run(
    args: EmulatorArgs,
    options: OptionArgs,
    environment: &Environment,
    acting: &[String],
) -> Result<ExitCode, Failure> {
    if options.verbose > 0 && args.command.is_empty() {
        return Err(Failure::invalid_input(
            "--verbose: has no effect without -- COMMAND; leave it out, since requests are \
             printed anyway",
        ));
    }
    // Such as `-- $TESTS` with nothing in the variable, which would wait for ever.
    if args.command.is_empty() && std::env::args_os().last().is_some_and(|it| it == "--") {
        return Err(Failure::invalid_input("--: the command after it is missing; write it"));
    }
    // The file of the other commands, EASEMOB_CONFIG, has an account; this one sets up a service.
    let mut source = Source::new(environment, None);
    let config = source.path(CONFIG, args.config.clone());
    let limit = options::deadline(options.limit.deadline.as_ref(), environment);
    let file = match source.finish(config)? {
        Some(path) => config_file::read(&path, &names(), limit)?,
        None => Settings::default(),
    };
    let (plan, options) = Plan::new(args, options, environment, &file, acting)?;
    output::require_format(options.format, &options.origins.of(FORMAT.0), "emulator")?;
    crate::input::check_standard_input(&options)?;
    if plan.health {
        return ready::check(&plan);
    }
    let runtime = crate::new_runtime()?;
    let code = runtime.block_on(serve(plan, &options, &file));
    // Waits for no thread: a read of standard input cannot be cancelled.
    runtime.shutdown_background();
    code
}

/// The names of the options of the emulator, without dashes.
fn names() -> Vec<String> {
    let command = EmulatorArgs::augment_args(clap::Command::new("emulator"));
    let not_in_a_file = ["config", "health", "verbose", "quiet"];
    let names = command.get_arguments().filter_map(|it| it.get_long());
    names.filter(|name| !not_in_a_file.contains(name)).map(str::to_owned).collect()
}

/// The option that does here what an option of other commands does there.
pub(crate) fn instead_of(option: &str) -> Option<&'static str> {
    Some(match option {
        "--base-url" => "use --listen",
        "--password-file" => "use --user-file",
        "--ttl" => "use --default-ttl",
        "--ca-file" | "--add-ca-file" => "use --tls and --ca-out",
        "--authorize-password" => "use --password-needs-app-token",
        _ => return None,
    })
}

async fn serve(plan: Plan, options: &Options, file: &Settings) -> Result<ExitCode, Failure> {
    let handlers =
        if plan.command.is_empty() { Signals::that_end() } else { Signals::of_command() };
    // Before the ready line: a process that has read it may send a signal.
    let mut signals =
        handlers.map_err(|error| Failure::internal(format!("cannot handle signals: {error}")))?;
    let emulator = tokio::select! {
        started = plan.builder.clone().start() => {
            started.map_err(|error| start_failure(&plan, &error))?
        }
        // A name look-up can take long.
        signal = signals.next() => return Ok(ExitCode::from(signal.exit_code())),
    };
    set_up(&emulator, &plan, file)?;
    if let (Some(file), Some(pem)) = (plan.ca_out.clone(), emulator.ca_pem().map(str::to_owned)) {
        let name = crate::input::shown(&file).into_owned();
        // A pipe blocks until somebody reads from it.
        let written = tokio::task::spawn_blocking(move || std::fs::write(file, pem));
        tokio::select! {
            written = written => written.unwrap_or_else(|it| Err(it.into())).map_err(|error| {
                Failure::invalid_input(format!("--ca-out: cannot write {name}: {error}"))
            })?,
            signal = signals.next() => return Ok(ExitCode::from(signal.exit_code())),
        }
    }
    let log = Log::start(options.format);
    let ended = if plan.command.is_empty() {
        alone(&emulator, &plan, options, &log, signals).await
    } else {
        around(&emulator, &plan, options, &log, signals).await
    };
    emulator.shutdown().await;
    log.finish();
    ended
}

/// Serves until a signal, a request, or the end of standard input.
async fn alone(
    emulator: &Emulator,
    plan: &Plan,
    options: &Options,
    log: &Log,
    mut signals: Signals,
) -> Result<ExitCode, Failure> {
    let mut finished = emulator.subscribe();
    output::line(ready::line(emulator, plan, options.format))?;
    if !options.quiet && options.format == Format::Text {
        log.note(ready::introduction(emulator, plan));
    }
    tokio::select! {
        signal = signals.next() => Ok(ExitCode::from(signal.exit_code())),
        () = emulator.shutdown_requested() => Ok(ExitCode::SUCCESS),
        () = standard_input_closed(), if plan.until_stdin_closes => Ok(ExitCode::SUCCESS),
        () = write_log(&mut finished, log, options, !options.quiet) => Ok(ExitCode::SUCCESS),
    }
}

/// Serves until the command ends.
async fn around(
    emulator: &Emulator,
    plan: &Plan,
    options: &Options,
    log: &Log,
    mut signals: Signals,
) -> Result<ExitCode, Failure> {
    let mut finished = emulator.subscribe();
    let mut child = command::start(&plan.command, &ready::variables(emulator, plan))?;
    let mut written = std::pin::pin!(write_log(&mut finished, log, options, options.verbose > 0));
    let mut asked = false;
    loop {
        tokio::select! {
            status = child.wait() => {
                let status = status.map_err(|error| {
                    Failure::internal(format!("cannot wait for the command: {error}"))
                })?;
                return Ok(command::exit_code(status));
            }
            signal = signals.next() => command::forward(&child, signal),
            () = emulator.shutdown_requested(), if !asked => {
                asked = true;
                if let Some(process) = child.id() {
                    Received::TERMINATE.send_to(process);
                }
            }
            () = &mut written => return Err(Failure::internal("the emulator has stopped")),
        }
    }
}

/// Writes requests until the emulator stops.
async fn write_log(finished: &mut Subscription, log: &Log, options: &Options, shown: bool) {
    while let Some(request) = finished.next().await {
        match options.format {
            _ if !shown => {}
            Format::Json => log.note(AsJson(&request)),
            _ => log.note(request),
        }
    }
}

/// A request as JSON, which is made only if the log has space for it.
struct AsJson<'a>(&'a ReceivedRequest);

impl fmt::Display for AsJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.masked_json())
    }
}

/// Waits for the end of standard input, whatever comes before.
async fn standard_input_closed() {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 1024];
    // An error means that there is no standard input at all.
    while input.read(&mut ignored).await.is_ok_and(|length| length > 0) {}
}

/// Applies the settings and creates what the file lists, before the first request is served.
fn set_up(emulator: &Emulator, plan: &Plan, file: &Settings) -> Result<(), Failure> {
    emulator.control("PATCH", "/settings", &plan.settings).map_err(|error| {
        let option = error.member().map(|member| format!("--{}: ", member.replace('_', "-")));
        let option = option.unwrap_or_default();
        Failure::invalid_input(format!("{option}{}", error.problem()))
    })?;
    for (list, path) in CREATED {
        for (index, entry) in config_file::created(file, list)?.iter().enumerate() {
            emulator.control("POST", path, entry).map_err(|error| {
                let number = index + 1;
                Failure::invalid_input(format!("--config: {list}, entry {number}: {error}"))
            })?;
        }
    }
    // A test that resets the emulator wants all of this again.
    emulator.remember();
    Ok(())
}

/// The failure of a start, with the option that has to change.
fn start_failure(plan: &Plan, error: &StartError) -> Failure {
    let cause = std::error::Error::source(error);
    let setting = cause.and_then(|it| it.downcast_ref::<easemob_token_emulator::SetupError>());
    let option = match setting.map(easemob_token_emulator::SetupError::setting) {
        Some("user ID" | "password") => "--user or --user-file",
        Some("client ID" | "client secret") => "--client, --client-file or EASEMOB_CLIENT_ID",
        Some("organization" | "application name") => "--app-key",
        Some("control plane") => "--control",
        Some("TLS name") => "--tls-name",
        Some("limit of connections") => "--max-connections",
        Some(_) => "a setting",
        None if plan.control.as_deref() == Some(error.listen()) => "--control",
        None => "--listen",
    };
    let text = match (setting, cause) {
        (Some(setting), _) => setting.to_string(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string().replace("allow remote clients", "add --allow-remote"),
    };
    Failure::invalid_input(format!("{option}: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKERFILE: &str = include_str!("../../emulator/docker/Dockerfile");
    const COMPOSE: &str = include_str!("../../emulator/docker/compose.yaml");
    const PAGES: [&str; 2] =
        [include_str!("../../../docs/command.md"), include_str!("../../../docs/command.zh-CN.md")];

    #[test]
    fn both_pages_list_each_option() {
        for (page, name) in
            PAGES.iter().flat_map(|page| names().into_iter().map(move |it| (page, it)))
        {
            assert!(page.contains(&format!("\n| `--{name}` | ")), "{name}");
        }
    }

    #[test]
    fn the_samples_for_containers_use_options_that_exist() {
        let known = names();
        let variables = DOCKERFILE.split("EASEMOB_EMULATOR_").skip(1).map(|text| {
            let name = text.split('=').next().unwrap_or_default();
            name.to_ascii_lowercase().replace('_', "-")
        });
        let options =
            COMPOSE.split("\"--").skip(1).map(|text| text.split('"').next().unwrap().to_owned());
        let used: Vec<_> = variables.chain(options).collect();
        assert!(used.len() >= 6, "{used:?}");
        for name in used {
            assert!(known.contains(&name), "{name}");
        }
        for part in ["\"emulator\", \"--health\"", "EXPOSE 8080 8081", "-p easemob-token-cli"] {
            assert!(DOCKERFILE.contains(part), "{part}");
        }
        for port in ["8080", "8081"] {
            assert!(COMPOSE.contains(&format!("127.0.0.1:{port}:{port}")), "{port}");
        }
    }

    /// The example of both pages is a file that works.
    #[test]
    fn the_configuration_file_of_the_pages_can_be_read() {
        let pages = [
            include_str!("../../../docs/emulator-control.md"),
            include_str!("../../../docs/emulator-control.zh-CN.md"),
        ];
        let sample = |page: &'static str| {
            page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap()
        };
        assert_eq!(sample(pages[0]), sample(pages[1]));
        let file = std::env::temp_dir().join(format!("easemob-sample-{}", std::process::id()));
        std::fs::write(&file, sample(pages[0])).unwrap();
        let config = config_file::read(&file, &names(), std::time::Duration::from_secs(9)).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(config.text("--request-limit").unwrap().as_deref(), Some("none"));
        assert_eq!(config_file::created(&config, "faults").unwrap().len(), 1);
    }
}

//! The command `user`: for one user as every other token, for several as JSON lines in their order.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easemob_token::{Client, UnitMismatch, UserId, UserToken};
use serde::Serialize;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::args::Format;
use crate::failure::Failure;
use crate::logging_transport::LoggingTransport;
use crate::options::Options;
use crate::out::{Lines, OutArgs};
use crate::signals::Signals;
use crate::store::StoreArgs;
use crate::success::Success;
use crate::token::Bounds;
use crate::user_ids::{Entry, UserIds};
use crate::{input, progress, time, token};

/// Requests at once: enough for the client's rate if a response takes a tenth of a second.
const AT_ONCE: usize = 32;
/// Requests within a second: fewer than the service takes from an app, whose servers need some too.
const PER_SECOND: u32 = 250;
/// Users whose tokens stay, so that one that is listed twice costs one request.
const REMEMBERED: usize = 1024;

/// The users, and whether they are created.
#[derive(Default, clap::Args)]
pub(crate) struct UserArgs {
    /// The user ID; with several, the output is a JSON line for each, and --deadline limits each
    #[arg(value_name = "ID", required_unless_present_any = ["username", "stdin"])]
    ids: Vec<String>,
    /// The user ID
    #[arg(long, value_name = "ID", conflicts_with_all = ["ids", "stdin"])]
    username: Option<String>,
    /// Read user IDs from standard input, one on each line; the output is a JSON line for each
    #[arg(long, conflicts_with = "ids")]
    stdin: bool,
    /// Create the user if it does not exist
    #[arg(long)]
    create: bool,
}

pub(crate) async fn run(
    options: &Options,
    args: UserArgs,
    store: StoreArgs,
    out: OutArgs,
) -> Result<ExitCode, Failure> {
    let UserArgs { ids, username, stdin, create } = args;
    let ids: Vec<_> = username.into_iter().chain(ids).collect();
    if let ([user_id], false) = (&ids[..], stdin) {
        token::user(options, user_id, create, store, out).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if options.is_format_set && options.format != Format::Json {
        return Err(Failure::invalid_input(
            "--format (EASEMOB_FORMAT): several users have JSON lines; write json, or leave it out",
        ));
    }
    if stdin {
        input::reserve_standard_input("--stdin", options)?;
    }
    let user_ids = if stdin { None } else { Some(UserIds::of_arguments(&ids)?) };
    let (builder, transport) = token::for_users(options, store)?;
    // Each user has the whole time: a list has no length that is known before.
    let client = builder
        .acquisition_deadline(options.deadline)
        .cache_user_tokens(REMEMBERED)
        .requests_per_second(PER_SECOND)
        .build()?;
    let lines = out.destination()?.lines()?;
    let user_ids = user_ids.unwrap_or_else(UserIds::of_standard_input);
    let run = Run {
        options,
        bounds: Bounds::of(options),
        client,
        transport,
        create,
        counts: Counts::default(),
        warning: Once::new(),
    };
    let mut signals = Signals::that_end()
        .map_err(|error| Failure::internal(format!("cannot handle signals: {error}")))?;
    // While somebody types the IDs, the line would be in the way.
    let is_typed = stdin && io::stdin().is_terminal();
    let all = run.all(user_ids, lines);
    let all = async {
        if is_typed {
            return all.await;
        }
        progress::shown_while(options, |waited| run.counts.text(waited), all).await
    };
    tokio::select! {
        done = all => done.map(|()| ExitCode::SUCCESS),
        // The file stays as it was, and standard output has whole lines.
        signal = signals.next() => Ok(ExitCode::from(signal.exit_code())),
    }
}

/// What one run needs.
struct Run<'a> {
    options: &'a Options,
    bounds: Bounds,
    client: Client,
    transport: LoggingTransport,
    create: bool,
    counts: Counts,
    /// A unit that is set wrongly is the same for every user.
    warning: Once,
}

/// User IDs so far.
#[derive(Default)]
struct Counts {
    done: AtomicU64,
    failed: AtomicU64,
    /// The number of all, if it is known; otherwise 0.
    total: AtomicU64,
}

impl Counts {
    fn text(&self, waited: Duration) -> String {
        let [done, failed, total] =
            [&self.done, &self.failed, &self.total].map(|it| it.load(Ordering::Relaxed));
        let of = if total > 0 { format!(" of {total}") } else { String::new() };
        let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        format!("{done}{of} user IDs{failed}, {}", time::span(waited))
    }
}

/// A user ID whose token is requested.
struct Pending {
    /// Such as `line 3`.
    place: String,
    /// `None` if it is not valid.
    user_id: Option<UserId>,
    token: JoinHandle<Result<UserToken, Failure>>,
}

/// The line of a user; the fields are the members of the JSON form.
#[derive(Serialize)]
struct Line<'a> {
    /// `None` if it may be a secret.
    user_id: Option<&'a str>,
    #[serde(flatten)]
    token: Option<Success<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

impl Run<'_> {
    /// Writes the line of each user, in the order of the IDs.
    async fn all(&self, mut user_ids: UserIds, mut lines: Lines) -> Result<(), Failure> {
        let Some(first) = user_ids.next().await.transpose()? else {
            return Err(Failure::invalid_input(
                "--stdin: standard input has no user ID; write one on each line",
            ));
        };
        self.app_token().await?;
        let total = user_ids.left().map_or(0, |left| left as u64 + 1);
        self.counts.total.store(total, Ordering::Relaxed);
        let mut pending = VecDeque::from([self.request(first)]);
        let mut has_more = true;
        while has_more || !pending.is_empty() {
            tokio::select! {
                biased;
                token = of_first(&mut pending), if !pending.is_empty() => {
                    if let Some(first) = pending.pop_front() {
                        lines = write(lines, self.line(&first, &token)?).await?;
                    }
                }
                next = user_ids.next(), if has_more && pending.len() < AT_ONCE => {
                    match next.transpose()? {
                        Some(entry) => pending.push_back(self.request(entry)),
                        None => has_more = false,
                    }
                }
            }
        }
        lines.finish()?;
        match self.counts.failed.load(Ordering::Relaxed) {
            0 => Ok(()),
            failed => Err(Failure::of_users(failed, self.counts.done.load(Ordering::Relaxed))),
        }
    }

    /// Gets the app token first.
    ///
    /// Without it nobody gets a token, which is one failure, and not one of each user.
    async fn app_token(&self) -> Result<(), Failure> {
        let token = self.client.app_token();
        let token = self.bounds.wait_for(token, || self.transport.sent()).await?;
        self.warn_about_units(token.unit_mismatch());
        Ok(())
    }

    /// Starts the request of a user, if its ID is valid.
    fn request(&self, Entry { place, user_id }: Entry) -> Pending {
        let (user_id, token) = match user_id {
            Err(failure) => (None, tokio::spawn(async { Err(failure) })),
            Ok(user_id) => {
                let (client, id) = (self.client.clone(), user_id.as_str().to_owned());
                let (create, ttl, bounds) = (self.create, self.options.ttl, self.bounds);
                let token = async move {
                    let request = client.user_token(id).auto_create_user(create).ttl(ttl);
                    bounds.wait_for(request.into_future(), || 1).await
                };
                (Some(user_id), tokio::spawn(token))
            }
        };
        Pending { place, user_id, token }
    }

    /// The line of a user ID, whose token or failure is there.
    fn line(&self, of: &Pending, token: &Result<UserToken, Failure>) -> Result<String, Failure> {
        self.counts.done.fetch_add(1, Ordering::Relaxed);
        let id = of.user_id.as_ref().map(UserId::as_str);
        let (user_id, token, error) = match token {
            Ok(token) => {
                self.warn_about_units(token.unit_mismatch());
                (id, Some(Success::user(token)), None)
            }
            Err(failure) => {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                let shown = id.filter(|id| can_be_shown(id));
                let is_named = shown.is_some() || id.is_none();
                let failure = failure.clone();
                (shown, None, Some(if is_named { failure } else { failure.at(&of.place) }))
            }
        };
        serde_json::to_string(&Line { user_id, token, error })
            .map_err(|error| Failure::internal(format!("cannot write JSON: {error}")))
    }

    fn warn_about_units(&self, mismatch: Option<&UnitMismatch>) {
        if mismatch.is_some() {
            self.warning.call_once(|| token::warn_about_units(self.options, mismatch));
        }
    }
}

/// Awaits the token of the first user; the others go on meanwhile.
async fn of_first(pending: &mut VecDeque<Pending>) -> Result<UserToken, Failure> {
    match pending.front_mut() {
        // A task ends early only if the transport panics.
        Some(first) => (&mut first.token)
            .await
            .unwrap_or_else(|_| Err(Failure::internal("the task of a request is gone"))),
        None => std::future::pending().await,
    }
}

/// Writes a line on a thread.
///
/// The reader of a pipe may be slow, and a signal must not wait for it.
async fn write(mut lines: Lines, line: String) -> Result<Lines, Failure> {
    let written = spawn_blocking(move || lines.write(&line).map(|()| lines));
    written.await.unwrap_or_else(|_| Err(Failure::internal("the task that writes is gone")))
}

/// Whether a user ID that has no token is shown.
///
/// What only looks like one may be a secret, such as a line of a file of passwords.
fn can_be_shown(user_id: &str) -> bool {
    let is_documented = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let is_secret = ["YXA6", "YWMt", "ZHQt"].iter().any(|prefix| user_id.starts_with(prefix));
    user_id.len() <= 64 && user_id.bytes().all(is_documented) && !is_secret
}

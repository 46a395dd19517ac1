//! The commands `app`, `user` with one user, and `password`: a token from the service.

use std::future::Future;
use std::time::Duration;

use easemob_token::{Client, ClientBuilder, Error, ErrorKind, UnitMismatch};

use crate::failure::Failure;
use crate::logging_transport::LoggingTransport;
use crate::options::Options;
use crate::out::OutArgs;
use crate::settings::Setting::{AppKey, BaseUrl, ClientId, ClientSecret, Password};
use crate::store::{self, StoreArgs};
use crate::success::Success;
use crate::{deadline, output, progress, secrets, settings, time, transports};

/// How much longer than `--deadline` the client may take to say what happened.
const GRACE: Duration = Duration::from_millis(40);
/// A deadline of zero is not valid.
const LEAST: Duration = Duration::from_millis(1);

pub(crate) async fn app(options: &Options, store: StoreArgs, out: OutArgs) -> Result<(), Failure> {
    settings::require(options, &[BaseUrl, AppKey, ClientId, ClientSecret])?;
    let to = out.destination()?;
    let transport = transports::chosen(options)?;
    let builder = with_store(with_app(options, &transport)?, store, options)?;
    let client = builder.app_token_ttl(options.ttl).build()?;
    let token = in_time(options, &transport, client.app_token()).await?;
    warn_about_units(options, token.unit_mismatch());
    Success::app(&token).report(options, to)
}

pub(crate) async fn user(
    options: &Options,
    user_id: &str,
    create: bool,
    store: StoreArgs,
    out: OutArgs,
) -> Result<(), Failure> {
    let to = out.destination()?;
    let (builder, transport) = for_users(options, store)?;
    let client = builder.build()?;
    let request = client.user_token(user_id).auto_create_user(create).ttl(options.ttl);
    let token = in_time(options, &transport, async { request.await }).await?;
    warn_about_units(options, token.unit_mismatch());
    Success::user(&token).report(options, to)
}

/// A client that gets tokens by user ID.
pub(crate) fn for_users(
    options: &Options,
    store: StoreArgs,
) -> Result<(ClientBuilder, LoggingTransport), Failure> {
    settings::require(options, &[BaseUrl, AppKey, ClientId, ClientSecret])?;
    let transport = transports::chosen(options)?;
    Ok((with_store(with_app(options, &transport)?, store, options)?, transport))
}

/// A client with the app's credentials.
pub(crate) fn with_app(
    options: &Options,
    transport: &LoggingTransport,
) -> Result<ClientBuilder, Failure> {
    with_credentials(builder(options, transport)?, options)
}

pub(crate) async fn password(
    options: &Options,
    user_id: String,
    out: OutArgs,
) -> Result<(), Failure> {
    let credentials: &[_] =
        if options.authorize_password { &[ClientId, ClientSecret] } else { &[] };
    settings::require(options, &[&[BaseUrl, AppKey, Password], credentials].concat())?;
    let to = out.destination()?;
    let transport = transports::chosen(options)?;
    let mut builder = builder(options, &transport)?;
    if options.authorize_password {
        builder = with_credentials(builder, options)?.authorize_password();
    }
    // The settings are checked before the prompt for a password.
    let client = builder.build()?;
    let password = secrets::password(options, &user_id)?;
    let request = client.user_token_by_password(user_id, password).ttl(options.ttl);
    let token = in_time(options, &transport, async { request.await }).await?;
    warn_about_units(options, token.unit_mismatch());
    Success::user(&token).report(options, to)
}

/// Warns if the unit on the wire is set wrongly.
pub(crate) fn warn_about_units(options: &Options, mismatch: Option<&UnitMismatch>) {
    if let Some(mismatch) = mismatch {
        let text = format!("{mismatch} (--ttl-unit, EASEMOB_TTL_UNIT)");
        output::warning(options.format, "ttl_unit_mismatch", &text);
    }
}

fn builder(options: &Options, transport: &LoggingTransport) -> Result<ClientBuilder, Failure> {
    let base_url = settings::present(options.base_url.as_ref())?;
    let app_key = settings::present(options.app_key.as_ref())?;
    let mut builder = Client::builder(base_url, app_key)
        .ttl_units(options.ttl_unit)
        .request_timeout(options.timeout)
        .acquisition_deadline(deadline::left(options.deadline).max(LEAST))
        .max_attempts(options.max_attempts)
        .transport(transport.clone());
    if let Some(user_agent) = &options.user_agent {
        builder = builder.user_agent(user_agent);
    }
    Ok(if options.allow_http { builder.allow_plain_http() } else { builder })
}

fn with_credentials(builder: ClientBuilder, options: &Options) -> Result<ClientBuilder, Failure> {
    let (client_id, client_secret) = secrets::credentials(options)?;
    Ok(builder.client_credentials(client_id, client_secret))
}

fn with_store(
    builder: ClientBuilder,
    args: StoreArgs,
    options: &Options,
) -> Result<ClientBuilder, Failure> {
    Ok(match store::chosen(args, options)? {
        Some((store, limit)) => {
            let builder = builder.token_store(store).store_timeout(limit);
            builder.observer(store::warning(options))
        }
        None => builder,
    })
}

/// Awaits the token, at most for what is left of `--deadline`.
pub(crate) async fn in_time<T>(
    options: &Options,
    transport: &LoggingTransport,
    token: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    let left = deadline::left(options.deadline);
    let service = options.base_url.as_ref().map(ToString::to_string).unwrap_or_default();
    let text = |waited: Duration| {
        let (waited, limit) = (time::span(waited), time::span(options.deadline));
        let again = match transport.sent() {
            0 | 1 => String::new(),
            number => format!(", request {number}"),
        };
        format!("waiting for {service}: {waited} of {limit}{again}")
    };
    let token = Bounds::of(options).apply(left, token, || transport.sent());
    progress::shown_while(options, text, token).await
}

/// The limit of a call, and what its failure has to say of the settings.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    deadline: Duration,
    /// The variable of a proxy that is not used.
    unused_proxy: Option<&'static str>,
}

impl Bounds {
    pub(crate) fn of(options: &Options) -> Self {
        Self { deadline: options.deadline, unused_proxy: transports::unused_proxy(options) }
    }

    /// Awaits a token for the whole deadline.
    pub(crate) async fn wait_for<T>(
        self,
        token: impl Future<Output = Result<T, Error>>,
        sent: impl Fn() -> u32,
    ) -> Result<T, Failure> {
        self.apply(self.deadline, token, sent).await
    }

    /// Awaits a token until the limit; the client keeps it too, and its own error says more.
    async fn apply<T>(
        self,
        limit: Duration,
        token: impl Future<Output = Result<T, Error>>,
        sent: impl Fn() -> u32,
    ) -> Result<T, Failure> {
        let failure = match tokio::time::timeout(limit + GRACE, token).await {
            Ok(Ok(token)) => return Ok(token),
            Ok(Err(error)) if matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout) => {
                Failure::from(error)
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                let limit = time::span(self.deadline);
                let message = format!("the command took longer than its deadline of {limit}");
                Failure::deadline(message, sent())
            }
        };
        // Without a connection, an unused proxy is the likely reason.
        Err(match self.unused_proxy {
            Some(variable) => failure.with_hint(format_args!(
                "{variable} is set but not used; if the network needs this proxy, add --proxy env"
            )),
            None => failure,
        })
    }
}

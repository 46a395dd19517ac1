//! The commands `app`, `user` and `password`: a token from the service.

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
use crate::{deadline, output, secrets, settings, time, transports};

/// How much longer than `--deadline` the client may take to say what happened.
const GRACE: Duration = Duration::from_millis(40);
/// A deadline of zero is not valid.
const LEAST: Duration = Duration::from_millis(1);

pub(crate) async fn app(options: &Options, store: StoreArgs, out: OutArgs) -> Result<(), Failure> {
    settings::require(options, &[BaseUrl, AppKey, ClientId, ClientSecret])?;
    let to = out.destination()?;
    let transport = transports::chosen(options)?;
    let builder = with_credentials(builder(options, &transport)?, options)?;
    let builder = with_store(builder, store, options)?;
    let client = builder.app_token_ttl(options.ttl).build()?;
    let token = in_time(options, &transport, client.app_token()).await?;
    warn_about_units(options, token.unit_mismatch());
    Success::app(&token).report(options, to)
}

pub(crate) async fn user(
    options: &Options,
    user_id: String,
    create: bool,
    store: StoreArgs,
    out: OutArgs,
) -> Result<(), Failure> {
    settings::require(options, &[BaseUrl, AppKey, ClientId, ClientSecret])?;
    let to = out.destination()?;
    let transport = transports::chosen(options)?;
    let builder = with_credentials(builder(options, &transport)?, options)?;
    let client = with_store(builder, store, options)?.build()?;
    let request = client.user_token(user_id).auto_create_user(create).ttl(options.ttl);
    let token = in_time(options, &transport, async { request.await }).await?;
    warn_about_units(options, token.unit_mismatch());
    Success::user(&token).report(options, to)
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

fn warn_about_units(options: &Options, mismatch: Option<&UnitMismatch>) {
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

/// Awaits the token, at most for `--deadline`.
async fn in_time<T>(
    options: &Options,
    transport: &LoggingTransport,
    token: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    // The client's own error says more, so it may come a little later.
    let left = deadline::left(options.deadline) + GRACE;
    let failure = match tokio::time::timeout(left, token).await {
        Ok(Ok(token)) => return Ok(token),
        Ok(Err(error)) if matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout) => {
            Failure::from(error)
        }
        Ok(Err(error)) => return Err(error.into()),
        Err(_) => {
            let limit = time::span(options.deadline);
            let message = format!("the command took longer than its deadline of {limit}");
            Failure::deadline(message, transport.sent())
        }
    };
    // Without a connection, an unused proxy is the likely reason.
    Err(match transports::unused_proxy(options) {
        Some(variable) => failure.with_hint(format_args!(
            "{variable} is set but not used; if the network needs this proxy, add --proxy env"
        )),
        None => failure,
    })
}

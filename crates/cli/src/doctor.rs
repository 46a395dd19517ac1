//! The command `doctor`: from the settings to a token, step by step, up to the first fault.

mod clock;
mod network;
mod report;
mod settings;
#[cfg(feature = "hyper")]
mod tls;

use std::process::ExitCode;
use std::sync::Arc;

use easemob_token::inspect::inspect;
use easemob_token::transport::{Proxy, ProxyUrl};
use easemob_token::{AppToken, BaseUrl, ErrorKind, Lifetime, User, UserId, environment};

use self::clock::DateTransport;
use self::network::Target;
use self::report::{Report, Step};
use self::settings::lines as settings_lines;
use crate::args::Format;
use crate::failure::Failure;
use crate::logging_transport::LoggingTransport;
use crate::options::{FORMAT, Options};
use crate::settings::{Setting, present, require};
use crate::{output, time, token, transports};

/// Runs the steps and prints their report.
pub(crate) async fn run(
    options: Result<Options, Failure>,
    format: Format,
    user: Option<String>,
) -> Result<ExitCode, Failure> {
    let origin = options.as_ref().map(|it| it.origins.of(FORMAT.0)).unwrap_or_default();
    output::require_format(format, &origin, "doctor")?;
    let mut report = Report::new(format);
    match steps(options, user, &mut report).await {
        Ok(()) => report.finish(None),
        Err((step, failure)) => report.finish(Some((step, failure))),
    }
}

/// The step that failed, and why.
type Fault = (Step, Failure);

fn at(step: Step) -> impl Fn(Failure) -> Fault + Copy {
    move |failure| (step, failure)
}

async fn steps(
    options: Result<Options, Failure>,
    user: Option<String>,
    report: &mut Report,
) -> Result<(), Fault> {
    let settings = at(Step::Settings);
    let mut options = options.map_err(settings)?;
    // At most two requests: one for the app token, one for the user.
    options.max_attempts = 1;
    let options = &options;
    let needed = [Setting::BaseUrl, Setting::AppKey, Setting::ClientId, Setting::ClientSecret];
    require(options, &needed).map_err(settings)?;
    let base_url = present(options.base_url.as_ref()).map_err(settings)?;
    let proxy = proxy_for(&base_url, &options.proxy).map_err(settings)?;
    let roots = transports::roots(options).map_err(settings)?;
    let transport = transports::make(options.transport, roots.clone(), options.proxy.clone());
    let dates = DateTransport::new(transport.map_err(settings)?);
    let logging = LoggingTransport::new(Arc::new(dates.clone()), options);
    let builder = token::with_app(options, &logging).map_err(settings)?;
    let client = builder.app_token_ttl(options.ttl).build();
    let client = client.map_err(|error| settings(error.into()))?;
    let user = user.map(|id| user_id(&id)).transpose().map_err(settings)?;
    report.ok(Step::Settings, settings_lines(options)).map_err(settings)?;

    let target = Target::of(&base_url, proxy);
    let addresses = target.look_up(options).await.map_err(at(Step::Name))?;
    report.ok(Step::Name, [target.names(&addresses)]).map_err(at(Step::Name))?;
    let connected = target.connect(&addresses, options).await.map_err(at(Step::Connection))?;
    report.ok(Step::Connection, [connected]).map_err(at(Step::Connection))?;
    tls(&target, &addresses, roots, options, report).await.map_err(at(Step::Tls))?;

    let app_token = token::in_time(options, &logging, client.app_token()).await;
    match dates.difference() {
        Some(difference) => difference.tell(report),
        None => report.skipped(Step::Clock, "no response has a Date"),
    }
    .map_err(at(Step::Clock))?;
    let app_token = app_token.map_err(|it| target.with_other_scheme(it));
    let app_token = app_token.map_err(at(Step::AppToken))?;
    let found = format!("received, {}", life(app_token.lifetime()));
    report.ok(Step::AppToken, [found]).map_err(at(Step::AppToken))?;
    let found = unit(&app_token, options).map_err(at(Step::Unit))?;
    report.ok(Step::Unit, [found]).map_err(at(Step::Unit))?;

    let Some(user_id) = user else {
        let text = "not asked for; easemob-token doctor ID gets a token of that user too";
        return report.skipped(Step::User, text).map_err(at(Step::User));
    };
    let request = client.user_token(user_id.as_str()).ttl(options.ttl);
    let found = token::in_time(options, &logging, async { request.await }).await;
    let found = found.map_err(at(Step::User))?;
    if found.user().and_then(User::activated) == Some(false) {
        let text = "the service gave a token and says that the user is banned; unban it with the \
                    REST API";
        return Err((Step::User, Failure::of(ErrorKind::UserDeactivated, text)));
    }
    let text = format!("token of {} received, {}", user_id.as_str(), life(found.lifetime()));
    report.ok(Step::User, [text]).map_err(at(Step::User))
}

/// A user ID that can be sent.
fn user_id(text: &str) -> Result<UserId, Failure> {
    let parsed = UserId::new(environment::trim(text));
    parsed.map_err(|error| Failure::invalid_input(error.to_string()))
}

/// The proxy through which the service is reached.
fn proxy_for(base_url: &BaseUrl, proxy: &Proxy) -> Result<Option<ProxyUrl>, Failure> {
    let uri = base_url.to_string().parse().map_err(|_| Failure::internal("no URI"))?;
    let rules = proxy.resolve()?;
    let found = rules.proxy_for(&uri).map_err(|error| Failure::invalid_input(error.to_string()))?;
    Ok(found.cloned())
}

async fn tls(
    target: &Target,
    addresses: &[std::net::SocketAddr],
    roots: transports::Roots,
    options: &Options,
    report: &mut Report,
) -> Result<(), Failure> {
    if let Some(why) = target.without_tls() {
        return report.skipped(Step::Tls, why);
    }
    #[cfg(feature = "hyper")]
    {
        let found = tls::handshake(target, addresses, roots, options).await?;
        report.ok(Step::Tls, [found])
    }
    #[cfg(not(feature = "hyper"))]
    {
        drop((addresses, roots, options));
        report.skipped(Step::Tls, "not looked at, needs hyper")
    }
}

/// Compares the unit of the response with the lifetime in the token itself.
fn unit(token: &AppToken, options: &Options) -> Result<String, Failure> {
    let unit = options.ttl_unit;
    if let Some(mismatch) = token.unit_mismatch() {
        let text = format!("{mismatch} (--ttl-unit, EASEMOB_TTL_UNIT)");
        return Err(Failure::invalid_input(text));
    }
    Ok(match inspect(token.access_token().expose()).map(|it| it.lifetime()) {
        None => format!("{unit}; the token is opaque, so nothing confirms it"),
        Some(inside) if inside == token.lifetime() => format!("{unit}, as the token itself says"),
        Some(inside) => format!("{unit}; the token itself says: {}", life(inside)),
    })
}

fn life(lifetime: Lifetime) -> String {
    match lifetime {
        Lifetime::Expires(life) => format!("lives {}", time::span(life)),
        Lifetime::Permanent => "never expires".to_owned(),
        Lifetime::Unknown => "lifetime unknown".to_owned(),
    }
}

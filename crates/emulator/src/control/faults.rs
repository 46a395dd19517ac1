//! Calls about faults.

use http::header::RETRY_AFTER;
use serde_json::{Value, json};

use super::error::ControlError;
use super::fields::{Fields, missing};
use super::{Control, Done};
use crate::fault::{BodyKind, Fault, FaultQueue};
use crate::grant::Grant;
use crate::refusal::Refusal;
use crate::service::AppKey;

const BODIES: [(&str, BodyKind); 4] = [
    ("json", BodyKind::Json),
    ("html", BodyKind::Html),
    ("text", BodyKind::Text),
    ("empty", BodyKind::Empty),
];
pub(super) const GRANTS: [(&str, Grant); 3] = [
    ("client_credentials", Grant::ClientCredentials),
    ("password", Grant::Password),
    ("inherit", Grant::Inherit),
];
/// Makes a refusal with its text, if it has one.
type Refuse = fn(String) -> Refusal;

/// The refusals without a text of their own, then those with one.
const REFUSALS: [(&str, Refuse); 27] = [
    ("client_id_missing", |_| Refusal::ClientIdMissing),
    ("client_secret_missing", |_| Refusal::ClientSecretMissing),
    ("client_id_mismatch", |_| Refusal::ClientIdMismatch),
    ("client_secret_mismatch", |_| Refusal::ClientSecretMismatch),
    ("invalid_password", |_| Refusal::InvalidPassword),
    ("invalid_username_or_password", |_| Refusal::InvalidUsernameOrPassword),
    ("user_not_activated", |_| Refusal::UserNotActivated),
    ("username_too_long", |_| Refusal::UsernameTooLong),
    ("app_token_invalid", |_| Refusal::AppTokenInvalid),
    ("app_token_expired", |_| Refusal::AppTokenExpired),
    ("app_token_corrupt", |_| Refusal::AppTokenCorrupt),
    ("app_token_foreign", |_| Refusal::AppTokenForeign),
    ("user_not_found", |_| Refusal::UserNotFound),
    ("user_entity_not_found", |_| Refusal::UserEntityNotFound),
    ("concurrent_creation", |_| Refusal::ConcurrentCreation),
    ("service_resource_not_found", |_| Refusal::ServiceResourceNotFound),
    ("user_property_missing", |_| Refusal::UserPropertyMissing),
    ("method_not_allowed", |_| Refusal::MethodNotAllowed),
    ("request_entity_too_large", |_| Refusal::RequestEntityTooLarge),
    ("unsupported_media_type", |_| Refusal::UnsupportedMediaType),
    ("quota_exceeded", |_| Refusal::QuotaExceeded),
    ("rate_limited", |_| Refusal::RateLimited),
    ("illegal_argument", Refusal::IllegalArgument),
    ("username_not_legal", Refusal::UsernameNotLegal),
    ("json_parse", Refusal::JsonParse),
    ("application_not_found", Refusal::ApplicationNotFound),
    ("user_exists", Refusal::UserExists),
];
const KINDS: [(&str, Kind); 10] = [
    ("refusal", Kind::Refusal),
    ("error", Kind::Error),
    ("server_error", Kind::ServerError),
    ("redirect", Kind::Redirect),
    ("response", Kind::Response),
    ("delay", Kind::Delay),
    ("set_member", Kind::SetMember),
    ("remove_member", Kind::RemoveMember),
    ("hang", Kind::Hang),
    ("close", Kind::Close),
];

#[derive(Clone, Copy)]
enum Kind {
    Refusal,
    Error,
    ServerError,
    Redirect,
    Response,
    Delay,
    SetMember,
    RemoveMember,
    Hang,
    Close,
}

/// The faults of an app, or all.
pub(super) fn list(control: &Control, mut fields: Fields) -> Done {
    let app = control.named_app(&mut fields)?;
    fields.finish()?;
    Ok(json!({ "faults": control.exchanges.faults().shown(app.as_ref()) }))
}

/// Drops the faults of an app, or all.
pub(super) fn clear(control: &Control, mut fields: Fields) -> Done {
    let app = control.named_app(&mut fields)?;
    fields.finish()?;
    let mut faults = control.exchanges.faults();
    match &app {
        Some(app) => faults.clear_app(app),
        None => faults.clear(),
    }
    Ok(pending(&faults, app.as_ref()))
}

/// Scripts a fault for the next requests that match.
pub(super) fn inject(control: &Control, mut fields: Fields) -> Done {
    let kind = fields.one_of("kind", &KINDS)?.ok_or_else(|| missing("kind"))?;
    let mut fault = narrowed(fault(kind, &mut fields)?, &mut fields)?;
    let app = control.named_app(&mut fields)?;
    fault.app.clone_from(&app);
    fields.finish()?;
    fault.check()?;
    let mut faults = control.exchanges.faults();
    faults.push(fault);
    Ok(pending(&faults, app.as_ref()))
}

fn pending(faults: &FaultQueue, app: Option<&AppKey>) -> Value {
    let count = app.map_or_else(|| faults.len(), |app| faults.len_of(app));
    json!({ "pending_faults": count })
}

fn fault(kind: Kind, fields: &mut Fields) -> Result<Fault, ControlError> {
    Ok(match kind {
        Kind::Refusal => {
            let make = fields.one_of("refusal", &REFUSALS)?.ok_or_else(|| missing("refusal"))?;
            Fault::refusal(make(fields.text("text")?.unwrap_or_default()))
        }
        Kind::Error => {
            let (status, error) = (status(fields)?, fields.required_text("error")?);
            Fault::error(status, error, fields.text("description")?.as_deref())
        }
        Kind::ServerError => {
            let body = fields.one_of("body", &BODIES)?.unwrap_or(BodyKind::Html);
            Fault::server_error(status(fields)?, body)
        }
        Kind::Redirect => {
            let location = fields.required_text("location")?;
            let status = fields.whole("status", 999)?.unwrap_or(302);
            Fault::redirect_with(small(status), &location)
        }
        Kind::Response => {
            // Any JSON is sent as it is written, text as text.
            let body = match fields.any("body") {
                None => String::new(),
                Some(Value::String(text)) => text,
                Some(json) => json.to_string(),
            };
            Fault::response(status(fields)?, [], body)
        }
        Kind::Delay => {
            let delay = fields.duration("delay")?.ok_or_else(|| missing("delay"))?;
            Fault::delay(delay)
        }
        Kind::SetMember => {
            let name = fields.required_text("member")?;
            Fault::set_member(name, fields.any("value").ok_or_else(|| missing("value"))?)
        }
        Kind::RemoveMember => Fault::remove_member(fields.required_text("member")?),
        Kind::Hang => Fault::hang(),
        Kind::Close => Fault::close(),
    })
}

/// Reads what every fault may have: headers, a delay, and the requests that it applies to.
fn narrowed(mut fault: Fault, fields: &mut Fields) -> Result<Fault, ControlError> {
    for (name, value) in fields.object("headers")?.map(Fields::rest).unwrap_or_default() {
        let wrong = || ControlError::member_is("headers", "must have texts as values");
        fault = fault.header(&name, value.as_str().ok_or_else(wrong)?);
    }
    if let Some(pause) = fields.duration("retry_after")? {
        fault = fault.header(RETRY_AFTER.as_str(), &pause.as_secs().to_string());
    }
    if let Some(pause) = fields.duration("delay")? {
        fault = fault.after(pause);
    }
    if let Some(grant) = fields.one_of("grant", &GRANTS)? {
        fault = fault.on(grant);
    }
    if let Some(user) = fields.text("username")? {
        fault = fault.for_user(user);
    }
    if let Some(path) = fields.text("path")? {
        fault = fault.on_path(path);
    }
    if let Some(probability) = fields.fraction("probability")? {
        fault = fault.with_probability(probability);
    }
    match fields.whole_or("times", "always", 1, u32::MAX.into())? {
        None => Ok(fault),
        Some(None) => Ok(fault.always()),
        Some(Some(times)) => Ok(fault.times(u32::try_from(times).unwrap_or(u32::MAX))),
    }
}

fn status(fields: &mut Fields) -> Result<u16, ControlError> {
    fields.whole("status", 999)?.map(small).ok_or_else(|| missing("status"))
}

/// A number that was checked to be at most 999.
fn small(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

//! Calls about the emulator as a whole: settings, clock, holds, reset, shutdown.

use std::time::Duration;

use serde_json::{Value, json};

use super::error::ControlError;
use super::fields::{Fields, missing};
use super::{Control, Done, apps};
use crate::clock::{Step, unix_ms};
use crate::grant::Grant;
use crate::service::AppKey;
use crate::settings::{BannedAs, Settings, UnknownUserAs};
use crate::ttl::{PermanentAs, Unit};

const UNITS: [(&str, Unit); 2] = [("seconds", Unit::Seconds), ("milliseconds", Unit::Milliseconds)];
const PERMANENT: [(&str, PermanentAs); 4] = [
    ("usergrid_max", PermanentAs::UsergridMax),
    ("zero", PermanentAs::Zero),
    ("negative", PermanentAs::Negative),
    ("i64_max", PermanentAs::I64Max),
];
const BANNED: [(&str, BannedAs); 2] =
    [("refused", BannedAs::Refused), ("not_activated", BannedAs::NotActivated)];
const UNKNOWN: [(&str, UnknownUserAs); 3] = [
    ("user_not_found", UnknownUserAs::UserNotFound),
    ("entity_not_found", UnknownUserAs::EntityNotFound),
    ("invalid_username_or_password", UnknownUserAs::InvalidUsernameOrPassword),
];

/// What the emulator is, and how much has happened.
pub(super) fn overview(control: &Control, fields: Fields) -> Done {
    fields.finish()?;
    let exchanges = &control.exchanges;
    Ok(json!({
        "emulator": env!("CARGO_PKG_VERSION"),
        "app_key": apps::joined(exchanges.service.primary()),
        "now_ms": unix_ms(exchanges.service.clock.now()),
        "requests": exchanges.journal.arrived(),
        "pending_faults": exchanges.faults().len(),
        "holds": control.holds().len(),
    }))
}

/// The time of an app, or of the emulator.
pub(super) fn clock(control: &Control, mut fields: Fields) -> Done {
    let app = control.named_app(&mut fields)?;
    fields.finish()?;
    Ok(shown_clock(control, app.as_ref()))
}

fn shown_clock(control: &Control, app: Option<&AppKey>) -> Value {
    let service = &control.exchanges.service;
    json!({ "now_ms": unix_ms(service.local(app, service.clock.now())) })
}

/// Moves the clock of an app, or that of the emulator and so of every app.
fn shift(control: &Control, mut fields: Fields, step: Step) -> Done {
    let app = control.named_app(&mut fields)?;
    fields.finish()?;
    control.exchanges.service.shift_clock(app.as_ref(), step);
    Ok(shown_clock(control, app.as_ref()))
}

pub(super) fn advance(control: &Control, mut fields: Fields) -> Done {
    let by = fields.duration("by")?.ok_or_else(|| missing("by"))?;
    shift(control, fields, Step::Ahead(by))
}

pub(super) fn turn_back(control: &Control, mut fields: Fields) -> Done {
    let by = fields.duration("by")?.ok_or_else(|| missing("by"))?;
    shift(control, fields, Step::Back(by))
}

pub(super) fn set_clock(control: &Control, mut fields: Fields) -> Done {
    let most = i64::MAX.unsigned_abs();
    let now = fields.whole("now_ms", most)?.ok_or_else(|| missing("now_ms"))?;
    shift(control, fields, Step::To(Duration::from_millis(now)))
}

/// Holds the responses of an app, or all, back until `release`.
pub(super) fn hold(control: &Control, mut fields: Fields) -> Done {
    let app = control.named_app(&mut fields)?;
    fields.finish()?;
    let hold = control.exchanges.gate.close(app.clone());
    let mut holds = control.holds();
    holds.push(hold);
    Ok(json!({ "holds": holds.iter().filter(|it| it.is_of(app.as_ref())).count() }))
}

/// Ends the holds of an app, or all, that this control plane has.
pub(super) fn release(control: &Control, mut fields: Fields) -> Done {
    let app = control.named_app(&mut fields)?;
    fields.finish()?;
    control.holds().retain(|it| !it.is_of(app.as_ref()));
    Ok(json!({ "holds": 0 }))
}

/// Restores what an app, or the whole emulator, was after the start.
pub(super) fn reset(control: &Control, mut fields: Fields) -> Done {
    let app = control.named_app(&mut fields)?;
    fields.finish()?;
    match &app {
        Some(app) => control.exchanges.reset_app(app),
        None => control.exchanges.reset(),
    }
    control.holds().retain(|it| !it.is_of(app.as_ref()));
    Ok(json!({}))
}

/// Lets [`Emulator::shutdown_requested`](crate::Emulator::shutdown_requested) return.
pub(super) fn shutdown(control: &Control, fields: Fields) -> Done {
    fields.finish()?;
    control.shutdown.send_replace(true);
    Ok(json!({}))
}

/// The settings of an app, or of the emulator.
pub(super) fn show(control: &Control, mut fields: Fields) -> Done {
    let app = control.named_app(&mut fields)?;
    fields.finish()?;
    Ok(shown(&control.exchanges.service.settings_of(app.as_ref())))
}

/// Changes the settings that the call has; the others stay. An app has its own from then on.
pub(super) fn change(control: &Control, mut fields: Fields) -> Done {
    let app = control.named_app(&mut fields)?;
    let mut settings = control.exchanges.service.settings_of(app.as_ref());
    if let Some(on) = fields.flag("apps_on_demand")? {
        if app.is_some() {
            let text = "is a setting of the whole emulator; leave app_key out";
            return Err(ControlError::member_is("apps_on_demand", text));
        }
        settings.apps_on_demand = on;
    }
    if let Some(mut unit) = fields.object("ttl_unit")? {
        settings.request_unit = unit.one_of("request", &UNITS)?.unwrap_or(settings.request_unit);
        settings.response_unit = unit.one_of("response", &UNITS)?.unwrap_or(settings.response_unit);
        unit.finish()?;
    }
    if let Some(mut answers) = fields.object("unknown_user_as")? {
        for (name, grant) in [("password", Grant::Password), ("inherit", Grant::Inherit)] {
            let answer = answers.one_of(name, &UNKNOWN)?;
            settings.set_unknown_user_as(
                grant,
                answer.unwrap_or_else(|| settings.unknown_user_as(grant)),
            );
        }
        answers.finish()?;
    }
    if let Some(ttl) = fields.duration_or("default_ttl", "permanent")? {
        settings.default_ttl = ttl.unwrap_or_default();
    }
    if let Some(limit) = fields.whole_or("request_limit", "none", 1, u32::MAX.into())? {
        settings.request_limit = limit.and_then(|limit| u32::try_from(limit).ok());
    }
    if let Some(limit) = fields.whole("body_limit", u32::MAX.into())? {
        settings.body_limit = usize::try_from(limit).unwrap_or(usize::MAX);
    }
    if let Some(window) = fields.duration("creation_window")? {
        settings.creation_window = window;
    }
    let permanent = fields.one_of("permanent_as", &PERMANENT)?;
    settings.permanent_as = permanent.unwrap_or(settings.permanent_as);
    settings.banned_as = fields.one_of("banned_as", &BANNED)?.unwrap_or(settings.banned_as);
    let needed = fields.flag("password_needs_app_token")?;
    settings.password_needs_app_token = needed.unwrap_or(settings.password_needs_app_token);
    settings.strict = fields.flag("strict")?.unwrap_or(settings.strict);
    fields.finish()?;
    control.exchanges.service.set_settings(app.as_ref(), &settings);
    Ok(shown(&settings))
}

fn shown(settings: &Settings) -> Value {
    let limit = settings.request_limit.map_or_else(|| "none".into(), Value::from);
    json!({
        "ttl_unit": {
            "request": name(&UNITS, settings.request_unit),
            "response": name(&UNITS, settings.response_unit),
        },
        "default_ttl": settings.default_ttl.as_secs_f64(),
        "permanent_as": name(&PERMANENT, settings.permanent_as),
        "request_limit": limit,
        "body_limit": settings.body_limit,
        "creation_window": settings.creation_window.as_secs_f64(),
        "password_needs_app_token": settings.password_needs_app_token,
        "strict": settings.strict,
        "apps_on_demand": settings.apps_on_demand,
        "banned_as": name(&BANNED, settings.banned_as),
        "unknown_user_as": {
            "password": name(&UNKNOWN, settings.unknown_user_as(Grant::Password)),
            "inherit": name(&UNKNOWN, settings.unknown_user_as(Grant::Inherit)),
        },
    })
}

fn name<T: Copy + PartialEq>(names: &[(&'static str, T)], value: T) -> &'static str {
    names.iter().find(|(_, it)| *it == value).map_or("", |(name, _)| name)
}

//! Calls about stubs, and about whether a token is accepted.

use serde_json::{Value, json};

use super::error::ControlError;
use super::fields::{Fields, missing};
use super::{Control, Done, apps};
use crate::clock::unix_ms;
use crate::stub::Stub;

/// Every stub of an app.
pub(super) fn list(control: &Control, mut fields: Fields) -> Done {
    let key = control.app(&mut fields)?;
    fields.finish()?;
    let stubs = control
        .exchanges
        .service
        .with_app(&key, |app| app.stubs.iter().map(Stub::shown).collect::<Vec<_>>());
    Ok(json!({ "stubs": stubs }))
}

/// Adds a stub, or replaces the one for the same requests.
pub(super) fn put(control: &Control, mut fields: Fields) -> Done {
    let key = control.app(&mut fields)?;
    let method = fields.text("method")?.unwrap_or_else(|| "GET".to_owned());
    let path = fields.required_text("path")?;
    let body = fields.any("body").ok_or_else(|| missing("body"))?;
    let mut stub = Stub::new(&method, &path, body);
    if let Some(status) = fields.whole("status", 599)? {
        stub = stub.status(u16::try_from(status).unwrap_or(u16::MAX));
    }
    if fields.flag("take_user_tokens")?.unwrap_or_default() {
        stub = stub.take_user_tokens();
    }
    fields.finish()?;
    control.exchanges.service.put_stub(&key, stub)?;
    Ok(json!({}))
}

/// Drops every stub of an app.
pub(super) fn clear(control: &Control, mut fields: Fields) -> Done {
    let key = control.app(&mut fields)?;
    fields.finish()?;
    control.exchanges.service.with_app(&key, |app| app.stubs.clear());
    Ok(json!({}))
}

/// Whether the service accepts a token right now; whose it is, or why not.
pub(super) fn check_token(control: &Control, mut fields: Fields) -> Result<Value, ControlError> {
    let token = fields.required_text("token")?;
    fields.finish()?;
    Ok(match control.exchanges.service.check_token(&token) {
        Ok(accepted) => json!({
            "accepted": true,
            "app_key": apps::joined(&accepted.app),
            "username": accepted.user,
            "expires_at_ms": accepted.expires.map(unix_ms),
        }),
        Err(refusal) => json!({
            "accepted": false,
            "error": refusal.error(),
            "error_description": refusal.description(),
        }),
    })
}

//! Calls about apps, their users, their clients and their tokens.

use serde_json::json;

use super::error::ControlError;
use super::fields::Fields;
use super::{Control, Done};
use crate::secret::Secret;
use crate::service::AppKey;

impl Control {
    /// The app that a call names, or the first one.
    pub(super) fn app(&self, fields: &mut Fields) -> Result<AppKey, ControlError> {
        let named = self.named_app(fields)?;
        Ok(named.unwrap_or_else(|| self.exchanges.service.primary().clone()))
    }

    /// The app that a call names, if it names one.
    pub(super) fn named_app(&self, fields: &mut Fields) -> Result<Option<AppKey>, ControlError> {
        let Some(text) = fields.text("app_key")? else { return Ok(None) };
        let wrong = || ControlError::member_is("app_key", "must be org#app");
        let (org, app) = text.split_once('#').ok_or_else(wrong)?;
        let key = (org.to_owned(), app.to_owned());
        if self.exchanges.service.has_app(&key) {
            return Ok(Some(key));
        }
        let text = "is not known; make the app with POST /__emulator/apps";
        Err(ControlError::member_is("app_key", text))
    }
}

/// Every app, with the number of its users.
pub(super) fn list(control: &Control, fields: Fields) -> Done {
    fields.finish()?;
    let apps = control.exchanges.service.apps();
    let app = |(key, users): (AppKey, usize)| json!({ "app_key": joined(&key), "users": users });
    Ok(json!({ "apps": apps.into_iter().map(app).collect::<Vec<_>>() }))
}

/// Makes an app, with a name and credentials of its own unless the call has some.
pub(super) fn create(control: &Control, mut fields: Fields) -> Done {
    let key = fields.text("app_key")?;
    let (id, given) = (fields.text("client_id")?, fields.text("client_secret")?);
    let mut users = Vec::new();
    for mut user in fields.objects("users")? {
        users.push((user.required_text("username")?, secret(user.text("password")?.as_deref())));
        user.finish()?;
    }
    fields.finish()?;
    let service = &control.exchanges.service;
    let unique = || service.unique().simple().to_string();
    let key = match key {
        None => (format!("org-{}", &unique()[..12]), "app".to_owned()),
        Some(text) => {
            let wrong = || ControlError::member_is("app_key", "must be org#app");
            text.split_once('#')
                .map(|(org, app)| (org.to_owned(), app.to_owned()))
                .ok_or_else(wrong)?
        }
    };
    let id = id.unwrap_or_else(|| format!("YXA6{}", &unique()[..22]));
    let text = given.unwrap_or_else(|| format!("YXA6{}", &unique()[..27]));
    service.create_app(&key, (id.clone(), Secret::new(&text)), users)?;
    Ok(json!({ "app_key": joined(&key), "client_id": id, "client_secret": text }))
}

/// Every user of an app.
pub(super) fn users(control: &Control, mut fields: Fields) -> Done {
    let key = control.app(&mut fields)?;
    fields.finish()?;
    let users = control.exchanges.service.with_app(&key, |app| {
        let mut users: Vec<_> = app.users.iter().collect();
        users.sort_by_key(|(id, _)| id.as_str());
        let shown = |(id, user): (&String, &crate::accounts::User)| {
            let mut shown = user.to_json(id);
            shown["has_password"] = user.password.is_some().into();
            shown
        };
        users.into_iter().map(shown).collect::<Vec<_>>()
    });
    Ok(json!({ "users": users }))
}

/// Registers a user, or changes its password; without one, it has none.
pub(super) fn put_user(control: &Control, mut fields: Fields) -> Done {
    let key = control.app(&mut fields)?;
    let (user, password) =
        (fields.required_text("username")?, secret(fields.text("password")?.as_deref()));
    fields.finish()?;
    control.exchanges.service.put_user(&key, &user, password)?;
    Ok(json!({ "username": user.to_ascii_lowercase() }))
}

pub(super) fn ban(control: &Control, fields: Fields) -> Done {
    set_activated(control, fields, false)
}

pub(super) fn unban(control: &Control, fields: Fields) -> Done {
    set_activated(control, fields, true)
}

fn set_activated(control: &Control, mut fields: Fields, activated: bool) -> Done {
    let key = control.app(&mut fields)?;
    let user = fields.required_text("username")?;
    fields.finish()?;
    control.exchanges.service.change_user(&key, &user, |user| user.activated = activated)?;
    Ok(json!({ "username": user.to_ascii_lowercase(), "activated": activated }))
}

/// Adds client credentials, or changes the secret of a client.
pub(super) fn put_client(control: &Control, mut fields: Fields) -> Done {
    let key = control.app(&mut fields)?;
    let (id, secret) = (fields.required_text("client_id")?, fields.required_text("client_secret")?);
    fields.finish()?;
    control.exchanges.service.put_client(&key, id, Secret::new(&secret))?;
    Ok(json!({}))
}

/// Revokes every app token issued so far: of one app, or of all.
pub(super) fn revoke_tokens(control: &Control, mut fields: Fields) -> Done {
    let all = fields.flag("all")?.unwrap_or_default();
    let key = control.app(&mut fields)?;
    fields.finish()?;
    control.exchanges.service.revoke_app_tokens((!all).then_some(&key));
    Ok(json!({}))
}

fn secret(text: Option<&str>) -> Option<Secret> {
    text.map(Secret::new)
}

pub(super) fn joined((org, app): &AppKey) -> String {
    format!("{org}#{app}")
}

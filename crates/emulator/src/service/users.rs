//! Users of an application (`/{org}/{app}/users`), each call with an app token.

use std::collections::hash_map::Entry;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{AppKey, Call, Service, members};
use crate::accounts::{App, User};
use crate::carrier;
use crate::clock::unix_ms;
use crate::naming::{PASSWORD_MAX, check_user_id, fold_user_id};
use crate::refusal::Refusal;
use crate::secret::Secret;

/// The number of users on a page, unless the query has `limit`.
const PAGE: usize = 10;
const MAX_PAGE: usize = 1000;
/// The most users of one registration.
const MAX_LIST: usize = 60;

type Served = Result<Value, Refusal>;

/// A user that a request registers.
type NewUser = (String, Secret, Option<String>);

impl Service {
    /// Checks the app token, then runs a call on the application.
    fn authorized<T>(
        &self,
        call: &Call<'_>,
        key: &AppKey,
        serve: impl FnOnce(&mut App) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut apps = self.lock();
        self.find_or_make(&mut apps, key).ok_or_else(|| Self::no_application(call, key))?;
        self.check_bearer(&apps, key, call.authorization, false)?;
        serve(apps.get_mut(key).ok_or_else(|| Self::no_application(call, key))?)
    }

    /// A page of users, in the order of their creation.
    pub(super) fn users(&self, call: &Call<'_>, key: &AppKey) -> Served {
        self.authorized(call, key, |app| {
            let query = carrier::form(call.query.unwrap_or_default().as_bytes());
            let limit = limit(query.get("limit"))?;
            let after = query.get("cursor").and_then(Value::as_str).map(position).transpose()?;
            let mut users: Vec<_> =
                app.users.iter().map(|(id, user)| (user.created.as_nanos(), id, user)).collect();
            users.sort_by_key(|(created, id, _)| (*created, *id));
            users.retain(|(created, id, _)| {
                after.as_ref().is_none_or(|(at, last)| (*created, id.as_str()) > (*at, last))
            });
            let more = users.len() > limit;
            users.truncate(limit);
            let shown: Vec<_> = users.iter().map(|(_, id, user)| user.to_entity(id)).collect();
            let mut body = self.envelope(call, key, app, ("get", None), &shown);
            if let Some((created, id, _)) = users.last().filter(|_| more) {
                body["cursor"] = URL_SAFE_NO_PAD.encode(format!("{created}:{id}")).into();
            }
            Ok(body)
        })
    }

    /// Registers one user or a list. Of a list, those who exist already are named in `data`.
    pub(super) fn register(&self, call: &Call<'_>, key: &AppKey) -> Served {
        let body = members::of_json(call, self.settings_of(Some(key)).strict);
        self.authorized(call, key, |app| {
            let body = body?;
            let listed = body.as_array();
            let wanted = match listed {
                Some(users) if users.len() > MAX_LIST => {
                    let problem = format!("at most {MAX_LIST} users can be registered at once");
                    return Err(Refusal::IllegalArgument(problem));
                }
                Some(users) => users.iter().map(new_user).collect::<Result<Vec<_>, _>>()?,
                None => vec![new_user(&body)?],
            };
            let (mut shown, mut failed) = (Vec::new(), Vec::new());
            let now = self.now(app);
            for (name, password, nickname) in wanted {
                match app.users.entry(name) {
                    Entry::Vacant(entry) => {
                        let id = self.issuer.user_id(key, entry.key(), now);
                        let user = User { nickname, ..User::new(id, Some(password), now) };
                        shown.push(user.to_entity(entry.key()));
                        entry.insert(user);
                    }
                    Entry::Occupied(entry) if listed.is_some() => {
                        let reason = format!("the {} already exists", entry.key());
                        failed.push(json!({
                            "username": entry.key(),
                            "registerUserFailReason": reason,
                        }));
                    }
                    Entry::Occupied(entry) => return Err(Refusal::UserExists(entry.key().clone())),
                }
            }
            let mut body = self.envelope(call, key, app, ("post", None), &shown);
            if listed.is_some() {
                body["data"] = failed.into();
            }
            Ok(body)
        })
    }

    pub(super) fn user(&self, call: &Call<'_>, key: &AppKey, name: &str) -> Served {
        self.authorized(call, key, |app| {
            let user = app.users.get(name).ok_or(Refusal::ServiceResourceNotFound)?.to_entity(name);
            Ok(self.envelope(call, key, app, ("get", Some(name)), &[user]))
        })
    }

    pub(super) fn delete_user(&self, call: &Call<'_>, key: &AppKey, name: &str) -> Served {
        self.authorized(call, key, |app| {
            let user = app.users.remove(name).ok_or(Refusal::ServiceResourceNotFound)?;
            Ok(self.envelope(call, key, app, ("delete", None), &[user.to_entity(name)]))
        })
    }

    /// Sets the nickname.
    pub(super) fn change_user_entity(&self, call: &Call<'_>, key: &AppKey, name: &str) -> Served {
        let body = members::of_json(call, self.settings_of(Some(key)).strict);
        self.authorized(call, key, |app| {
            let (nickname, now) = (nickname(&body?), self.now(app));
            let user = app.users.get_mut(name).ok_or(Refusal::ServiceResourceNotFound)?;
            user.nickname = nickname.or(user.nickname.take());
            user.modified = now;
            let shown = user.to_entity(name);
            Ok(self.envelope(call, key, app, ("put", Some(name)), &[shown]))
        })
    }

    /// Sets a password, `newpassword`; the old one is not needed.
    pub(super) fn set_password(&self, call: &Call<'_>, key: &AppKey, name: &str) -> Served {
        let body = members::of_json(call, self.settings_of(Some(key)).strict);
        self.authorized(call, key, |app| {
            let password = password(&body?, "newpassword", "newpassword is required")?;
            let now = self.now(app);
            let user = app.users.get_mut(name).ok_or(Refusal::UserPropertyMissing)?;
            user.password = Some(password);
            user.modified = now;
            Ok(json!({
                "action": "set user password",
                "timestamp": unix_ms(now),
                "duration": unix_ms(now.saturating_sub(call.arrived)),
            }))
        })
    }

    /// Bans a user, or ends the ban.
    pub(super) fn set_activated(
        &self,
        call: &Call<'_>,
        key: &AppKey,
        name: &str,
        activated: bool,
    ) -> Served {
        self.authorized(call, key, |app| {
            let now = self.now(app);
            let user = app.users.get_mut(name).ok_or(Refusal::ServiceResourceNotFound)?;
            user.activated = activated;
            user.modified = now;
            let shown = user.to_entity(name);
            let action = if activated { "activate user" } else { "Deactivate user" };
            Ok(self.envelope(call, key, app, (action, Some(name)), &[shown]))
        })
    }

    /// The members around the users of an answer. `action` has the user of the URL.
    fn envelope(
        &self,
        call: &Call<'_>,
        key: &AppKey,
        app: &App,
        (action, user): (&str, Option<&str>),
        entities: &[Value],
    ) -> Value {
        let now = self.now(app);
        let user = user.map_or_else(String::new, |user| format!("/{user}"));
        let uri = format!("{}/{}/{}/users{user}", self.seen(call.host).url(), key.0, key.1);
        let mut body = json!({
            "action": action,
            "application": app.id.to_string(),
            "path": "/users",
            "uri": uri,
            "entities": entities,
            "timestamp": unix_ms(now),
            "duration": unix_ms(now.saturating_sub(call.arrived)),
            "organization": key.0,
            "applicationName": key.1,
        });
        if action == "get" {
            body["count"] = entities.len().into();
        }
        body
    }
}

fn new_user(body: &Value) -> Result<NewUser, Refusal> {
    let missing =
        || Refusal::IllegalArgument("Entity user requires a property named username".into());
    let name = body.get("username").and_then(Value::as_str).filter(|name| !name.is_empty());
    let given = name.ok_or_else(missing)?;
    let name = fold_user_id(given);
    check_user_id(&name).map_err(|fault| Refusal::of_user_id(fault, &name))?;
    Ok((name, password(body, "password", "password or pin must provided")?, nickname(body)))
}

fn nickname(body: &Value) -> Option<String> {
    body.get("nickname").and_then(Value::as_str).map(str::to_owned)
}

/// A password of 1 to 64 characters.
fn password(body: &Value, member: &str, missing: &str) -> Result<Secret, Refusal> {
    let refused = |problem: &str| Refusal::IllegalArgument(problem.to_owned());
    let text = body.get(member).and_then(Value::as_str).unwrap_or_default();
    match Secret::new(text) {
        password if password.len_chars() == 0 => Err(refused(missing)),
        password if password.len_chars() > PASSWORD_MAX => {
            Err(refused("password must be at most 64 characters"))
        }
        password => Ok(password),
    }
}

fn limit(text: Option<&Value>) -> Result<usize, Refusal> {
    let Some(text) = text.and_then(Value::as_str) else { return Ok(PAGE) };
    let wrong = || Refusal::IllegalArgument("limit must be a number from 1 to 1000".to_owned());
    let limit = text.parse().map_err(|_| wrong())?;
    if (1..=MAX_PAGE).contains(&limit) { Ok(limit) } else { Err(wrong()) }
}

/// The time of creation and the user ID at which the page before ended.
fn position(cursor: &str) -> Result<(u128, String), Refusal> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.split_once(':'))
        .and_then(|(created, id)| Some((created.parse().ok()?, id.to_owned())))
        .ok_or_else(|| Refusal::IllegalArgument("cursor must be one of a page before".to_owned()))
}

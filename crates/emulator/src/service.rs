//! The token service itself: from a whole request to the documented answer.

mod authorization;
mod grants;
mod json_body;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{ALLOW, HeaderValue};
use http::{Method, StatusCode};
use uuid::Uuid;

use crate::access_token::TokenIssuer;
use crate::accounts::{App, User};
use crate::answer::{Answer, Stamp};
use crate::clock::Clock;
use crate::error::SetupError;
use crate::naming::{check_user_id, fold_user_id};
use crate::refusal::Refusal;
use crate::secret::Secret;
use crate::settings::Settings;

/// A request whose body has arrived whole.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) content_type: Option<&'a [u8]>,
    pub(crate) authorization: Option<&'a [u8]>,
    pub(crate) body: &'a [u8],
    /// When its head arrived, on the emulator's clock.
    pub(crate) arrived: Duration,
}

/// What is asked of the service, and what it remembers.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    issuer: TokenIssuer,
    /// By organization and name; `primary` is among them.
    apps: Mutex<HashMap<(String, String), App>>,
    primary: (String, String),
}

impl Service {
    /// `primary` is the App Key that [`Self::change_user`] and its like act on; its id may be
    /// given, to be recognizable.
    pub(crate) fn new(
        settings: Settings,
        clock: Clock,
        issuer: TokenIssuer,
        primary: (String, String),
        id: Option<Uuid>,
    ) -> Self {
        let id = id.unwrap_or_else(|| issuer.uuid(clock.now()));
        let app = App::new(id);
        let apps = Mutex::new(HashMap::from([(primary.clone(), app)]));
        Self { settings, clock, issuer, apps, primary }
    }

    /// The application whose App Key is `key`, made where there is none.
    pub(crate) fn with_app<T>(
        &self,
        key: &(String, String),
        change: impl FnOnce(&mut App) -> T,
    ) -> T {
        let mut apps = self.lock();
        let app =
            apps.entry(key.clone()).or_insert_with(|| App::new(self.issuer.uuid(self.clock.now())));
        change(app)
    }

    pub(crate) fn primary(&self) -> &(String, String) {
        &self.primary
    }

    /// Registers a user, or gives an existing one this password.
    pub(crate) fn put_user(&self, user: &str, password: Option<Secret>) -> Result<(), SetupError> {
        let user = fold_user_id(user);
        check_user_id(&user)
            .map_err(|_| SetupError::new("user ID", "must be 1 to 64 bytes of [a-z0-9_.-]"))?;
        let now = self.clock.now();
        let id = self.issuer.uuid(now);
        self.with_app(&self.primary, |app| {
            let entry = app.users.entry(user).or_insert_with(|| User::new(id, None, now));
            entry.password = password;
            entry.modified = now;
        });
        Ok(())
    }

    /// Changes a registered user.
    pub(crate) fn change_user(
        &self,
        user: &str,
        change: impl FnOnce(&mut User),
    ) -> Result<(), SetupError> {
        let now = self.clock.now();
        self.with_app(&self.primary, |app| {
            let user = app
                .users
                .get_mut(&fold_user_id(user))
                .ok_or_else(|| SetupError::new("user ID", "is not registered"))?;
            change(user);
            user.modified = now;
            Ok(())
        })
    }

    /// Ends the life of every app token issued so far.
    pub(crate) fn revoke_app_tokens(&self) {
        for app in self.lock().values_mut() {
            app.token_epoch += 1;
        }
    }

    /// Answers as the service does. What a gateway does before it (the size of bodies, faults) is
    /// not asked here.
    pub(crate) fn answer(&self, call: &Call<'_>) -> Answer {
        match call.path.split('/').collect::<Vec<_>>().as_slice() {
            ["", org, app, "token"] if !org.is_empty() && !app.is_empty() => {
                if call.method != Method::POST {
                    let mut answer = Answer::gateway(StatusCode::METHOD_NOT_ALLOWED);
                    answer.headers.push((ALLOW, HeaderValue::from_static("POST")));
                    return answer;
                }
                match self.token(call, &(String::from(*org), String::from(*app))) {
                    Ok(body) => Answer::json(StatusCode::OK, &body),
                    Err(refusal) => Answer::refusal(&refusal, self.stamp(call.arrived)),
                }
            }
            _ => Answer::gateway(StatusCode::NOT_FOUND),
        }
    }

    pub(crate) fn stamp(&self, arrived: Duration) -> Stamp {
        let now = self.clock.now();
        Stamp { now, took: now.saturating_sub(arrived) }
    }

    fn token(&self, call: &Call<'_>, key: &(String, String)) -> Result<serde_json::Value, Refusal> {
        let mut apps = self.lock();
        let app = apps
            .get_mut(key)
            .ok_or_else(|| Refusal::ApplicationNotFound(format!("{}/{}", key.0, key.1)))?;
        if !app.rate.admit(self.clock.now(), self.settings.request_limit) {
            return Err(Refusal::RateLimited);
        }
        json_body::check_content_type(call.content_type)?;
        let body = json_body::parse(call.body)?;
        grants::RequestContext {
            settings: &self.settings,
            issuer: &self.issuer,
            now: self.clock.now(),
            call,
            app,
        }
        .serve(&body)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), App>> {
        // A panic elsewhere leaves the map whole: every change to it is a single step.
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

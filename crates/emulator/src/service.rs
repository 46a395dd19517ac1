//! The token service: turns a request into the documented response.

mod authorization;
mod grants;
mod json_body;
mod users;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{ALLOW, HeaderValue};
use http::{Method, StatusCode};
use uuid::Uuid;

use crate::access_token::TokenIssuer;
use crate::accounts::{App, User};
use crate::clock::Clock;
use crate::error::SetupError;
use crate::naming::{check_user_id, fold_user_id};
use crate::refusal::Refusal;
use crate::response::{Response, Stamp};
use crate::secret::Secret;
use crate::settings::Settings;

/// A request whose whole body has arrived.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) content_type: Option<&'a [u8]>,
    pub(crate) authorization: Option<&'a [u8]>,
    pub(crate) body: &'a [u8],
    /// When its head arrived, on the emulator's clock.
    pub(crate) arrived: Duration,
}

/// The state of the service: settings, clock and accounts.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    issuer: TokenIssuer,
    /// Applications by organization and name; `primary` is one of them.
    apps: Mutex<HashMap<(String, String), App>>,
    primary: (String, String),
}

impl Service {
    /// Creates the service. `primary` is the App Key that [`Self::put_user`] and
    /// [`Self::change_user`] act on; `id` is its UUID, or a new one is made.
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

    /// Changes the application with this App Key; creates it if there is none.
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

    /// Registers a user, or sets the password of an existing one.
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

    /// Revokes every app token issued so far.
    pub(crate) fn revoke_app_tokens(&self) {
        for app in self.lock().values_mut() {
            app.token_epoch += 1;
        }
    }

    /// Responds like the service. The checks of a gateway (size of bodies, faults) come before.
    pub(crate) fn answer(&self, call: &Call<'_>) -> Response {
        match call.path.split('/').collect::<Vec<_>>().as_slice() {
            ["", org, app, endpoint @ ("token" | "users")]
                if !org.is_empty() && !app.is_empty() =>
            {
                let method = if *endpoint == "token" { Method::POST } else { Method::GET };
                if *call.method != method {
                    return Self::method_not_allowed(&method);
                }
                let key = (String::from(*org), String::from(*app));
                let served = if *endpoint == "token" {
                    self.token(call, &key)
                } else {
                    self.users(call, &key)
                };
                match served {
                    Ok(body) => Response::json(StatusCode::OK, &body),
                    Err(refusal) => Response::refusal(&refusal, self.stamp(call.arrived)),
                }
            }
            _ => Response::gateway(StatusCode::NOT_FOUND),
        }
    }

    fn method_not_allowed(allowed: &Method) -> Response {
        let mut response = Response::gateway(StatusCode::METHOD_NOT_ALLOWED);
        response.headers.extend(HeaderValue::from_str(allowed.as_str()).map(|it| (ALLOW, it)));
        response
    }

    fn no_application(key: &(String, String)) -> Refusal {
        Refusal::ApplicationNotFound(format!("{}/{}", key.0, key.1))
    }

    pub(crate) fn stamp(&self, arrived: Duration) -> Stamp {
        let now = self.clock.now();
        Stamp { now, took: now.saturating_sub(arrived) }
    }

    fn token(&self, call: &Call<'_>, key: &(String, String)) -> Result<serde_json::Value, Refusal> {
        let mut apps = self.lock();
        let app = apps.get_mut(key).ok_or_else(|| Self::no_application(key))?;
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
        // A panic elsewhere leaves the map consistent: every change to it is a single step.
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

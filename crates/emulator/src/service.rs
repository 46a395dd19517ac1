//! The token service: turns a request into the documented response.

mod app_state;
mod authorization;
mod discovery;
mod grants;
mod json_body;
mod members;
mod on_demand;
mod route;
mod token_check;
mod users;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::Method;
use uuid::Uuid;

pub(crate) use self::members::basic;
pub(crate) use self::route::{app_of, decoded};

use crate::access_token::TokenIssuer;
use crate::accounts::{App, User};
use crate::clock::Clock;
use crate::error::SetupError;
use crate::naming::{PASSWORD_MAX, check_path_name, check_user_id, fold_user_id};
use crate::origin::{Origin, Seen};
use crate::refusal::Refusal;
use crate::secret::Secret;
use crate::settings::Settings;
use crate::stub::Stub;

/// A request whose whole body has arrived.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) content_type: Option<&'a [u8]>,
    pub(crate) authorization: Option<&'a [u8]>,
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) body: &'a [u8],
    /// When its head arrived, on the clock of its application.
    pub(crate) arrived: Duration,
}

/// Organization and application name.
pub(crate) type AppKey = (String, String);
type Apps = HashMap<AppKey, App>;

/// The state of the service: settings, clock and accounts.
#[derive(Debug)]
pub(crate) struct Service {
    settings: Mutex<Settings>,
    pub(crate) clock: Clock,
    issuer: TokenIssuer,
    /// Applications by organization and name; `primary` is one of them.
    apps: Mutex<Apps>,
    primary: AppKey,
    origin: OnceLock<Origin>,
    start: Mutex<Option<Start>>,
    /// The epoch of the app tokens of an application that is made later.
    epoch: AtomicU64,
}

/// What [`Service::reset`] restores.
#[derive(Debug)]
struct Start {
    settings: Settings,
    apps: Apps,
}

impl Service {
    /// Creates the service. `primary` is the App Key that [`Self::put_user`] and
    /// [`Self::change_user`] act on; `id` is its UUID, or a new one is made.
    pub(crate) fn new(
        settings: Settings,
        clock: Clock,
        issuer: TokenIssuer,
        primary: AppKey,
        id: Option<Uuid>,
    ) -> Self {
        let id = id.unwrap_or_else(|| issuer.app_id(&primary, clock.now()));
        let app = App::new(id);
        let apps = Mutex::new(HashMap::from([(primary.clone(), app)]));
        Self {
            settings: Mutex::new(settings),
            clock,
            issuer,
            apps,
            primary,
            origin: OnceLock::new(),
            start: Mutex::default(),
            epoch: AtomicU64::new(0),
        }
    }

    /// Changes the application with this App Key; creates it if there is none.
    pub(crate) fn with_app<T>(&self, key: &AppKey, change: impl FnOnce(&mut App) -> T) -> T {
        let mut apps = self.lock();
        change(apps.entry(key.clone()).or_insert_with(|| self.empty_app(key)))
    }

    pub(crate) fn primary(&self) -> &AppKey {
        &self.primary
    }

    /// Whether there is such an application; it may be made on demand.
    pub(crate) fn has_app(&self, key: &AppKey) -> bool {
        self.find_or_make(&mut self.lock(), key).is_some()
    }

    /// Every App Key with its number of users, in order.
    pub(crate) fn apps(&self) -> Vec<(AppKey, usize)> {
        let mut apps: Vec<_> =
            self.lock().iter().map(|(key, app)| (key.clone(), app.users.len())).collect();
        apps.sort();
        apps
    }

    /// Makes an application with one client and these users, or changes them in an existing one.
    pub(crate) fn create_app(
        &self,
        key: &AppKey,
        client: (String, Secret),
        users: Vec<(String, Option<Secret>)>,
    ) -> Result<(), SetupError> {
        check_path_name("organization", &key.0)?;
        check_path_name("application name", &key.1)?;
        for (user, password) in &users {
            check_user(user, password.as_ref())?;
        }
        self.put_client(key, client.0, client.1)?;
        users.into_iter().try_for_each(|(user, password)| self.put_user(key, &user, password))
    }

    /// Registers a user, or sets the password of an existing one.
    pub(crate) fn put_user(
        &self,
        key: &AppKey,
        user: &str,
        password: Option<Secret>,
    ) -> Result<(), SetupError> {
        let user = check_user(user, password.as_ref())?;
        self.with_app(key, |app| {
            let now = self.now(app);
            let id = self.issuer.user_id(key, &user, now);
            let entry = app.users.entry(user).or_insert_with(|| User::new(id, None, now));
            entry.password = password;
            entry.modified = now;
        });
        Ok(())
    }

    /// Changes a registered user.
    pub(crate) fn change_user(
        &self,
        key: &AppKey,
        user: &str,
        change: impl FnOnce(&mut User),
    ) -> Result<(), SetupError> {
        self.with_app(key, |app| {
            let now = self.now(app);
            let user = app
                .users
                .get_mut(&fold_user_id(user))
                .ok_or_else(|| SetupError::new("user ID", "is not registered"))?;
            change(user);
            user.modified = now;
            Ok(())
        })
    }

    /// Adds a client, or sets the secret of the one with this ID.
    pub(crate) fn put_client(
        &self,
        key: &AppKey,
        id: String,
        secret: Secret,
    ) -> Result<(), SetupError> {
        if id.is_empty() {
            return Err(SetupError::new("client ID", "must not be empty"));
        }
        if secret.len_chars() == 0 {
            return Err(SetupError::new("client secret", "must not be empty"));
        }
        self.with_app(key, |app| {
            app.clients.retain(|(known, _)| *known != id);
            app.clients.push((id, secret));
        });
        Ok(())
    }

    /// Adds a stub, or replaces the one for the same requests.
    pub(crate) fn put_stub(&self, key: &AppKey, stub: Stub) -> Result<(), SetupError> {
        stub.check()?;
        self.with_app(key, |app| {
            app.stubs.retain(|known| !stub.replaces(known));
            app.stubs.push(stub);
        });
        Ok(())
    }

    /// Revokes every app token issued so far, of one application or of all.
    pub(crate) fn revoke_app_tokens(&self, key: Option<&AppKey>) {
        for (_, app) in self.lock().iter_mut().filter(|(it, _)| key.is_none_or(|key| *it == key)) {
            app.token_epoch += 1;
        }
    }

    /// A new UUID.
    pub(crate) fn unique(&self) -> Uuid {
        self.issuer.unique(self.clock.now())
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn no_application(call: &Call<'_>, key: &AppKey) -> Refusal {
        let uri = call.path.trim_start_matches('/');
        Refusal::ApplicationNotFound(format!("{}/{} from URI: {uri}", key.0, key.1))
    }

    /// Where the emulator listens, which is known only after its creation.
    pub(crate) fn set_origin(&self, origin: Origin) {
        // Set once, before the first request.
        let _ = self.origin.set(origin);
    }

    /// The emulator as the client of a request sees it.
    fn seen(&self, host: Option<&[u8]>) -> Seen {
        let unknown = Origin { is_https: false, address: SocketAddr::from(([127, 0, 0, 1], 80)) };
        self.origin.get().copied().unwrap_or(unknown).seen(host)
    }

    fn token(&self, call: &Call<'_>, key: &AppKey) -> Result<serde_json::Value, Refusal> {
        let mut apps = self.lock();
        self.find_or_make(&mut apps, key).ok_or_else(|| Self::no_application(call, key))?;
        let authorized = self.check_bearer(&apps, key, call.authorization, false);
        let app = apps.get_mut(key).ok_or_else(|| Self::no_application(call, key))?;
        let settings = app.settings.clone().unwrap_or_else(|| self.settings());
        let now = self.now(app);
        if !app.rate.admit(now, settings.request_limit) {
            return Err(Refusal::RateLimited);
        }
        let body = members::of_grant(call, settings.strict)?;
        let issuer = &self.issuer;
        grants::RequestContext { settings: &settings, issuer, now, key, call, app, authorized }
            .serve(&body)
    }

    fn lock(&self) -> MutexGuard<'_, Apps> {
        // A panic elsewhere leaves the map consistent: every change to it is a single step.
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks a user ID and a password, and returns the user ID in lower case.
fn check_user(user: &str, password: Option<&Secret>) -> Result<String, SetupError> {
    let user = fold_user_id(user);
    check_user_id(&user)
        .map_err(|_| SetupError::new("user ID", "must be 1 to 64 bytes of [a-z0-9_.-]"))?;
    match password.map(Secret::len_chars) {
        Some(length) if length == 0 || length > PASSWORD_MAX => {
            Err(SetupError::new("password", "must be 1 to 64 characters"))
        }
        _ => Ok(user),
    }
}

//! Settings of an emulator, and its start.

mod listening;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

pub(crate) use self::listening::{Bound, Listening};
use crate::access_token::TokenIssuer;
use crate::clock::Clock;
use crate::demo;
use crate::emulator::Emulator;
use crate::error::{SetupError, StartError};
use crate::exchange::Exchanges;
use crate::grant::Grant;
use crate::journal::Limits;
use crate::naming::check_path_name;
use crate::secret::Secret;
use crate::service::Service;
use crate::settings::{BannedAs, Settings, UnknownUserAs};
use crate::ttl::{PermanentAs, Unit};

/// Configures and starts an [`Emulator`].
///
/// Created by [`Emulator::builder`]. Every setting has a default. [`start`](Builder::start) checks
/// the values.
#[derive(Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    listening: Listening,
    key: (String, String),
    application_id: Option<String>,
    clients: Vec<(String, Secret)>,
    users: Vec<(String, Option<Secret>)>,
    further_apps: Vec<((String, String), (String, Secret))>,
    keep: Limits,
    settings: Settings,
    seed: Option<u64>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listening: Listening::default(),
            key: (demo::DEMO_ORG.to_owned(), demo::DEMO_APP.to_owned()),
            application_id: None,
            clients: Vec::new(),
            users: Vec::new(),
            further_apps: Vec::new(),
            keep: Limits::default(),
            settings: Settings::default(),
            seed: None,
        }
    }
}

impl Builder {
    /// Sets the application: organization and application name, case-sensitive. Default
    /// [`DEMO_ORG`](crate::DEMO_ORG) and [`DEMO_APP`](crate::DEMO_APP).
    pub fn app_key(mut self, org: impl Into<String>, app: impl Into<String>) -> Self {
        self.key = (org.into(), app.into());
        self
    }

    /// Sets the application's UUID. Default [`DEMO_APPLICATION_ID`](crate::DEMO_APPLICATION_ID) for
    /// the demo application, a new UUID for any other.
    pub fn application_id(mut self, uuid: impl Into<String>) -> Self {
        self.application_id = Some(uuid.into());
        self
    }

    /// Adds a client of the application, instead of the demo client. Call it again for another.
    pub fn client(mut self, id: impl Into<String>, secret: &str) -> Self {
        self.clients.push((id.into(), Secret::new(secret)));
        self
    }

    /// Adds a registered user, instead of the demo user. Call it again for another. The user ID is
    /// converted to lower case.
    pub fn user(mut self, user: impl Into<String>, password: &str) -> Self {
        self.users.push((user.into(), Some(Secret::new(password))));
        self
    }

    /// Adds a user without a password, who can only get a token by `inherit`.
    pub fn user_without_password(mut self, user: impl Into<String>) -> Self {
        self.users.push((user.into(), None));
        self
    }

    /// Adds another application with one client and no users, for tests with a token of the wrong
    /// App Key.
    pub fn further_app(
        mut self,
        org: impl Into<String>,
        app: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: &str,
    ) -> Self {
        let client = (client_id.into(), Secret::new(client_secret));
        self.further_apps.push(((org.into(), app.into()), client));
        self
    }

    /// Sets the units of `ttl` in requests and of `expires_in` in responses. Default seconds for
    /// both; VIP 5 is documented with milliseconds for either or both.
    pub fn ttl_units(mut self, request: Unit, response: Unit) -> Self {
        self.settings.request_unit = request;
        self.settings.response_unit = response;
        self
    }

    /// Sets the lifetime of tokens if a request has no `ttl`, like the setting in the console. Zero
    /// is permanent, as in `ttl`. Default 60 days.
    pub fn default_ttl(mut self, ttl: Duration) -> Self {
        self.settings.default_ttl = ttl;
        self
    }

    /// Sets `expires_in` of a permanent token. Default [`PermanentAs::UsergridMax`].
    pub fn permanent_as(mut self, value: PermanentAs) -> Self {
        self.settings.permanent_as = value;
        self
    }

    /// Sets how many requests each App Key may send within a second, for app and user tokens
    /// together. Default 300, as documented.
    pub fn request_limit(mut self, per_second: u32) -> Self {
        self.settings.request_limit = Some(per_second);
        self
    }

    /// Removes the limit on the number of requests.
    pub fn no_request_limit(mut self) -> Self {
        self.settings.request_limit = None;
        self
    }

    /// Sets the largest body that is not refused with 413, in bytes. Default 65 536; the service's
    /// own limit is undocumented.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.settings.body_limit = bytes;
        self
    }

    /// Sets how long after the creation of a user another `autoCreateUser` for the same user ID is
    /// refused with 409. By default (zero) only a request that had arrived before the creation is;
    /// the documentation speaks of "two creations in one second".
    pub fn creation_window(mut self, window: Duration) -> Self {
        self.settings.creation_window = window;
        self
    }

    /// Makes the password grant require an app token too. Default off: the header table and the
    /// sample of its page have none.
    pub fn password_needs_app_token(mut self, needed: bool) -> Self {
        self.settings.password_needs_app_token = needed;
        self
    }

    /// Takes only requests in the documented form: `POST` with a JSON body and its `Content-Type`.
    /// Default off: the service also takes JSON under another `Content-Type` or none, a form, the
    /// grant in the query of a `GET`, and client ID and secret by `Basic`.
    pub fn strict(mut self, strict: bool) -> Self {
        self.settings.strict = strict;
        self
    }

    /// Makes an application when a request names an unknown App Key. Default off: 404.
    ///
    /// It starts with the clients, users and stubs that this one has at the start, and has a state of
    /// its own. So each of many tests that run together can have its own App Key.
    pub fn apps_on_demand(mut self, on: bool) -> Self {
        self.settings.apps_on_demand = on;
        self
    }

    /// Derives the key of the tokens, and the UUIDs of apps and users, from a number. By default they
    /// are random.
    ///
    /// So a token from before a restart is still accepted, unless app tokens were revoked before.
    /// Anyone who knows the number can make such tokens.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the response to an unknown user in one of the user grants.
    pub fn unknown_user_as(mut self, grant: Grant, response: UnknownUserAs) -> Self {
        self.settings.set_unknown_user_as(grant, response);
        self
    }

    /// Sets the response to a banned user. Default [`BannedAs::Refused`].
    pub fn banned_as(mut self, response: BannedAs) -> Self {
        self.settings.banned_as = response;
        self
    }

    /// Sets how many requests [`Emulator::requests`] returns at most; the oldest are dropped.
    /// Default 10 000.
    pub fn keep_requests(mut self, count: usize) -> Self {
        self.keep.requests = count;
        self
    }

    /// Sets how many bytes the stored requests may occupy, responses and overhead included; the
    /// oldest are dropped. Default 8 MiB.
    pub fn keep_bytes(mut self, bytes: usize) -> Self {
        self.keep.bytes = bytes;
        self
    }

    /// Checks the settings, listens, and serves in the background. Must be called in a tokio
    /// runtime with I/O and time enabled.
    ///
    /// # Errors
    ///
    /// Fails if a setting is invalid, if the address is not a loopback address (see
    /// [`allow_remote`](Builder::allow_remote)), or if the operating system refuses it. The error
    /// names the address.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let (listening, keep) = (self.listening.clone(), self.keep);
        let listen = &listening.listen;
        let issuer =
            TokenIssuer::new(self.seed).map_err(|source| StartError::entropy(listen, source))?;
        let service =
            self.into_service(issuer).map_err(|source| StartError::setting(listen, source))?;
        let exchanges = Arc::new(Exchanges::new(service, keep));
        let bound = listening.bind(&exchanges).await?;
        Ok(Emulator::new(bound, exchanges))
    }

    fn into_service(mut self, issuer: TokenIssuer) -> Result<Service, SetupError> {
        self.fill_in_demo();
        if self.settings.request_limit == Some(0) {
            return Err(SetupError::new("request limit", "must be 1 or more"));
        }
        check_key(&self.key)?;
        let id = match &self.application_id {
            None => None,
            Some(text) => Some(
                Uuid::parse_str(text)
                    .map_err(|_| SetupError::new("application ID", "must be a UUID"))?,
            ),
        };
        let primary = self.key.clone();
        let service = Service::new(self.settings, Clock::new(), issuer, self.key, id);
        for (id, secret) in self.clients {
            service.put_client(&primary, id, secret)?;
        }
        for (key, (id, secret)) in self.further_apps {
            check_key(&key)?;
            service.put_client(&key, id, secret)?;
        }
        for (user, password) in self.users {
            service.put_user(&primary, &user, password)?;
        }
        service.remember();
        Ok(service)
    }

    /// Fills settings that were not set with the public samples.
    fn fill_in_demo(&mut self) {
        let is_demo = self.key.0 == demo::DEMO_ORG && self.key.1 == demo::DEMO_APP;
        if self.application_id.is_none() && is_demo {
            self.application_id = Some(demo::DEMO_APPLICATION_ID.to_owned());
        }
        if self.clients.is_empty() {
            let secret = Secret::new(demo::DEMO_CLIENT_SECRET);
            self.clients.push((demo::DEMO_CLIENT_ID.to_owned(), secret));
        }
        if self.users.is_empty() {
            let password = Secret::new(demo::DEMO_PASSWORD);
            self.users.push((demo::DEMO_USER.to_owned(), Some(password)));
        }
    }
}

fn check_key((org, app): &(String, String)) -> Result<(), SetupError> {
    check_path_name("organization", org)?;
    check_path_name("application name", app)
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("listen", &self.listening.listen)
            .field("app_key", &format_args!("{}#{}", self.key.0, self.key.1))
            .field("clients", &self.clients.len())
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}

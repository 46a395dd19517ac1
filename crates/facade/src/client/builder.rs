//! The settings of a client, checked when it is built.

mod checks;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use easemob_token_core::{AppKey, BaseUrl, RetryLimits, Secret, Ttl, TtlUnits};
use easemob_token_transport::{
    ConfigError, DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUT, ForkGuard, Runtime, Transport,
};

use self::checks::{parsed, served_within};
use super::{Client, ClientInner};
use crate::acquire::{RequestContext, RequestQueue};
use crate::cache::TokenCache;
use crate::clock::Clock;
use crate::telemetry::{Observer, Telemetry};
use crate::tokens::{AppCredentials, UserTokens, WithAppToken};

/// Settings of a [`Client`]. Made by [`Client::builder`].
///
/// Required are [`base_url`](Self::base_url), [`app_key`](Self::app_key) and
/// [`transport`](Self::transport); [`client_credentials`](Self::client_credentials) for everything
/// but user tokens by password.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    base_url: Option<String>,
    app_key: Option<String>,
    credentials: Option<(String, Secret)>,
    app_token_ttl: Ttl,
    units: TtlUnits,
    transport: Option<Arc<dyn Transport>>,
    runtime: Option<Arc<dyn Runtime>>,
    observer: Option<Arc<dyn Observer>>,
    limits: RetryLimits,
    requests_per_second: u32,
    kept_user_tokens: Option<usize>,
    request_timeout: Duration,
    max_response_bytes: usize,
    plain_http_allowed: bool,
    authorize_password: bool,
    clock: Clock,
}

/// The service's limit for one App Key, app and user tokens together.
const REQUESTS_PER_SECOND: u32 = 300;

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            base_url: None,
            app_key: None,
            credentials: None,
            app_token_ttl: Ttl::ServerDefault,
            units: TtlUnits::STANDARD,
            transport: None,
            runtime: None,
            observer: None,
            limits: RetryLimits::default(),
            requests_per_second: REQUESTS_PER_SECOND,
            kept_user_tokens: None,
            request_timeout: DEFAULT_TIMEOUT,
            max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
            plain_http_allowed: false,
            authorize_password: false,
            clock: Clock::system(),
        }
    }

    /// Where the cluster's REST API lives, e.g. `https://a1.easemob.com`: scheme, host and port.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The App Key, `org#app`, as the console shows it.
    pub fn app_key(mut self, app_key: impl Into<String>) -> Self {
        self.app_key = Some(app_key.into());
        self
    }

    /// The app's client ID and client secret, as the console shows them.
    pub fn client_credentials(
        mut self,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Self {
        self.credentials = Some((client_id.into(), client_secret.into()));
        self
    }

    /// The lifetime to ask for app tokens, the server's default unless set.
    pub fn app_token_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.app_token_ttl = ttl.into();
        self
    }

    /// The units of `ttl` and `expires_in` on this cluster: [`TtlUnits::STANDARD`] (seconds)
    /// unless set; [`TtlUnits::VIP5`] for VIP 5 clusters.
    pub fn ttl_units(mut self, units: TtlUnits) -> Self {
        self.units = units;
        self
    }

    /// What sends the requests: an adapter of this project or one of your own.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// What runs the acquisition of the app token beside its callers, and waits. Needed only for a
    /// transport that does not bring one of its own ([`Transport::runtime`]).
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// The most requests for one token, 3 unless set: the first, and those after a failure that
    /// asking again may mend. A token that is kept is asked for four times in a row at most, since no
    /// more than ten requests for it go out in a minute.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.limits.max_attempts = attempts;
        self
    }

    /// The time for one request, from the name look-up to the last byte of the answer. 10 s
    /// unless set.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// The time for one call, from its start to its end: all its requests, the pauses between them,
    /// the waiting for its turn, and the app token that it may need first. 20 s unless set.
    ///
    /// A caller that cannot wait so long puts a time limit around the call: that ends the waiting, and
    /// not the acquisition of a token that is shared.
    pub fn acquisition_deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline;
        self
    }

    /// The most requests of this client and its clones in any second, 300 unless set: the service's
    /// limit for one App Key, app and user tokens together. Beyond it callers wait for their turn,
    /// in the order of asking; one whose turn would come after its [deadline](Self::acquisition_deadline) is
    /// told so at once ([`RateLimited`](crate::ErrorKind::RateLimited)).
    ///
    /// Where several processes share an App Key, give each its part.
    pub fn requests_per_second(mut self, requests: u32) -> Self {
        self.requests_per_second = requests;
        self
    }

    /// Keeps user tokens that are got by user ID, of at most about so many users: those that were
    /// asked for least make room. Off unless called.
    ///
    /// Users whose first token is waited for do not count. Of those, there are at most as many as can
    /// be served within the [deadline](Self::acquisition_deadline) at
    /// [`requests_per_second`](Self::requests_per_second), 6 000 unless set; a call for one more is
    /// [`RateLimited`](crate::ErrorKind::RateLimited) at once.
    ///
    /// They are kept by the user ID without regard to case, together with the options of the
    /// request, by the rules of the app token: one request for many callers, renewed before the
    /// end, and no failed call while a token lives. A token got by password is never kept.
    pub fn keep_user_tokens(mut self, users: usize) -> Self {
        self.kept_user_tokens = Some(users);
        self
    }

    /// Who is told of each request, wait and failure, to count them.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The longest answer that is read. 64 KiB unless set.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Permits `http://` to hosts that are not loopback. The client secret, passwords and tokens
    /// then cross the network in clear.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http_allowed = true;
        self
    }

    /// Sends `Authorization: Bearer <app token>` with the password grant too, for a deployment
    /// that insists on it. Off unless called.
    pub fn authorize_password(mut self) -> Self {
        self.authorize_password = true;
        self
    }

    /// The clock of the client, the system's unless set.
    #[cfg(test)]
    pub(crate) fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks the settings and makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the setting that is missing or wrong.
    pub fn build(self) -> Result<Client, ConfigError> {
        self.build_on(|transport| Ok(transport.runtime()))
    }

    /// The same, as a client for programs without an async runtime: its methods wait.
    ///
    /// The transport runs on a [runtime of its own](Transport::own_runtime), unless
    /// [`runtime`](Self::runtime) gives one that lives on another thread.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the setting that is missing or wrong.
    #[cfg(feature = "blocking")]
    pub fn build_blocking(self) -> Result<crate::blocking::Client, ConfigError> {
        let own = |transport: &dyn Transport| {
            transport.own_runtime().map_err(|error| {
                ConfigError::new("runtime", "the transport's own cannot be started")
                    .with_source(error)
            })
        };
        Ok(crate::blocking::Client::new(self.build_on(own)?))
    }

    fn build_on(
        self,
        runtime_of: impl FnOnce(&dyn Transport) -> Result<Option<Arc<dyn Runtime>>, ConfigError>,
    ) -> Result<Client, ConfigError> {
        let base_url: BaseUrl =
            parsed("base_url", self.base_url.as_deref(), "https://a1.easemob.com")?;
        let app_key: AppKey = parsed("app_key", self.app_key.as_deref(), "org#app")?;
        #[cfg(feature = "dynamic")]
        let signer = self.signer(&app_key)?;
        let credentials = self.checked_credentials()?;
        let endpoint = self.endpoint(&base_url, &app_key, credentials.as_ref())?;
        self.check_limits()?;
        let per_second = self.checked_requests_per_second()?;
        let cached_users = self.checked_cached_users(credentials.is_some())?;
        let transport = self.transport.ok_or_else(|| {
            ConfigError::new("transport", "missing; for instance hyper::HyperTransport::new()")
        })?;
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => runtime_of(&*transport)?.ok_or_else(|| {
                ConfigError::new("runtime", "missing; this transport brings none of its own")
            })?,
        };
        let context = Arc::new(RequestContext {
            endpoint,
            transport,
            runtime,
            clock: self.clock,
            limits: self.limits,
            queue: RequestQueue::new(per_second),
            request_timeout: self.request_timeout,
            max_response_bytes: self.max_response_bytes,
            plain_http_allowed: self.plain_http_allowed,
            telemetry: Telemetry::new(self.observer),
            avoids_reuse: AtomicBool::new(false),
            fork_guard: ForkGuard::default(),
        });
        let with_app_token = credentials.map(|grant| {
            let source = AppCredentials { context: Arc::clone(&context), grant };
            WithAppToken { context: Arc::clone(&context), app_tokens: TokenCache::new(source) }
        });
        let user_tokens =
            with_app_token.clone().zip(cached_users).map(|(with_app_token, users)| {
                UserTokens::new(
                    with_app_token,
                    users,
                    served_within(per_second, self.limits.deadline),
                )
            });
        Ok(Client::new(ClientInner {
            context,
            with_app_token,
            user_tokens,
            authorize_password: self.authorize_password,
            #[cfg(feature = "dynamic")]
            signer,
        }))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A base URL or an App Key that was not checked yet may hold a secret by mistake.
        f.debug_struct("ClientBuilder")
            .field("units", &self.units)
            .field("transport", &self.transport)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}

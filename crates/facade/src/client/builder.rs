//! The settings of a client, checked when it is built.

mod checks;
#[cfg(feature = "fleet")]
mod fleet;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use easemob_token_core::{AppKey, BaseUrl, BuildError, RetryLimits, Secret, Ttl, TtlUnits};
use easemob_token_transport::{
    ConfigError, DEFAULT_MAX_RESPONSE_BYTES, DEFAULT_TIMEOUT, ForkGuard, Runtime, Transport,
};

use self::checks::{parsed, requests_within};
#[cfg(feature = "fleet")]
use self::fleet::{queue, rate};
use super::{Client, ClientInner};
use crate::acquire::RequestContext;
#[cfg(not(feature = "fleet"))]
use crate::acquire::RequestQueue;
use crate::cache::TokenCache;
use crate::clock::Clock;
#[cfg(any(test, feature = "test-util"))]
use crate::clock::TestClock;
use crate::telemetry::{Observer, Telemetry};
use crate::tokens::{AppCredentials, Credentials, Provider, UserTokens, WithAppToken};

/// A builder of a [`Client`]. Made by [`Client::builder`].
///
/// A [`transport`](Self::transport) is required, and
/// [`client_credentials`](Self::client_credentials) are for everything but user tokens by password.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    base_url: Result<BaseUrl, BuildError>,
    app_key: Result<AppKey, BuildError>,
    credentials: Option<(String, Secret)>,
    provider: Option<Arc<Provider>>,
    app_token_ttl: Ttl,
    units: TtlUnits,
    transport: Option<Arc<dyn Transport>>,
    runtime: Option<Arc<dyn Runtime>>,
    observer: Option<Arc<dyn Observer>>,
    limits: RetryLimits,
    requests_per_second: u32,
    cached_users: Option<usize>,
    request_timeout: Duration,
    max_response_bytes: usize,
    plain_http_allowed: bool,
    authorize_password: bool,
    user_agent: Option<String>,
    clock: Clock,
    #[cfg(feature = "fleet")]
    fleet: fleet::FleetSettings,
}

/// The service's limit for one App Key, app and user tokens together.
const REQUESTS_PER_SECOND: u32 = 300;

impl ClientBuilder {
    pub(super) fn new(
        base_url: Result<BaseUrl, BuildError>,
        app_key: Result<AppKey, BuildError>,
    ) -> Self {
        Self {
            base_url,
            app_key,
            credentials: None,
            provider: None,
            app_token_ttl: Ttl::ServerDefault,
            units: TtlUnits::STANDARD,
            transport: None,
            runtime: None,
            observer: None,
            limits: RetryLimits::default(),
            requests_per_second: REQUESTS_PER_SECOND,
            cached_users: None,
            request_timeout: DEFAULT_TIMEOUT,
            max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
            plain_http_allowed: false,
            authorize_password: false,
            user_agent: None,
            clock: Clock::system(),
            #[cfg(feature = "fleet")]
            fleet: fleet::FleetSettings::default(),
        }
    }

    /// Sets the app's client ID and client secret, as the console shows them.
    pub fn client_credentials(
        mut self,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Self {
        self.credentials = Some((client_id.into(), client_secret.into()));
        self.provider = None;
        self
    }

    /// Sets a function that returns client ID and client secret.
    ///
    /// It is for credentials that change while the process runs, such as mounted secrets.
    ///
    /// It is asked when the client is built, before each app token is fetched, before each dynamic token
    /// is made, and at once when the service refuses the credentials: if they have changed, the
    /// request is repeated with the new ones. An app token that was fetched with the old ones stays in
    /// use until it is due or refused. If the function fails, the client goes on with the credentials
    /// before and warns (`credentials_provider`). It must return quickly.
    ///
    /// ```no_run
    /// # #[cfg(feature = "hyper")]
    /// # fn run() -> Result<(), easemob_token::ConfigError> {
    /// use std::fs::read_to_string;
    ///
    /// use easemob_token::{Client, Secret, hyper::HyperTransport};
    ///
    /// let client = Client::builder("https://a1.easemob.com", "easemob-demo#testapp")
    ///     .credentials_provider(|| {
    ///         let id = read_to_string("/run/secrets/easemob/client-id")?;
    ///         let secret = read_to_string("/run/secrets/easemob/client-secret")?;
    ///         Ok((id.trim().to_owned(), Secret::new(secret.trim())))
    ///     })
    ///     .transport(HyperTransport::new())
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn credentials_provider(
        mut self,
        provider: impl Fn() -> Result<(String, Secret), Box<dyn StdError + Send + Sync>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.credentials = None;
        self.provider = Some(Arc::new(provider));
        self
    }

    /// Sets the lifetime to request for app tokens. Default: the server's default.
    pub fn app_token_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.app_token_ttl = ttl.into();
        self
    }

    /// Sets the units of `ttl` and `expires_in` on this cluster. Default: [`TtlUnits::STANDARD`]
    /// (seconds). VIP 5 clusters need [`TtlUnits::VIP5`].
    pub fn ttl_units(mut self, units: TtlUnits) -> Self {
        self.units = units;
        self
    }

    /// Sets the HTTP transport: an adapter of this project or one of your own.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the runtime that runs acquisitions in the background and sleeps. Default: the
    /// transport's own ([`Transport::runtime`]); required if the transport has none.
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// Sets the maximum requests per acquisition, retries included. Default: 3.
    ///
    /// For a cached token, at most 4 are sent in a row and at most 10 in any minute, however high
    /// this is set.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.limits.max_attempts = attempts;
        self
    }

    /// Sets the minimum time between two requests of one acquisition. Default: a second.
    ///
    /// It is the pause before the first retry; the next ones last up to twice as long, four times, and
    /// so on. At least 100 ms; with the feature `test-util`, tests can set it to zero.
    pub fn min_retry_interval(mut self, interval: Duration) -> Self {
        self.limits.min_interval = interval;
        self
    }

    /// Sets the time limit of one request, from the name lookup to the last byte of the response.
    /// Default: 10 seconds.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets the time limit of one call. Default: 20 seconds.
    ///
    /// It covers the requests, the pauses between them, the wait in the request queue, and the app
    /// token that the call may need first.
    ///
    /// To wait for a shorter time, put a timeout around the call: it cancels the wait, but not the
    /// acquisition of a shared token.
    pub fn acquisition_deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline;
        self
    }

    /// Sets the maximum requests that this client and its clones send in any second. Default: 300,
    /// the service's limit for one App Key, app and user tokens together.
    ///
    /// Above it, calls wait in a queue, first come, first served. A call that could not be served
    /// before its [deadline](Self::acquisition_deadline) fails at once
    /// ([`RateLimited`](crate::ErrorKind::RateLimited)). If several processes share an App Key, give
    /// each its share, or a store (`token_store`, feature `fleet`), which shares the limit among them.
    pub fn requests_per_second(mut self, requests: u32) -> Self {
        self.requests_per_second = requests;
        self
    }

    /// Caches the user tokens of about `users` users; the least used ones are evicted. Default: user
    /// tokens are not cached.
    ///
    /// Only tokens fetched by user ID are cached, by user ID (ignoring case) and options, under the
    /// rules of the app token: one request for many callers, a refresh before the token expires, and
    /// no failed call while a token is usable. A token fetched by password is never cached. A cached
    /// token can be near its end: hand on what is left of it ([`remaining`](crate::Issued::remaining)).
    ///
    /// Users whose first token is being fetched do not count. There can be as many of them as
    /// [`requests_per_second`](Self::requests_per_second) allows within the
    /// [deadline](Self::acquisition_deadline), 6,000 by default; a call for one more fails at once
    /// ([`RateLimited`](crate::ErrorKind::RateLimited)).
    pub fn cache_user_tokens(mut self, users: usize) -> Self {
        self.cached_users = Some(users);
        self
    }

    /// Sets the header `User-Agent` of every request, such as `my-app/1.0`. Default: `easemob-token/` and
    /// this library's version.
    ///
    /// It is the same on every transport, and there is always one: many gateways refuse a request without
    /// it. It has 1 to 256 characters, visible ASCII with spaces between them.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Sets an observer, which gets an event for each request, wait and failure.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Sets the maximum size of a response body. Default: 64 KiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Allows `http://` to hosts that are not loopback. The client secret, passwords and tokens are
    /// then sent unencrypted.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http_allowed = true;
        self
    }

    /// Sends `Authorization: Bearer <app token>` with the password grant too, for deployments that
    /// require it.
    pub fn authorize_password(mut self) -> Self {
        self.authorize_password = true;
        self
    }

    /// Sets a clock that a test moves. Default: the system's clocks.
    #[cfg(any(test, feature = "test-util"))]
    pub fn clock(mut self, clock: TestClock) -> Self {
        self.clock = Clock::by_hand(clock);
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] that names the setting that is missing or invalid.
    pub fn build(self) -> Result<Client, ConfigError> {
        self.build_on(|transport| Ok(transport.runtime()))
    }

    /// Builds the client on the runtime that is set, otherwise on the one of `runtime_of`.
    pub(crate) fn build_on(
        mut self,
        runtime_of: impl FnOnce(&dyn Transport) -> Result<Option<Arc<dyn Runtime>>, ConfigError>,
    ) -> Result<Client, ConfigError> {
        self.ask_provider()?;
        let base_url = parsed("base_url", &self.base_url)?;
        let app_key = parsed("app_key", &self.app_key)?;
        #[cfg(feature = "dynamic")]
        let signer = self.signer(app_key)?;
        let credentials = self.checked_credentials()?;
        let endpoint = self.endpoint(base_url, app_key, credentials.as_ref())?;
        self.check_limits()?;
        let per_second = self.checked_requests_per_second()?;
        let cached_users = self.checked_cached_users(credentials.is_some())?;
        #[cfg(feature = "fleet")]
        let fleet = self.checked_fleet(credentials.is_some())?;
        let transport = self.transport.ok_or_else(no_transport)?;
        let own = if self.runtime.is_some() { None } else { runtime_of(&*transport)? };
        let runtime = self.runtime.or(own).ok_or_else(no_runtime)?;
        let host = endpoint.uri().authority().map_or("", |it| it.as_str());
        let telemetry = Telemetry::new(host, self.observer);
        #[cfg(feature = "fleet")]
        let queue = queue(per_second, fleet.is_some());
        #[cfg(not(feature = "fleet"))]
        let queue = RequestQueue::new(per_second);
        let context = Arc::new_cyclic(|_context| RequestContext {
            #[cfg(feature = "fleet")]
            rate: rate(fleet.as_ref(), credentials.as_ref(), &endpoint, _context),
            endpoint,
            transport,
            runtime,
            clock: self.clock,
            limits: self.limits,
            queue,
            request_timeout: self.request_timeout,
            max_response_bytes: self.max_response_bytes,
            plain_http_allowed: self.plain_http_allowed,
            telemetry,
            avoids_reuse: AtomicBool::new(false),
            fork_guard: ForkGuard::default(),
        });
        let with_app_token = credentials.map(|known| {
            let credentials = Credentials::new(known, self.app_token_ttl, self.provider);
            let source = AppCredentials::new(&context, credentials);
            #[cfg(feature = "fleet")]
            let source = source.with_fleet(fleet);
            WithAppToken { context: Arc::clone(&context), app_tokens: TokenCache::new(source) }
        });
        let waiting = requests_within(per_second, self.limits.deadline);
        let user_tokens = with_app_token
            .clone()
            .zip(cached_users)
            .map(|(with_app_token, users)| UserTokens::new(with_app_token, users, waiting));
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

fn no_transport() -> ConfigError {
    ConfigError::new("transport", "missing; for example hyper::HyperTransport::new()")
}

fn no_runtime() -> ConfigError {
    ConfigError::new("runtime", "missing; this transport has none of its own")
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("units", &self.units)
            .field("transport", &self.transport)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}

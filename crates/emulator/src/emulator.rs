//! A running emulator: its address, its requests, and the faults and users a test sets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::builder::{Bound, Builder};
use crate::clock::Step;
use crate::control::{Control, ControlError};
use crate::error::{SetupError, StartError};
use crate::exchange::Exchanges;
use crate::fault::Fault;
use crate::hold::Hold;
use crate::journal::Subscription;
use crate::origin::Origin;
use crate::received::ReceivedRequest;
use crate::secret::Secret;
use crate::server::Server;
use crate::stub::Stub;
#[cfg(feature = "tls")]
use crate::tls::Tls;

/// A running emulator of the token service. It listens until it is shut down or dropped.
///
/// Every method takes `&self`: wrap it in an `Arc` to share it.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    exchanges: Arc<Exchanges>,
    server: Server,
    control: Arc<Control>,
    control_address: Option<SocketAddr>,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Emulator {
    /// Serves on sockets that are bound already.
    pub(crate) fn new(bound: Bound, exchanges: Arc<Exchanges>) -> Self {
        #[cfg(feature = "tls")]
        let is_https = bound.tls.is_some();
        #[cfg(not(feature = "tls"))]
        let is_https = false;
        exchanges.service.set_origin(Origin { is_https, address: reachable(bound.address) });
        Self {
            address: bound.address,
            exchanges,
            server: Server::spawn(bound.endpoints),
            control: bound.control,
            control_address: bound.control_address,
            #[cfg(feature = "tls")]
            tls: bound.tls,
        }
    }

    /// Creates a [`Builder`] for settings other than the demo settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts with the demo credentials on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// Fails if the operating system gives no port or no random bytes.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// The base URL: `http://` or `https://` and the address, without a path or a trailing slash. For
    /// an address that stands for every interface, it is that of loopback.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}://{}", self.scheme(), reachable(self.address))
    }

    /// The URL of the control plane, if there is one.
    #[must_use]
    pub fn control_url(&self) -> Option<String> {
        let address = self.control_address?;
        let scheme = if address == self.address { self.scheme() } else { "http" };
        Some(format!("{scheme}://{}/__emulator", reachable(address)))
    }

    /// The certificate of the authority that a client has to trust, in PEM; `None` without
    /// [`Builder::tls`].
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.tls.as_ref().map(Tls::authority_pem)
    }

    /// Waits for `POST /__emulator/shutdown`. The emulator does not stop by itself then.
    pub async fn shutdown_requested(&self) {
        self.control.shutdown_requested().await;
    }

    /// Makes a call of the control plane without HTTP. `path` is the part below `/__emulator`; a body
    /// of `null` is none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use easemob_token_emulator::Emulator;
    /// use serde_json::json;
    ///
    /// let emulator = Emulator::start().await?;
    /// emulator.control("PATCH", "/settings", &json!({ "default_ttl": "12h" }))?;
    /// let app = emulator.control("POST", "/apps", &json!({}))?;
    /// assert!(app["client_secret"].is_string());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if there is no such call, or if a member of the body is wrong.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, ControlError> {
        self.control.call(method, path, body)
    }

    /// Restores the accounts, the settings and the clock of the start. Drops faults and recorded
    /// requests, and revokes every app token. Holds stay.
    pub fn reset(&self) {
        self.exchanges.reset();
    }

    /// Makes the present accounts, settings, stubs and faults those that [`reset`](Self::reset) restores.
    pub fn remember(&self) {
        self.exchanges.remember();
    }

    fn scheme(&self) -> &'static str {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return "https";
        }
        "http"
    }

    /// The address it listens on, with the actual port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The App Key, `org#app`.
    #[must_use]
    pub fn app_key(&self) -> String {
        let (org, app) = self.exchanges.service.primary();
        format!("{org}#{app}")
    }

    /// The URL for token requests: the base URL, organization, application and `/token`.
    #[must_use]
    pub fn token_url(&self) -> String {
        let (org, app) = self.exchanges.service.primary();
        format!("{}/{org}/{app}/token", self.base_url())
    }

    /// The requests received so far, with or without a response, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.exchanges.journal.requests()
    }

    /// How many requests have been received, dropped ones included.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.exchanges.journal.arrived()
    }

    /// Drops the requests received so far. [`request_count`](Self::request_count) is not reset.
    pub fn clear_requests(&self) {
        self.exchanges.journal.clear();
    }

    /// Subscribes to the requests that finish from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        self.exchanges.journal.subscribe()
    }

    /// Waits until `count` requests in total have been received, with or without a response.
    pub async fn wait_for_requests(&self, count: u64) {
        self.exchanges.journal.wait_for(count).await;
    }

    /// Holds back every response until the guard is released. Requests still arrive, are recorded,
    /// and count for [`wait_for_requests`](Self::wait_for_requests).
    pub fn hold(&self) -> Hold {
        self.exchanges.gate.close(None)
    }

    /// Scripts a fault for the next requests.
    ///
    /// # Errors
    ///
    /// Fails if a part of the fault is not possible in HTTP, such as the status 99.
    pub fn inject(&self, fault: Fault) -> Result<(), SetupError> {
        fault.check()?;
        self.exchanges.faults().push(fault);
        Ok(())
    }

    /// How many injected faults are not used yet.
    #[must_use]
    pub fn pending_faults(&self) -> usize {
        self.exchanges.faults().len()
    }

    /// Drops the faults that are not used yet.
    pub fn clear_faults(&self) {
        self.exchanges.faults().clear();
    }

    /// Registers a user with a password, or sets the password of an existing user.
    ///
    /// # Errors
    ///
    /// Fails if the user ID or the password breaks the rules of the service.
    pub fn add_user(&self, user: &str, password: &str) -> Result<(), SetupError> {
        let service = &self.exchanges.service;
        service.put_user(service.primary(), user, Some(Secret::new(password)))
    }

    /// Registers a user without a password, or removes the password of an existing user.
    ///
    /// # Errors
    ///
    /// Fails if the user ID breaks the rules of the service.
    pub fn add_user_without_password(&self, user: &str) -> Result<(), SetupError> {
        let service = &self.exchanges.service;
        service.put_user(service.primary(), user, None)
    }

    /// Bans a user, who gets no more tokens.
    ///
    /// # Errors
    ///
    /// Fails if there is no such user.
    pub fn ban(&self, user: &str) -> Result<(), SetupError> {
        let service = &self.exchanges.service;
        service.change_user(service.primary(), user, |user| user.activated = false)
    }

    /// Ends a ban.
    ///
    /// # Errors
    ///
    /// Fails if there is no such user.
    pub fn unban(&self, user: &str) -> Result<(), SetupError> {
        let service = &self.exchanges.service;
        service.change_user(service.primary(), user, |user| user.activated = true)
    }

    /// Revokes every app token issued so far: an `inherit` request with one of them gets 401
    /// `unauthorized`.
    pub fn revoke_app_tokens(&self) {
        self.exchanges.service.revoke_app_tokens(None);
    }

    /// Whether the service accepts this token right now.
    ///
    /// It accepts an app token of any application, and the token of a user who exists and is not banned.
    #[must_use]
    pub fn accepts(&self, token: &str) -> bool {
        self.exchanges.service.check_token(token).is_ok()
    }

    /// Adds an answer for a path of the application. It replaces an earlier one for the same method
    /// and path, and comes before the emulator's own.
    ///
    /// # Errors
    ///
    /// Fails if a part of the stub is not possible.
    pub fn stub(&self, stub: Stub) -> Result<(), SetupError> {
        let service = &self.exchanges.service;
        service.put_stub(service.primary(), stub)
    }

    /// Drops every stub of the application.
    pub fn clear_stubs(&self) {
        let service = &self.exchanges.service;
        service.with_app(service.primary(), |app| app.stubs.clear());
    }

    /// Sets the secret of a client of the application; the one before is refused from now on. Adds the
    /// client if there is none with this ID.
    ///
    /// App tokens issued before stay valid, see [`revoke_app_tokens`](Self::revoke_app_tokens).
    ///
    /// # Errors
    ///
    /// Fails if one of them is empty.
    pub fn set_client_secret(&self, client_id: &str, secret: &str) -> Result<(), SetupError> {
        let service = &self.exchanges.service;
        service.put_client(service.primary(), client_id.to_owned(), Secret::new(secret))
    }

    /// Moves the emulator's clock forward: tokens expire and the request limit recovers without
    /// waiting. Scripted delays still take real time.
    pub fn advance(&self, by: Duration) {
        self.exchanges.service.clock.shift(Step::Ahead(by));
    }

    /// Moves the emulator's clock back.
    pub fn turn_back(&self, by: Duration) {
        self.exchanges.service.clock.shift(Step::Back(by));
    }

    /// Moves the emulator's clock to a time, which then goes on. Earlier than 1970 counts as 1970.
    pub fn set_time(&self, now: SystemTime) {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.exchanges.service.clock.shift(Step::To(since));
    }

    /// How many connections have been accepted so far.
    #[must_use]
    pub fn connections_accepted(&self) -> u64 {
        self.server.accepted()
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections_open(&self) -> u64 {
        self.server.open()
    }

    /// Stops listening, closes every connection, and returns when every task has ended. Recorded
    /// requests can still be read. Dropping the emulator does the same without waiting.
    pub async fn shutdown(&self) {
        self.server.shutdown().await;
        self.exchanges.journal.close();
    }
}

/// An address at which a client on this machine reaches a socket.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The tasks end a moment later; subscribers do not have to wait for them.
        self.exchanges.journal.close();
    }
}

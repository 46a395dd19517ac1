//! A running emulator: what a test asks of it, and does to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::builder::{Builder, check_password};
use crate::error::{SetupError, StartError};
use crate::exchange::Exchanges;
use crate::fault::Fault;
use crate::hold::Hold;
use crate::journal::Subscription;
use crate::received::ReceivedRequest;
use crate::secret::Secret;
use crate::server::Server;

/// A stand-in for the token service, listening until it is shut down or dropped.
///
/// Every method takes `&self`: put it into an `Arc` to share it.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    exchanges: Arc<Exchanges>,
    server: Server,
}

impl Emulator {
    pub(crate) fn new(address: SocketAddr, exchanges: Arc<Exchanges>, server: Server) -> Self {
        Self { address, exchanges, server }
    }

    /// Settings other than the demo ones.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts with the demo credentials on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// The operating system gives no port or no randomness.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// `http://` and the address, without a path and without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address that it listens on, with the port that it was given.
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

    /// Where tokens are asked for: the base URL, organization, application and `/token`.
    #[must_use]
    pub fn token_url(&self) -> String {
        let (org, app) = self.exchanges.service.primary();
        format!("{}/{org}/{app}/token", self.base_url())
    }

    /// The requests received so far, answered or not, the oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.exchanges.journal.kept()
    }

    /// How many requests have been received, forgotten ones included.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.exchanges.journal.arrived()
    }

    /// Forgets the requests received so far; [`request_count`](Self::request_count) goes on.
    pub fn clear_requests(&self) {
        self.exchanges.journal.clear();
    }

    /// The requests that end from now on, as they end.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        self.exchanges.journal.subscribe()
    }

    /// Waits until `count` requests in all have been received, answered or not.
    pub async fn wait_for_requests(&self, count: u64) {
        self.exchanges.journal.wait_for(count).await;
    }

    /// Holds back every answer until the guard is released. Requests still arrive, are recorded,
    /// and let [`wait_for_requests`](Self::wait_for_requests) go on.
    pub fn hold(&self) -> Hold {
        self.exchanges.gate.close()
    }

    /// Scripts what the next requests meet.
    ///
    /// # Errors
    ///
    /// A part of the fault is not possible in HTTP, such as the status 99.
    pub fn inject(&self, fault: Fault) -> Result<(), SetupError> {
        fault.check()?;
        self.exchanges.faults().push(fault);
        Ok(())
    }

    /// How many scripted faults have not been used up.
    #[must_use]
    pub fn pending_faults(&self) -> usize {
        self.exchanges.faults().len()
    }

    /// Forgets the faults that have not been used up.
    pub fn clear_faults(&self) {
        self.exchanges.faults().clear();
    }

    /// Registers a user with a password, or gives an existing one this password.
    ///
    /// # Errors
    ///
    /// The user ID or the password breaks the rules of the service.
    pub fn add_user(&self, user: &str, password: &str) -> Result<(), SetupError> {
        let password = Some(Secret::new(password));
        check_password(password.as_ref())?;
        self.exchanges.service.put_user(user, password)
    }

    /// Registers a user without a password, or takes an existing one's away.
    ///
    /// # Errors
    ///
    /// The user ID breaks the rules of the service.
    pub fn add_user_without_password(&self, user: &str) -> Result<(), SetupError> {
        self.exchanges.service.put_user(user, None)
    }

    /// Bans a user: no more tokens.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub fn ban(&self, user: &str) -> Result<(), SetupError> {
        self.exchanges.service.change_user(user, |user| user.activated = false)
    }

    /// Ends a ban.
    ///
    /// # Errors
    ///
    /// There is no such user.
    pub fn unban(&self, user: &str) -> Result<(), SetupError> {
        self.exchanges.service.change_user(user, |user| user.activated = true)
    }

    /// Makes every app token issued so far invalid, so that the next `inherit` that uses one is
    /// answered with 401 `unauthorized`.
    pub fn revoke_app_tokens(&self) {
        self.exchanges.service.revoke_app_tokens();
    }

    /// Moves the emulator's clock ahead: tokens expire and the request limit recovers, and nobody
    /// had to sleep. Delays that were scripted run in real time.
    pub fn advance(&self, by: Duration) {
        self.exchanges.service.clock.advance(by);
    }

    /// Moves the emulator's clock back.
    pub fn turn_back(&self, by: Duration) {
        self.exchanges.service.clock.turn_back(by);
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

    /// Stops listening, cuts every connection, and returns when no task is left. What was
    /// recorded can still be read. Dropping the emulator does the same without waiting.
    pub async fn shutdown(&self) {
        self.server.shutdown().await;
        self.exchanges.journal.close();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The tasks end a moment later; whoever listens need not wait for them.
        self.exchanges.journal.close();
    }
}

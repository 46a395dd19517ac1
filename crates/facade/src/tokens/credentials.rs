//! The app's credentials: fixed, or from a provider that is asked again.

use std::error::Error as StdError;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use easemob_token_core::{BuildError, ClientCredentials, Secret, Ttl, Uptime};

use crate::ErrorKind;
use crate::error::Error;
use crate::sync::{Mutex, MutexGuard};

/// A function of the application that returns client ID and client secret.
pub(crate) type Provider =
    dyn Fn() -> Result<(String, Secret), Box<dyn StdError + Send + Sync>> + Send + Sync;

/// While refused credentials are remembered, the provider is asked at most this often.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The credentials of a client.
pub(crate) struct Credentials {
    provider: Option<Arc<Provider>>,
    ttl: Ttl,
    state: Mutex<State>,
}

struct State {
    current: Arc<Known>,
    /// The ones that the service refused, while the provider has no others.
    refused: Option<Arc<Known>>,
    /// When the provider was asked last because of them.
    asked: Uptime,
}

/// Credentials and their grant.
pub(crate) struct Known {
    pub(crate) client_id: String,
    pub(crate) secret: Secret,
    pub(crate) grant: ClientCredentials,
}

impl Known {
    pub(crate) fn new(client_id: String, secret: Secret, ttl: Ttl) -> Result<Self, BuildError> {
        let grant = ClientCredentials::new(&client_id, &secret)?.with_ttl(ttl);
        Ok(Self { client_id, secret, grant })
    }

    fn is(&self, client_id: &str, secret: &Secret) -> bool {
        self.client_id == client_id && self.secret.expose() == secret.expose()
    }
}

/// Asks a provider. The text of its error may hold a secret, so only the kind of an I/O error is kept.
pub(crate) fn ask(provider: &Provider) -> Result<(String, Secret), String> {
    match catch_unwind(AssertUnwindSafe(provider)) {
        Ok(Ok(credentials)) => Ok(credentials),
        Ok(Err(error)) => Err(match error.downcast_ref::<io::Error>() {
            Some(error) => format!("failed: {}", error.kind()),
            None => "failed; its error is not shown, since it may hold a secret".to_owned(),
        }),
        Err(_) => Err("panicked".to_owned()),
    }
}

impl Credentials {
    pub(crate) fn new(known: Known, ttl: Ttl, provider: Option<Arc<Provider>>) -> Self {
        let (current, asked) = (Arc::new(known), Uptime::ORIGIN);
        Self { provider, ttl, state: Mutex::new(State { current, refused: None, asked }) }
    }

    /// The provider's credentials now. If it fails, the ones before.
    pub(crate) fn current(&self) -> Arc<Known> {
        // No lock is held: the provider is foreign code, which may take its time.
        let asked = self.provider.as_deref().map(ask);
        let mut state = self.state();
        let problem = match asked {
            None => return Arc::clone(&state.current),
            Some(Ok((id, secret))) if state.current.is(&id, &secret) => {
                return Arc::clone(&state.current);
            }
            Some(Ok((id, secret))) => match Known::new(id, secret, self.ttl) {
                Ok(mut known) => {
                    let former = state.current.secret.clone();
                    known.grant = known.grant.with_former_secret(former);
                    state.current = Arc::new(known);
                    return Arc::clone(&state.current);
                }
                Err(error) => error.to_string(),
            },
            Some(Err(problem)) => problem,
        };
        let current = Arc::clone(&state.current);
        drop(state);
        tracing::warn!(
            target: "easemob_token",
            event = "credentials_provider",
            "the credentials provider: {problem}; the credentials before are used",
        );
        current
    }

    /// Other credentials than those that the service refused with this error, if the provider has some.
    pub(crate) fn instead_of(&self, refused: &Arc<Known>, error: &Error) -> Option<Arc<Known>> {
        if self.provider.is_none() || !is_refusal(error) {
            return None;
        }
        let current = self.current();
        if Arc::ptr_eq(&current, refused) {
            self.state().refused = Some(current);
            return None;
        }
        Some(current)
    }

    /// Whether the provider has other credentials than the refused ones, so that their refusal says
    /// nothing any more. Asks it at most once a second.
    pub(crate) fn have_changed(&self, error: &Error, now: Uptime) -> bool {
        if self.provider.is_none() || !is_refusal(error) {
            return false;
        }
        let refused = {
            let mut state = self.state();
            let is_due = now.since(state.asked) >= ASK_AGAIN;
            let Some(refused) = state.refused.clone().filter(|_| is_due) else { return false };
            state.asked = now;
            refused
        };
        let has_changed = !Arc::ptr_eq(&self.current(), &refused);
        if has_changed {
            self.state().refused = None;
        }
        has_changed
    }

    /// The provider's credentials now, if there is a provider.
    #[cfg(feature = "dynamic")]
    pub(crate) fn provided(&self) -> Option<Arc<Known>> {
        self.provider.is_some().then(|| self.current())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the service refused the credentials themselves.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidClient | ErrorKind::Unauthorized)
}

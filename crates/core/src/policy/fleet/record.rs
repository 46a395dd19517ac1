//! The record that the processes of a fleet share, and its plaintext form.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;

use super::wire::Wire;
use crate::policy::{Freshness, Jitter, Now};
use crate::response::{ResponseError, ResponseErrorKind};
use crate::token::{AccessToken, AppToken, IssuedToken, Lifetime};

/// The time for which a record is kept beyond the end of everything in it.
const KEPT_LONGER: Duration = Duration::from_secs(60);
/// The time for which a permanent token is kept.
const PERMANENT_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// The longest time in a record: more than a lifetime of ten years.
pub(super) const LONGEST: Duration = Duration::from_secs(11 * 365 * 24 * 60 * 60);
/// The longest lease and rest that are believed.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The longest UUID of an app that is passed on: a record has a largest size.
const LONGEST_NAME: usize = 128;

/// One shared record: the token, the lease of who fetches the next one, and what requests cost so far.
///
/// Its times count from when it was written, so no two hosts' clocks are compared. `Debug` shows no
/// token. Seal the bytes of [`encode`](Self::encode) before you store them: they contain the token.
///
/// ```
/// use easemob_token_core::FleetRecord;
///
/// let record = FleetRecord::decode(b"not a record");
/// assert!(record.is_empty());
/// ```
#[derive(Clone, PartialEq)]
pub struct FleetRecord {
    /// A number that no other record has, so that the same bytes are never written twice.
    pub(super) nonce: u128,
    /// The number of the last token; later ones have higher numbers.
    pub(super) generation: u64,
    pub(super) token: Option<SharedToken>,
    pub(super) lease: Option<Lease>,
    pub(super) rest: Option<Rest>,
    /// The time that the requests so far take up of the limit.
    pub(super) taken: Duration,
    /// The time that replacements on little evidence take up of their budget.
    pub(super) replaced: Duration,
    /// Failed requests in a row.
    pub(super) failures: u32,
    /// The time for which the store was told to keep it.
    pub(super) keep: Duration,
}

/// A token in a record.
#[derive(Clone)]
pub(super) struct SharedToken {
    pub(super) access_token: AccessToken,
    pub(super) lifetime: Lifetime,
    pub(super) application: Option<Arc<str>>,
    /// The time since it was received.
    pub(super) age: Duration,
    /// When it was received, on the wall clock of its fetcher, for stores that cannot tell ages.
    pub(super) received_wall: SystemTime,
    /// A process reported that the service refuses it.
    pub(super) is_refused: bool,
}

/// A lease: who may send a request, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) owner: u128,
    pub(super) time: Duration,
}

/// The last failure, and for how long nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    /// The response; without one the service could not be reached.
    pub(super) error: Option<RememberedError>,
    /// Whether it may pass by itself soon.
    pub(super) is_passing: bool,
    pub(super) time: Duration,
}

/// The facts of a response that are remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RememberedError {
    pub(super) kind: ResponseErrorKind,
    pub(super) status: StatusCode,
    pub(super) code: Option<String>,
    pub(super) is_from_service: bool,
}

impl FleetRecord {
    /// The record that counts if there is none, or one that cannot be opened or read.
    pub const EMPTY: Self = Self {
        nonce: 0,
        generation: 0,
        token: None,
        lease: None,
        rest: None,
        taken: Duration::ZERO,
        replaced: Duration::ZERO,
        failures: 0,
        keep: Duration::ZERO,
    };

    /// Whether it contains nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    /// The number of its token; later tokens have higher numbers.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Reads a record. Bytes that are none, or of another version, are an empty record.
    #[must_use]
    pub fn decode(plaintext: &[u8]) -> Self {
        let wire: Option<Wire> = serde_json::from_slice(plaintext).ok();
        wire.and_then(Wire::record).unwrap_or(Self::EMPTY)
    }

    /// The plaintext. It contains the token: seal it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Strings, numbers and booleans in a struct: this cannot fail.
        serde_json::to_vec(&Wire::of(self)).unwrap_or_default()
    }

    /// The same record when time has passed, for its times and for the age of its token.
    pub(super) fn aged(mut self, passed: Duration, older: Duration) -> Self {
        if let Some(token) = &mut self.token {
            token.age = token.age.saturating_add(older);
        }
        self.lease = self.lease.filter(|lease| lease.time > passed);
        if let Some(lease) = &mut self.lease {
            lease.time -= passed;
        }
        self.rest = self.rest.filter(|rest| rest.time > passed);
        if let Some(rest) = &mut self.rest {
            rest.time -= passed;
        }
        self.taken = self.taken.saturating_sub(passed);
        self.replaced = self.replaced.saturating_sub(passed);
        self.keep = self.keep.saturating_sub(passed);
        self
    }

    /// Sets for how long it is kept: until nothing in it is of use.
    pub(super) fn with_keep(mut self) -> Self {
        let token = self.token.as_ref().map_or(Duration::ZERO, SharedToken::left);
        let lease = self.lease.map_or(Duration::ZERO, |lease| lease.time);
        let rest = self.rest.as_ref().map_or(Duration::ZERO, |rest| rest.time);
        let longest = token.max(lease).max(rest).max(self.taken).max(self.replaced);
        self.keep = longest.saturating_add(KEPT_LONGER).min(LONGEST);
        self
    }
}

impl SharedToken {
    pub(super) fn new(token: &AppToken, received: Now) -> Self {
        Self {
            access_token: token.access_token().clone(),
            lifetime: token.lifetime(),
            application: token.application().filter(|it| it.len() <= LONGEST_NAME).map(Arc::from),
            age: Duration::ZERO,
            received_wall: received.wall.into(),
            is_refused: false,
        }
    }

    pub(super) fn is(&self, token: &AccessToken) -> bool {
        self.access_token.expose() == token.expose()
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.is(&other.access_token)
    }

    /// The same token after this time.
    pub(super) fn older(self, time: Duration) -> Self {
        Self { age: self.age.saturating_add(time), ..self }
    }

    pub(super) fn age(&self) -> Duration {
        self.age
    }

    /// The time since it was received, by two wall clocks: only if there is no better source.
    pub(super) fn age_by_wall(&self, now: Now) -> Duration {
        now.wall.since(self.received_wall.into())
    }

    pub(super) fn is_usable(&self, now: Now) -> bool {
        self.freshness(now).is_usable(now)
    }

    /// Whether a process that holds a usable token gains nothing from this one.
    pub(super) fn is_due(&self, now: Now) -> bool {
        self.freshness(now).is_due(now)
    }

    fn freshness(&self, now: Now) -> Freshness {
        Freshness::with_age(self.cache_lifetime(), self.age, now, Jitter::new(0.0))
    }

    fn cache_lifetime(&self) -> Lifetime {
        self.app_token(SystemTime::UNIX_EPOCH).cache_lifetime()
    }

    fn left(&self) -> Duration {
        self.cache_lifetime().remaining_after(self.age).unwrap_or(PERMANENT_KEPT)
    }

    /// The token as it was received at that time of this process's wall clock.
    pub(super) fn app_token(&self, received_at: SystemTime) -> AppToken {
        let token = AppToken::from_parts(self.access_token.clone(), self.lifetime, received_at);
        token.of_application(self.application.clone())
    }
}

impl Rest {
    pub(super) fn new(response: Option<&ResponseError>, time: Duration) -> Self {
        let error = response.map(|response| RememberedError {
            kind: response.kind(),
            status: response.status(),
            code: response.code().map(str::to_owned),
            is_from_service: response.is_from_service(),
        });
        let is_passing = response.and_then(ResponseError::remembered).is_none();
        Self { error, is_passing, time: time.min(LONGEST_PAUSE) }
    }
}

impl RememberedError {
    /// The error for a caller of another process.
    pub(super) fn response(&self, retry_after: Duration) -> ResponseError {
        let code = self.code.clone();
        ResponseError::remembered_elsewhere(
            self.kind,
            self.status,
            code,
            self.is_from_service,
            retry_after,
        )
    }
}

impl fmt::Debug for FleetRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetRecord")
            .field("nonce", &format_args!("{:032x}", self.nonce))
            .field("generation", &self.generation)
            .field("token", &self.token)
            .field("lease", &self.lease)
            .field("rest", &self.rest)
            .field("taken", &self.taken)
            .field("replaced", &self.replaced)
            .field("failures", &self.failures)
            .field("keep", &self.keep)
            .finish()
    }
}

impl fmt::Debug for SharedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedToken")
            .field("lifetime", &self.lifetime)
            .field("age", &self.age)
            .field("is_refused", &self.is_refused)
            .finish_non_exhaustive()
    }
}

impl PartialEq for SharedToken {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
            && (self.lifetime, self.age, self.received_wall, self.is_refused, &self.application)
                == (
                    other.lifetime,
                    other.age,
                    other.received_wall,
                    other.is_refused,
                    &other.application,
                )
    }
}

//! Plaintext form of the shared record: JSON with all times in milliseconds.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::record::{
    FleetRecord, LONGEST, LONGEST_PAUSE, Lease, RememberedError, Rest, SharedToken,
};
use crate::response::ResponseErrorKind;
use crate::token::{AccessToken, Lifetime};

/// Version of the plaintext. A record of another version counts as empty.
const VERSION: u32 = 1;

/// The JSON of a record. Times are in milliseconds, numbers of 128 bits in hexadecimal digits.
#[derive(Serialize, Deserialize)]
pub(super) struct Wire {
    v: u32,
    n: String,
    #[serde(default)]
    generation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Zero if the token is permanent, absent if the service did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    life_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    age_ms: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    received_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    application: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    refused: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    lease_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest: Option<WireRest>,
    #[serde(default, skip_serializing_if = "is_zero")]
    taken_ms: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    replaced_ms: u64,
    #[serde(default)]
    failures: u32,
    keep_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct WireRest {
    ms: u64,
    #[serde(default, skip_serializing_if = "is_false")]
    passing: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    from_service: bool,
}

impl Wire {
    pub(super) fn of(record: &FleetRecord) -> Self {
        let token = record.token.as_ref();
        let received = token.map(|it| it.received_wall.duration_since(SystemTime::UNIX_EPOCH));
        Self {
            v: VERSION,
            n: digits(record.nonce),
            generation: record.generation,
            token: token.map(|it| it.access_token.expose().to_owned()),
            life_ms: token.and_then(|it| match it.lifetime {
                // A lifetime below a millisecond is not a permanent one.
                Lifetime::Expires(life) => Some(millis(life).max(1)),
                Lifetime::Permanent => Some(0),
                Lifetime::Unknown => None,
            }),
            age_ms: token.map_or(0, |it| millis(it.age)),
            received_ms: received.and_then(Result::ok).map_or(0, millis),
            application: token.and_then(|it| it.application.as_deref().map(str::to_owned)),
            refused: token.is_some_and(|it| it.is_refused),
            owner: record.lease.map(|lease| digits(lease.owner)),
            lease_ms: record.lease.map_or(0, |lease| millis(lease.time)),
            rest: record.rest.as_ref().map(WireRest::of),
            taken_ms: millis(record.taken),
            replaced_ms: millis(record.replaced),
            failures: record.failures,
            keep_ms: millis(record.keep),
        }
    }

    /// The record; `None` if it is of another version, or if any part makes no sense.
    pub(super) fn record(self) -> Option<FleetRecord> {
        if self.v != VERSION {
            return None;
        }
        let token = match &self.token {
            Some(text) => Some(self.shared_token(text)?),
            None => None,
        };
        let lease = match &self.owner {
            Some(owner) => {
                Some(Lease { owner: number(owner)?, time: time(self.lease_ms).min(LONGEST_PAUSE) })
            }
            None => None,
        };
        let rest = match self.rest {
            Some(rest) => Some(rest.rest()?),
            None => None,
        };
        Some(FleetRecord {
            nonce: number(&self.n)?,
            generation: self.generation,
            token,
            lease,
            rest,
            taken: time(self.taken_ms).min(LONGEST_PAUSE),
            replaced: time(self.replaced_ms).min(LONGEST_PAUSE),
            failures: self.failures,
            keep: time(self.keep_ms),
        })
    }

    fn shared_token(&self, text: &str) -> Option<SharedToken> {
        Some(SharedToken {
            access_token: AccessToken::parse(text).ok()?,
            lifetime: match self.life_ms {
                None => Lifetime::Unknown,
                Some(0) => Lifetime::Permanent,
                Some(life) => Lifetime::limited(Duration::from_millis(life)),
            },
            application: self.application.as_deref().map(Arc::from),
            age: time(self.age_ms),
            received_wall: SystemTime::UNIX_EPOCH
                .checked_add(Duration::from_millis(self.received_ms))?,
            is_refused: self.refused,
        })
    }
}

impl WireRest {
    fn of(rest: &Rest) -> Self {
        let error = rest.error.as_ref();
        Self {
            ms: millis(rest.time),
            passing: rest.is_passing,
            kind: error.map(|it| it.kind.as_str().to_owned()),
            status: error.map(|it| it.status.as_u16()),
            code: error.and_then(|it| it.code.clone()),
            from_service: error.is_some_and(|it| it.is_from_service),
        }
    }

    fn rest(self) -> Option<Rest> {
        let error = match (self.kind, self.status) {
            (Some(kind), Some(status)) => Some(RememberedError {
                kind: *ResponseErrorKind::ALL.iter().find(|it| it.as_str() == kind)?,
                status: StatusCode::from_u16(status).ok()?,
                code: self.code,
                is_from_service: self.from_service,
            }),
            _ => None,
        };
        Some(Rest { error, is_passing: self.passing, time: time(self.ms).min(LONGEST_PAUSE) })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn time(millis: u64) -> Duration {
    Duration::from_millis(millis).min(LONGEST)
}

fn digits(number: u128) -> String {
    format!("{number:032x}")
}

fn number(digits: &str) -> Option<u128> {
    u128::from_str_radix(digits, 16).ok()
}

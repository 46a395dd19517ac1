//! How an adapter took a script, as a value that can be compared and printed.

use std::fmt;

use bytes::Bytes;
use easemob_token_transport::{TransportError, TransportErrorKind};
use http::{HeaderMap, Response};

/// How one call ended.
// Complete on purpose: a response, an error of the port, and the two ways not to end in a value.
#[derive(Clone, PartialEq, Eq)]
pub enum Ending {
    /// A response.
    Answered {
        /// Its status.
        status: u16,
        /// Its fields, sorted by name and otherwise in their order.
        fields: Vec<(String, Vec<u8>)>,
        /// Its body.
        body: Vec<u8>,
    },
    /// An error of the port.
    Failed(TransportErrorKind),
    /// Nothing, long after the time limit.
    Hung,
    /// A panic.
    Panicked,
}

/// How an adapter took a script, or several: one ending a call, and what arrived at the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Call by call.
    pub endings: Vec<Ending>,
    /// How many whole requests arrived; `None` where the connection was not closed afterwards.
    pub requests: Option<usize>,
}

impl Ending {
    /// Whether a response came back.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Answered { .. })
    }

    /// The ending in one word.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Answered { .. } => "Ok".to_owned(),
            Self::Failed(kind) => format!("{kind:?}"),
            Self::Hung => "HUNG".to_owned(),
            Self::Panicked => "PANICKED".to_owned(),
        }
    }

    /// Whether the call failed in this way.
    #[must_use]
    pub fn is(&self, kind: TransportErrorKind) -> bool {
        *self == Self::Failed(kind)
    }
}

impl From<Result<Response<Bytes>, TransportError>> for Ending {
    fn from(result: Result<Response<Bytes>, TransportError>) -> Self {
        match result {
            Ok(response) => Self::Answered {
                status: response.status().as_u16(),
                fields: sorted(response.headers()),
                body: response.into_body().into(),
            },
            Err(error) => Self::Failed(error.kind()),
        }
    }
}

fn sorted(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let mut fields: Vec<(String, Vec<u8>)> = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    // Stable: the values of one name stay in their order.
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    fields
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { status, fields, body } => {
                write!(f, "{status} with {} bytes", body.len())?;
                let start = &body[..body.len().min(60)];
                write!(f, " \"{}\"", start.escape_ascii())?;
                for (name, value) in fields.iter().take(12) {
                    let start = &value[..value.len().min(40)];
                    write!(f, " {name}:\"{}\"", start.escape_ascii())?;
                }
                Ok(())
            }
            Self::Failed(kind) => write!(f, "{kind:?}"),
            Self::Hung => f.write_str("HUNG"),
            Self::Panicked => f.write_str("PANICKED"),
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.endings)?;
        match self.requests {
            Some(requests) => write!(f, ", {requests} sent"),
            None => write!(f, ", connection left open"),
        }
    }
}

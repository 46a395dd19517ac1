//! The outcome of a script for one adapter, which can be compared and printed.

use std::fmt;

use bytes::Bytes;
use easemob_token_transport::{TransportError, TransportErrorKind};
use http::{HeaderMap, Response};

/// How one call ended.
// Exhaustive: a response, an error of the port, and two ways to return neither.
#[derive(Clone, PartialEq, Eq)]
pub enum Ending {
    /// A response.
    Response {
        /// Its status.
        status: u16,
        /// Its fields, sorted by name and otherwise in their order.
        fields: Vec<(String, Vec<u8>)>,
        /// Its body.
        body: Vec<u8>,
    },
    /// An error of the port.
    Failed(TransportErrorKind),
    /// No result, long after the timeout.
    Hung,
    /// A panic.
    Panicked,
}

/// The outcome of one or several scripts: an ending per call, and the requests at the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Call by call.
    pub endings: Vec<Ending>,
    /// How many whole requests arrived; `None` if a connection was not closed afterwards.
    pub requests: Option<usize>,
}

impl Ending {
    /// Whether the call returned a response.
    #[must_use]
    pub fn is_response(&self) -> bool {
        matches!(self, Self::Response { .. })
    }

    /// The ending in one word.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Response { .. } => "Ok".to_owned(),
            Self::Failed(kind) => format!("{kind:?}"),
            Self::Hung => "HUNG".to_owned(),
            Self::Panicked => "PANICKED".to_owned(),
        }
    }

    /// Whether the call failed with this kind.
    #[must_use]
    pub fn is(&self, kind: TransportErrorKind) -> bool {
        *self == Self::Failed(kind)
    }
}

impl From<Result<Response<Bytes>, TransportError>> for Ending {
    fn from(result: Result<Response<Bytes>, TransportError>) -> Self {
        match result {
            Ok(response) => Self::Response {
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
            Self::Response { status, fields, body } => {
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

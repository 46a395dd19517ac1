//! Why there is no token, as far as the cache asks.

use easemob_token_core::ResponseError;

/// There is no token.
// Complete: the three ways in which the cache comes to an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The service failed.
    Failed,
    /// The task that asked it was dropped.
    Dropped,
    /// No request may be sent yet, and none has failed.
    TooOften,
}

impl Error {
    pub(crate) fn too_often() -> Self {
        Self::TooOften
    }

    pub(crate) fn dropped(_attempts: u32) -> Self {
        Self::Dropped
    }

    #[expect(clippy::unused_self, reason = "the facade's signature; here no service answers")]
    pub(crate) fn as_response(&self) -> Option<&ResponseError> {
        None
    }
}

//! Reading of a response: a status and a body become a token or a typed error.

mod error;
mod error_body;
mod foreign;
mod kind;
mod member;
mod redact;
pub(crate) mod refusal;
mod retry_after;
mod success;
mod value;

pub use self::error::ResponseError;
pub use self::kind::{ErrorCategory, ErrorScope, ResponseErrorKind, RetryAdvice};
#[cfg(feature = "dynamic")]
pub(crate) use self::member::{Member, Object};
pub(crate) use self::redact::Hidden;
pub(crate) use self::refusal::Sent;
pub(crate) use self::success::TokenResponse;

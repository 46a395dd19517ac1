//! From a status and a body to a token, or to the typed reason why there is none.

mod answer;
mod error;
mod member;
mod redact;
mod refusal;
mod retry_after;

use std::time::SystemTime;

use http::StatusCode;
use http::response::Parts;

pub(crate) use self::answer::Answer;
pub use self::error::{ResponseError, ResponseErrorKind, RetryAdvice};
#[cfg(feature = "dynamic")]
pub(crate) use self::member::{Member, Object};
use self::redact::Hidden;
use self::refusal::Asked;
use crate::grant::Grant;
use crate::token::{AccessToken, TtlUnits};

/// Reads the response to `grant`; `units` are those that the request was written with too.
pub(crate) fn parse<G: Grant>(
    grant: &G,
    head: &Parts,
    body: &[u8],
    units: TtlUnits,
    received_at: SystemTime,
) -> Result<G::Token, ResponseError> {
    if head.status == StatusCode::OK {
        Answer::read(body, units, grant.ttl(), received_at)
            .and_then(|answer| grant.token(answer).map_err(ResponseError::wrong_shape))
    } else {
        let app_token = grant.authorization();
        let asked = Asked {
            by_app_token: app_token.is_some(),
            hidden: Hidden {
                secrets: [grant.secret(), app_token.map(AccessToken::expose)],
                user_id: grant.user_id(),
            },
        };
        Err(refusal::read(head, body, &asked, received_at))
    }
}

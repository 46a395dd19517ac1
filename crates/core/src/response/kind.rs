//! Kinds of response errors: one row for each, and everything that depends on the kind reads it.

use std::time::Duration;

/// Advice on repeating a request, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// The same request will fail in the same way.
    Never,
    /// Once, after a pause of your own: the body was torn or not from the service.
    Once,
    /// Once, with a new app token.
    WithNewAppToken,
    /// After at least this time.
    After(Duration),
    /// After a pause of your own that grows with each failure.
    Backoff,
}

impl RetryAdvice {
    /// Whether the same request may succeed when it is sent again later.
    ///
    /// With a new app token it is another request, so [`WithNewAppToken`](Self::WithNewAppToken) is
    /// not retryable.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::Never | Self::WithNewAppToken => false,
            Self::Once | Self::After(_) | Self::Backoff => true,
        }
    }
}

/// Class of errors that a program treats alike, such as one exit code.
// Complete: the exit codes of the command are a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCategory {
    /// Input is missing or wrong; nothing was sent.
    InvalidInput,
    /// The service refused the request, and refuses it until something is changed.
    Refused,
    /// A limit is exceeded: of the rate, or of the plan.
    Limited,
    /// The service cannot be reached or cannot serve the request now.
    Unavailable,
    /// A response arrived that cannot be used.
    BadResponse,
    /// The program or the machine is at fault.
    Internal,
}

/// Scope of an error: the app or one user.
// Complete: a request is about one user or about the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorScope {
    /// The app: requests for every user may fail likewise.
    App,
    /// The user whose token was requested.
    User,
}

/// The time for which a refusal is remembered, and the pause after a 429 without `Retry-After`.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);
/// The pause after two creations of one user, which conflict within one second.
const CONFLICT_PAUSE: Duration = Duration::from_secs(1);

/// The facts about one kind.
struct Row {
    name: &'static str,
    phrase: &'static str,
    retry: RetryAdvice,
    /// The time for which nothing is sent for the same token. `None`: a backoff, as after a failed
    /// connection.
    remembered: Option<Duration>,
    scope: ErrorScope,
    category: ErrorCategory,
}

/// Defines the kinds from their rows, so that no list can miss one.
macro_rules! kinds {
    ($( $(#[$doc:meta])* $kind:ident { $($fact:ident: $value:expr),+ $(,)? } )+) => {
        /// Meaning of a response without a token.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ResponseErrorKind { $( $(#[$doc])* $kind, )+ }

        impl ResponseErrorKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            const fn row(self) -> Row {
                use ErrorCategory::{BadResponse, Limited, Refused, Unavailable};
                use ErrorScope::{App, User};
                use RetryAdvice::{After, Backoff, Never, WithNewAppToken};
                match self { $( Self::$kind => Row { $($fact: $value),+ }, )+ }
            }
        }
    };
}

kinds! {
    /// The client ID or the client secret is wrong (400 `invalid_grant`; 401 if they were sent).
    InvalidClient {
        name: "invalid_client",
        phrase: "the client ID or client secret is wrong",
        retry: Never, remembered: Some(REFUSED_PAUSE), scope: App, category: Refused,
    }
    /// The user's password is wrong (400 `invalid_grant`).
    InvalidPassword {
        name: "invalid_password",
        phrase: "the user ID or password is wrong",
        retry: Never, remembered: Some(REFUSED_PAUSE), scope: User, category: Refused,
    }
    /// There is no such user (404 `invalid_grant` or `entity_not_found`).
    UserNotFound {
        name: "user_not_found",
        phrase: "there is no such user",
        retry: Never, remembered: None, scope: User, category: Refused,
    }
    /// The account is banned (400 `invalid_grant`).
    UserDeactivated {
        name: "user_deactivated",
        phrase: "the user's account is banned",
        retry: Never, remembered: None, scope: User, category: Refused,
    }
    /// The user ID breaks the service's rules (400 `illegal_argument`).
    InvalidUsername {
        name: "invalid_username",
        phrase: "the user ID breaks the service's rules",
        retry: Never, remembered: None, scope: User, category: Refused,
    }
    /// No such org or app on this cluster (404 `organization_application_not_found`).
    ApplicationNotFound {
        name: "application_not_found",
        phrase: "no such app on this cluster: check the app key and the base URL",
        retry: Never, remembered: Some(REFUSED_PAUSE), scope: App, category: Refused,
    }
    /// The app token is absent, expired, or not for this app (401). If
    /// [`is_from_service`](crate::ResponseError::is_from_service) is `false`, a gateway refused.
    Unauthorized {
        name: "unauthorized",
        phrase: "the app token is not accepted",
        retry: WithNewAppToken, remembered: Some(REFUSED_PAUSE), scope: App, category: Refused,
    }
    /// Two creations of one user in one second (409 `concurrent_operation_error`).
    Conflict {
        name: "conflict",
        phrase: "the user is being created by another request",
        retry: After(CONFLICT_PAUSE), remembered: None, scope: User, category: Unavailable,
    }
    /// Too many requests (429).
    RateLimited {
        name: "rate_limited",
        phrase: "too many requests",
        retry: After(REFUSED_PAUSE), remembered: Some(REFUSED_PAUSE), scope: App, category: Limited,
    }
    /// The plan's quota is used up (429 `resource_limited`): another request does not help.
    QuotaExceeded {
        name: "quota_exceeded",
        phrase: "the plan's quota is used up",
        retry: Never, remembered: Some(REFUSED_PAUSE), scope: App, category: Limited,
    }
    /// Any other refusal (4xx), by the service or by a gateway
    /// ([`is_from_service`](crate::ResponseError::is_from_service)).
    Rejected {
        name: "rejected",
        phrase: "the service refused the request",
        retry: Never, remembered: Some(REFUSED_PAUSE), scope: App, category: Refused,
    }
    /// The service or a gateway has trouble (408, 5xx).
    ServerError {
        name: "server_error",
        phrase: "the service has trouble",
        retry: Backoff, remembered: None, scope: App, category: Unavailable,
    }
    /// A redirect (3xx). It is not followed: the request carries secrets.
    Redirected {
        name: "redirected",
        phrase: "the server redirects, which is not followed: check the base URL",
        retry: Never, remembered: None, scope: App, category: BadResponse,
    }
    /// A 200 without a usable token, or a status that means nothing here.
    Malformed {
        name: "malformed_response",
        phrase: "the response is not a token response",
        retry: Never, remembered: None, scope: App, category: BadResponse,
    }
}

impl ResponseErrorKind {
    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Advice for an error of this kind that the service sent without `Retry-After`.
    #[must_use]
    pub const fn retry_advice(self) -> RetryAdvice {
        self.row().retry
    }

    /// Whether the app or one user is concerned.
    #[must_use]
    pub const fn scope(self) -> ErrorScope {
        self.row().scope
    }

    /// The class of errors to which it belongs.
    #[must_use]
    pub const fn category(self) -> ErrorCategory {
        self.row().category
    }

    pub(super) const fn phrase(self) -> &'static str {
        self.row().phrase
    }

    pub(super) const fn remembered(self) -> Option<Duration> {
        self.row().remembered
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_has_a_name_and_a_phrase_of_its_own() {
        let all = ResponseErrorKind::ALL;
        for text in [ResponseErrorKind::as_str, ResponseErrorKind::phrase] {
            let texts: BTreeSet<_> = all.iter().map(|kind| text(*kind)).collect();
            assert_eq!(texts.len(), all.len());
        }
        for kind in all {
            assert!(kind.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{kind:?}");
        }
    }
}

//! Kinds of errors: one row for each, and everything that depends on the kind reads it.

use std::fmt;

use easemob_token_core::{ErrorCategory, ErrorScope, ResponseErrorKind};
use easemob_token_transport::TransportErrorKind;

/// Defines the kinds from their rows, so that no list can miss one.
macro_rules! kinds {
    (
        responses { $( $(#[$response_doc:meta])* $response:ident = $core:ident, )+ }
        others { $( $(#[$doc:meta])* $kind:ident = ($name:literal, $category:ident, $retryable:literal), )+ }
    ) => {
        /// Kind of an error, for the caller's decision. The names are stable ([`as_str`](Self::as_str)).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $( $(#[$response_doc])* $response, )+
            $( $(#[$doc])* $kind, )+
        }

        /// The kind for each kind of the core. A kind that is missing here does not compile.
        const RESPONSE_KINDS: [(ResponseErrorKind, ErrorKind); ResponseErrorKind::ALL.len()] =
            [$( (ResponseErrorKind::$core, ErrorKind::$response), )+];

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$response,)+ $(Self::$kind,)+];

            const fn row(self) -> Row {
                match self {
                    $( Self::$response => Row::of_response(ResponseErrorKind::$core), )+
                    $( Self::$kind => Row {
                        name: $name,
                        category: ErrorCategory::$category,
                        scope: ErrorScope::App,
                        is_retryable: $retryable,
                    }, )+
                }
            }
        }
    };
}

/// The facts about one kind. For a kind of the core they stand in its own row there.
struct Row {
    name: &'static str,
    category: ErrorCategory,
    scope: ErrorScope,
    is_retryable: bool,
}

impl Row {
    const fn of_response(kind: ResponseErrorKind) -> Self {
        Self {
            name: kind.as_str(),
            category: kind.category(),
            scope: kind.scope(),
            is_retryable: kind.retry_advice().is_retryable(),
        }
    }
}

kinds! {
    responses {
        /// The client ID or the client secret is wrong.
        InvalidClient = InvalidClient,
        /// The user ID or the password is wrong.
        InvalidPassword = InvalidPassword,
        /// There is no such user.
        UserNotFound = UserNotFound,
        /// The user's account is banned.
        UserDeactivated = UserDeactivated,
        /// The user ID breaks the service's rules.
        InvalidUsername = InvalidUsername,
        /// There is no such org or app on this cluster.
        ApplicationNotFound = ApplicationNotFound,
        /// The service does not accept the app token.
        Unauthorized = Unauthorized,
        /// The service refused for another reason.
        Rejected = Rejected,
        /// Too many requests were sent, or are waiting in this client.
        RateLimited = RateLimited,
        /// The plan's quota is used up.
        QuotaExceeded = QuotaExceeded,
        /// The service or a gateway has trouble.
        ServerError = ServerError,
        /// The user is being created by another request.
        Conflict = Conflict,
        /// The server redirects, which is not followed.
        Redirected = Redirected,
        /// The response is not a token response.
        MalformedResponse = Malformed,
    }
    others {
        /// The transport cannot be used here: the wrong async runtime, a dead thread.
        Internal = ("internal", Internal, false),
        /// A setting or an argument is wrong; nothing was sent.
        InvalidInput = ("invalid_input", InvalidInput, false),
        /// There is no connection.
        Connect = ("connect", Unavailable, true),
        /// There is no trusted TLS connection.
        Tls = ("tls", Unavailable, false),
        /// Timed out.
        Timeout = ("timeout", Unavailable, true),
        /// The connection broke, or the reply is not a whole HTTP response.
        Interrupted = ("interrupted", Unavailable, true),
        /// The response is larger than the limit.
        TooLarge = ("too_large", BadResponse, false),
    }
}

impl ErrorKind {
    /// The stable name, in `snake_case`, as the command and log fields use it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The class of errors to which it belongs, such as those with one exit code.
    #[must_use]
    pub const fn category(self) -> ErrorCategory {
        self.row().category
    }

    /// Whether the same call may succeed later, as far as the kind alone shows it.
    ///
    /// [`Error::is_retryable`](crate::Error::is_retryable) knows more: a malformed response that is not
    /// JSON may be torn.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        self.row().is_retryable
    }

    /// Whether the operator should see it, and not only the caller.
    ///
    /// It is then neither about one user nor about an argument of the caller.
    pub(crate) fn concerns_operator(self) -> bool {
        match self.category() {
            ErrorCategory::InvalidInput => false,
            ErrorCategory::Refused => self.row().scope == ErrorScope::App,
            ErrorCategory::Limited
            | ErrorCategory::Unavailable
            | ErrorCategory::BadResponse
            | ErrorCategory::Internal => true,
        }
    }
}

impl From<ResponseErrorKind> for ErrorKind {
    fn from(kind: ResponseErrorKind) -> Self {
        let row = RESPONSE_KINDS.iter().find(|(core, _)| *core == kind);
        // The table holds every kind, as its length and a test guarantee.
        row.map_or(Self::Rejected, |(_, own)| *own)
    }
}

impl From<TransportErrorKind> for ErrorKind {
    fn from(kind: TransportErrorKind) -> Self {
        match kind {
            TransportErrorKind::Connect => Self::Connect,
            TransportErrorKind::Tls => Self::Tls,
            TransportErrorKind::Timeout => Self::Timeout,
            TransportErrorKind::Interrupted => Self::Interrupted,
            TransportErrorKind::TooLarge => Self::TooLarge,
            TransportErrorKind::Unsupported => Self::InvalidInput,
            TransportErrorKind::Internal => Self::Internal,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_the_core_has_one_row() {
        for kind in ResponseErrorKind::ALL {
            assert_eq!(ErrorKind::from(*kind).as_str(), kind.as_str());
        }
    }

    #[test]
    fn a_transport_error_is_as_retryable_as_its_kind() {
        use TransportErrorKind::{
            Connect, Internal, Interrupted, Timeout, Tls, TooLarge, Unsupported,
        };
        for kind in [Connect, Tls, Timeout, Interrupted, TooLarge, Unsupported, Internal] {
            assert_eq!(ErrorKind::from(kind).is_retryable(), kind.is_retryable(), "{kind:?}");
        }
    }

    #[test]
    fn only_errors_about_one_user_or_one_argument_are_hidden_from_the_operator() {
        use ErrorKind::{
            InvalidInput, InvalidPassword, InvalidUsername, UserDeactivated, UserNotFound,
        };
        let hidden: Vec<_> =
            ErrorKind::ALL.iter().filter(|kind| !kind.concerns_operator()).collect();
        let expected =
            [InvalidPassword, UserNotFound, UserDeactivated, InvalidUsername, InvalidInput];
        assert_eq!(hidden, expected.iter().collect::<Vec<_>>());
    }
}

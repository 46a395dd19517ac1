//! Error of every call of a [`Client`](crate::Client): its kind, its cause, and what to do.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::{
    BuildError, ErrorCategory, ErrorScope, ResponseError, ResponseErrorKind, RetryAdvice,
};
use easemob_token_transport::{TransportError, TransportErrorKind};

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
    /// [`Error::is_retryable`] knows more: a malformed response that is not JSON may be torn.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        self.row().is_retryable
    }

    /// Whether the operator should see it, and not only the caller: it is not about one user, and not
    /// about an argument of the caller.
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

/// Error of a call that returned no token. Cheap to clone: all callers of one acquisition share it.
///
/// `Display` is one phrase that shows no secret; its cause is in [`source`](StdError::source).
#[derive(Clone, Debug)]
pub struct Error(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cause: Cause,
    attempts: u32,
}

#[derive(Debug)]
enum Cause {
    Input(&'static str),
    Build(BuildError),
    Transport(TransportError),
    Response(ResponseError),
    /// Too many requests were sent for one token, so the next one has to wait.
    TooOften,
    /// Too many requests of this client are queued: this one would be sent after its deadline.
    QueueTooLong(Duration),
    /// Too many users' tokens are requested at once: another one would miss its deadline.
    TooManyUsers(Duration),
    /// The caller waited until its deadline.
    Deadline,
}

impl Error {
    fn new(cause: Cause, attempts: u32) -> Self {
        Self(Arc::new(Inner { cause, attempts }))
    }

    pub(crate) fn invalid_input(problem: &'static str) -> Self {
        Self::new(Cause::Input(problem), 0)
    }

    pub(crate) fn transport(error: TransportError, attempts: u32) -> Self {
        Self::new(Cause::Transport(error), attempts)
    }

    fn internal(cause: &'static str, attempts: u32) -> Self {
        let error = TransportError::with_source(TransportErrorKind::Internal, cause);
        Self::transport(error, attempts)
    }

    /// The task that fetched a token is gone, and so are those that replaced it.
    pub(crate) fn dropped(attempts: u32) -> Self {
        let cause = "the task that fetched the token is gone: its runtime ended or is not driven";
        Self::internal(cause, attempts)
    }

    /// Foreign code, such as a custom transport, panicked. Its message is dropped, since it may hold a
    /// secret.
    pub(crate) fn panicked(attempts: u32) -> Self {
        Self::internal("the transport or the runtime panicked", attempts)
    }

    pub(crate) fn forked() -> Self {
        Self::internal(
            "the client was in use before the process forked: make a new one in the child",
            0,
        )
    }

    pub(crate) fn response(error: ResponseError, attempts: u32) -> Self {
        Self::new(Cause::Response(error), attempts)
    }

    pub(crate) fn too_often() -> Self {
        Self::new(Cause::TooOften, 0)
    }

    pub(crate) fn queue_too_long(wait: Duration, attempts: u32) -> Self {
        Self::new(Cause::QueueTooLong(wait), attempts)
    }

    pub(crate) fn too_many_users(wait: Duration) -> Self {
        Self::new(Cause::TooManyUsers(wait), 0)
    }

    pub(crate) fn deadline(attempts: u32) -> Self {
        Self::new(Cause::Deadline, attempts)
    }

    /// Whether the service itself refused the app token that the request carried.
    pub(crate) fn refuses_app_token(&self) -> bool {
        self.as_response().is_some_and(|it| it.retry_advice() == RetryAdvice::WithNewAppToken)
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0.cause {
            Cause::Input(_) | Cause::Build(_) => ErrorKind::InvalidInput,
            Cause::TooOften | Cause::QueueTooLong(_) | Cause::TooManyUsers(_) => {
                ErrorKind::RateLimited
            }
            Cause::Deadline => ErrorKind::Timeout,
            Cause::Transport(error) => error.kind().into(),
            Cause::Response(error) => error.kind().into(),
        }
    }

    /// The HTTP status, if a response arrived.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.as_response().map(|error| error.status().as_u16())
    }

    /// The member `error` of the service's error body, cleaned of secrets.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.as_response().and_then(ResponseError::code)
    }

    /// The member `error_description` of the service's error body, or the fault of a response that
    /// cannot be read; cleaned of secrets.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.as_response().and_then(ResponseError::description)
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.cause {
            // A torn body is retryable, and another malformed response is not.
            Cause::Response(error) => error.is_retryable(),
            Cause::Input(_)
            | Cause::Build(_)
            | Cause::Transport(_)
            | Cause::TooOften
            | Cause::QueueTooLong(_)
            | Cause::TooManyUsers(_)
            | Cause::Deadline => self.kind().is_retryable(),
        }
    }

    /// The pause that the service asked for, or that the client's own limit asks for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.cause {
            Cause::Response(error) => error.retry_after(),
            Cause::QueueTooLong(wait) | Cause::TooManyUsers(wait) => Some(*wait),
            Cause::Input(_)
            | Cause::Build(_)
            | Cause::Transport(_)
            | Cause::TooOften
            | Cause::Deadline => None,
        }
    }

    /// Whether it timed out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// How many requests were handed to the transport for this token; 0 if the input was refused.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    pub(crate) fn as_response(&self) -> Option<&ResponseError> {
        if let Cause::Response(error) = &self.0.cause { Some(error) } else { None }
    }

    pub(crate) fn as_transport(&self) -> Option<&TransportError> {
        if let Cause::Transport(error) = &self.0.cause { Some(error) } else { None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.cause {
            Cause::Input(problem) => f.write_str(problem),
            Cause::Build(error) => error.fmt(f),
            Cause::Transport(error) => error.fmt(f),
            Cause::Response(error) => error.fmt(f),
            Cause::TooOften => f.write_str(
                "asked too often for one token: at most ten requests a minute; check whether its tokens \
                 are refused as soon as they are issued",
            ),
            Cause::QueueTooLong(_) => f.write_str(
                "too many requests of this client are queued: raise requests_per_second",
            ),
            Cause::TooManyUsers(_) => f.write_str(
                "too many users' tokens are requested at once: raise requests_per_second or \
                 acquisition_deadline",
            ),
            Cause::Deadline => f.write_str("no token came within the deadline of the call"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The phrase is the cause's own, so the chain goes on below it.
        match &self.0.cause {
            Cause::Transport(error) => error.source(),
            Cause::Response(error) => error.source(),
            _ => None,
        }
    }
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Self::new(Cause::Build(error), 0)
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

    #[test]
    fn the_phrase_is_written_once_and_the_cause_is_below_it() {
        let cause = TransportError::with_source(TransportErrorKind::Connect, "port 1 is closed");
        let error = Error::transport(cause, 1);
        assert_eq!(error.to_string(), "could not connect to the server");
        assert_eq!(error.source().unwrap().to_string(), "port 1 is closed");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 1));
        assert!(error.is_retryable());
    }
}

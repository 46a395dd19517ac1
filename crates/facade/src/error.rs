//! Why there is no token: one error for everything that a [`Client`](crate::Client) does.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::{BuildError, ResponseError, ResponseErrorKind, RetryAdvice};
use easemob_token_transport::{TransportError, TransportErrorKind};

/// What went wrong, for the caller's decision. The names are stable ([`as_str`](Self::as_str)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The transport cannot be used here: the wrong async runtime, a dead thread.
    Internal,
    /// Something that was handed in is wrong; nothing was sent.
    InvalidInput,
    /// The client ID or the client secret is wrong.
    InvalidClient,
    /// The user ID or the password is wrong.
    InvalidPassword,
    /// There is no such user.
    UserNotFound,
    /// The user's account is banned.
    UserDeactivated,
    /// The user ID breaks the service's rules.
    InvalidUsername,
    /// There is no such org or app on this cluster.
    ApplicationNotFound,
    /// The service does not accept the app token.
    Unauthorized,
    /// The service refused for another reason.
    Rejected,
    /// Asked too often.
    RateLimited,
    /// The plan's quota is used up.
    QuotaExceeded,
    /// No connection.
    Connect,
    /// No trusted TLS connection.
    Tls,
    /// The time was over.
    Timeout,
    /// The connection broke, or the reply is not a whole HTTP response.
    Interrupted,
    /// The service or a gateway has trouble.
    ServerError,
    /// The user is being created by another request.
    Conflict,
    /// The response is larger than the limit.
    TooLarge,
    /// The server redirects, which is not followed.
    Redirected,
    /// The answer is no token answer.
    MalformedResponse,
}

impl ErrorKind {
    /// The stable name, in `snake_case`, as the command and log fields use it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::InvalidInput => "invalid_input",
            Self::InvalidClient => "invalid_client",
            Self::InvalidPassword => "invalid_password",
            Self::UserNotFound => "user_not_found",
            Self::UserDeactivated => "user_deactivated",
            Self::InvalidUsername => "invalid_username",
            Self::ApplicationNotFound => "application_not_found",
            Self::Unauthorized => "unauthorized",
            Self::Rejected => "rejected",
            Self::RateLimited => "rate_limited",
            Self::QuotaExceeded => "quota_exceeded",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::ServerError => "server_error",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::Redirected => "redirected",
            Self::MalformedResponse => "malformed_response",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why there is no token. Cheap to clone: all who waited for one acquisition share its error.
///
/// `Display` is one phrase that shows no secret; what lies below it is in
/// [`source`](StdError::source).
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
    /// So many requests went out for one token that the next has to wait.
    TooOften,
    /// So many requests of this client wait for their turn that this one's would come so much
    /// later, which is too late.
    QueueTooLong(Duration),
    /// So many users' tokens are waited for that no other one can be served in time.
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

    /// The task that was to bring a token is gone, and so are those that took its place.
    pub(crate) fn dropped(attempts: u32) -> Self {
        let cause = "the task that fetched the token is gone: its runtime ended or is not driven";
        Self::internal(cause, attempts)
    }

    /// Code that is not ours, such as a custom transport, panicked. What it said is not kept:
    /// nobody can promise that it holds no secret.
    pub(crate) fn panicked(attempts: u32) -> Self {
        Self::internal("the transport or the runtime panicked", attempts)
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
            Cause::Transport(error) => match error.kind() {
                TransportErrorKind::Connect => ErrorKind::Connect,
                TransportErrorKind::Tls => ErrorKind::Tls,
                TransportErrorKind::Timeout => ErrorKind::Timeout,
                TransportErrorKind::Interrupted => ErrorKind::Interrupted,
                TransportErrorKind::TooLarge => ErrorKind::TooLarge,
                TransportErrorKind::Unsupported => ErrorKind::InvalidInput,
                TransportErrorKind::Internal => ErrorKind::Internal,
            },
            Cause::Response(error) => match error.kind() {
                ResponseErrorKind::InvalidClient => ErrorKind::InvalidClient,
                ResponseErrorKind::InvalidPassword => ErrorKind::InvalidPassword,
                ResponseErrorKind::UserNotFound => ErrorKind::UserNotFound,
                ResponseErrorKind::UserDeactivated => ErrorKind::UserDeactivated,
                ResponseErrorKind::InvalidUsername => ErrorKind::InvalidUsername,
                ResponseErrorKind::ApplicationNotFound => ErrorKind::ApplicationNotFound,
                ResponseErrorKind::Unauthorized => ErrorKind::Unauthorized,
                ResponseErrorKind::Conflict => ErrorKind::Conflict,
                ResponseErrorKind::RateLimited => ErrorKind::RateLimited,
                ResponseErrorKind::QuotaExceeded => ErrorKind::QuotaExceeded,
                ResponseErrorKind::ServerError => ErrorKind::ServerError,
                ResponseErrorKind::Redirected => ErrorKind::Redirected,
                ResponseErrorKind::Malformed => ErrorKind::MalformedResponse,
                // `Rejected`, and any refusal that the core learns to tell apart later.
                _ => ErrorKind::Rejected,
            },
        }
    }

    /// The HTTP status, where a response arrived.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.as_response().map(|error| error.status().as_u16())
    }

    /// The member `error` of the service's error body, cleaned of secrets.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.as_response().and_then(ResponseError::code)
    }

    /// The member `error_description` of the service's error body, or what is wrong with an answer
    /// that cannot be read; cleaned of secrets.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.as_response().and_then(ResponseError::description)
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.cause {
            Cause::Input(_) | Cause::Build(_) => false,
            Cause::TooOften | Cause::QueueTooLong(_) | Cause::TooManyUsers(_) | Cause::Deadline => {
                true
            }
            Cause::Transport(error) => error.is_retryable(),
            Cause::Response(error) => error.is_retryable(),
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

    /// Whether the time was over.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// How many requests were handed to the transport for the token that failed; 0 where the
    /// input was refused before.
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
                "asked too often for one token: no more than ten requests a minute; are its tokens \
                 refused as soon as they are made?",
            ),
            Cause::QueueTooLong(_) => f.write_str(
                "too many requests of this client wait for their turn: see requests_per_second",
            ),
            Cause::TooManyUsers(_) => f.write_str(
                "too many users' tokens are waited for: see requests_per_second and acquisition_deadline",
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
    fn the_phrase_is_said_once_and_the_cause_is_below_it() {
        let cause = TransportError::with_source(TransportErrorKind::Connect, "port 1 is closed");
        let error = Error::transport(cause, 1);
        assert_eq!(error.to_string(), "could not connect to the server");
        assert_eq!(error.source().unwrap().to_string(), "port 1 is closed");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 1));
        assert!(error.is_retryable());
    }
}

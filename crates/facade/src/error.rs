//! Error of every call of a [`Client`](crate::Client): its kind, its cause, and what to do.

mod kind;
mod report;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::{BuildError, ResponseError, RetryAdvice};
use easemob_token_transport::{TransportError, TransportErrorKind};

pub use self::kind::ErrorKind;

/// Error of a call that returned no token. Cheap to clone: all callers of one acquisition share it.
///
/// `Display` is one phrase that shows no secret; its cause is in [`source`](StdError::source).
/// [`report`](Self::report) has both in one line, for a log.
#[derive(Clone, Debug)]
pub struct Error(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cause: Cause,
    attempts: u32,
    /// The service's host and port, if an exchange with it failed.
    host: Option<Box<str>>,
    /// The pause before the next request, if another process's failure asks for one.
    pause: Option<Duration>,
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
        Self(Arc::new(Inner { cause, attempts, host: None, pause: None }))
    }

    /// No response came from this host, for the request of this number.
    pub(crate) fn no_response(error: TransportError, attempts: u32, host: &str) -> Self {
        let cause = Cause::Transport(error);
        Self(Arc::new(Inner { cause, attempts, host: Some(host.into()), pause: None }))
    }

    /// Another process could not reach this host, and no process tries again for this time.
    #[cfg(feature = "fleet")]
    pub(crate) fn not_reached_elsewhere(host: &str, pause: Duration) -> Self {
        let cause = "remembered from a request of another process";
        let error = TransportError::with_source(TransportErrorKind::Connect, cause);
        let (cause, pause) = (Cause::Transport(error), Some(pause));
        Self(Arc::new(Inner { cause, attempts: 0, host: Some(host.into()), pause }))
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

    /// Whether it is the failure of a request, or of the wait for one.
    pub(crate) fn ends_a_request(&self) -> bool {
        match &self.0.cause {
            Cause::Transport(error) => error.kind() != TransportErrorKind::Internal,
            Cause::Response(_) | Cause::Deadline => true,
            Cause::Input(_)
            | Cause::Build(_)
            | Cause::TooOften
            | Cause::QueueTooLong(_)
            | Cause::TooManyUsers(_) => false,
        }
    }

    /// The kind, for decisions of the caller.
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

    /// The member `error_description` of the service's error body, cleaned of secrets.
    ///
    /// For a response that cannot be read it is the fault of the response.
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

    /// The pause that the service asked for, that the client's own limit asks for, or that its fleet keeps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.cause {
            Cause::Response(error) => error.retry_after(),
            Cause::QueueTooLong(wait) | Cause::TooManyUsers(wait) => Some(*wait),
            Cause::Input(_)
            | Cause::Build(_)
            | Cause::Transport(_)
            | Cause::TooOften
            | Cause::Deadline => self.0.pause,
        }
    }

    /// Whether it timed out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// The number of requests that were sent for this token; 0 if the input was refused.
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
    fn the_phrase_is_written_once_and_the_cause_is_below_it() {
        let cause = TransportError::with_source(TransportErrorKind::Connect, "port 1 is closed");
        let error = Error::transport(cause, 1);
        assert_eq!(error.to_string(), "could not connect to the server");
        assert_eq!(error.source().unwrap().to_string(), "port 1 is closed");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 1));
        assert!(error.is_retryable());
    }
}

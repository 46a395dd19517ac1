//! Helpers for adapters that turn errors of an HTTP library into kinds of the port.

use std::error::Error;
use std::io;

use crate::TransportErrorKind;

/// Finds the first error of type `T` in the chain of `error`, itself included.
///
/// An [`io::Error`] that wraps another error shows the wrapped error's *source* in its chain, not
/// the wrapped error; this search looks inside, so that a TLS library's error is found behind it.
#[must_use]
pub fn find_in_chain<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    // Chains are short. The bound prevents a hang in a chain that contains itself.
    for _ in 0..32 {
        let current = next?;
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        next = match current.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => current.source(),
        };
    }
    None
}

/// The kind of a failure *before* the request was sent.
///
/// `Timeout` if the chain contains an [`io::ErrorKind::TimedOut`], otherwise `Connect`. Look for the TLS
/// library's error first ([`find_in_chain`]): a refused certificate often looks like a connect error.
#[must_use]
pub fn classify_connect(error: &(dyn Error + 'static)) -> TransportErrorKind {
    if is_timed_out(error) { TransportErrorKind::Timeout } else { TransportErrorKind::Connect }
}

/// The kind of a failure *after* sending began.
///
/// `Timeout` if the chain contains an [`io::ErrorKind::TimedOut`], otherwise `Interrupted`.
#[must_use]
pub fn classify_exchange(error: &(dyn Error + 'static)) -> TransportErrorKind {
    if is_timed_out(error) { TransportErrorKind::Timeout } else { TransportErrorKind::Interrupted }
}

/// Whether hyper, below some HTTP library, found more chunk extensions or trailers than it reads.
///
/// Only the text of its error shows that.
#[must_use]
pub fn is_beyond_bounds_of_hyper(error: &(dyn Error + 'static)) -> bool {
    const EXCEEDED: [&str; 3] =
        ["extensions over limit", "trailers bytes over limit", "trailers count overflow"];
    find_in_chain::<io::Error>(error).is_some_and(|io| {
        io.kind() == io::ErrorKind::InvalidData
            && EXCEEDED.iter().any(|text| io.to_string().contains(text))
    })
}

fn is_timed_out(error: &(dyn Error + 'static)) -> bool {
    find_in_chain::<io::Error>(error).is_some_and(|io| io.kind() == io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Library(io::Error);

    impl fmt::Display for Library {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("library")
        }
    }

    impl Error for Library {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[derive(Debug)]
    struct Certificate;

    impl fmt::Display for Certificate {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("certificate")
        }
    }

    impl Error for Certificate {}

    #[test]
    fn a_time_out_is_found_behind_a_library_error() {
        let error = Library(io::Error::from(io::ErrorKind::TimedOut));
        assert_eq!(classify_connect(&error), TransportErrorKind::Timeout);
        assert_eq!(classify_exchange(&error), TransportErrorKind::Timeout);
    }

    #[test]
    fn any_other_io_error_is_named_after_its_phase() {
        let error = Library(io::Error::from(io::ErrorKind::ConnectionReset));
        assert_eq!(classify_connect(&error), TransportErrorKind::Connect);
        assert_eq!(classify_exchange(&error), TransportErrorKind::Interrupted);
    }

    #[test]
    fn an_error_inside_an_io_error_is_found() {
        let error = Library(io::Error::other(io::Error::other(Certificate)));
        assert!(find_in_chain::<Certificate>(&error).is_some());
        assert!(find_in_chain::<fmt::Error>(&error).is_none());
    }
}

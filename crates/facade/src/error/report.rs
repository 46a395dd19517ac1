//! The report of an error: its phrase and its causes in one line.

use std::error::Error as _;

use super::Error;

impl Error {
    /// The phrase, host and causes in one line, for a log.
    ///
    /// The host is the service's, if it did not respond. The line shows no secret. The command prints
    /// it, and so do the events of `tracing`.
    ///
    /// ```
    /// use easemob_token::Error;
    ///
    /// fn log(error: &Error) {
    ///     // connect: could not connect to the server (a1.easemob.com): Connection refused …
    ///     eprintln!("{}: {}", error.kind(), error.report());
    /// }
    /// ```
    #[must_use]
    pub fn report(&self) -> String {
        let mut report = self.to_string();
        if let Some(host) = &self.0.host {
            report = format!("{report} ({host})");
        }
        let mut cause = self.source();
        while let Some(below) = cause {
            let text = below.to_string().replace(char::is_control, " ");
            if !report.contains(&text) {
                report.push_str(": ");
                report.push_str(&text);
            }
            cause = below.source();
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use std::{fmt, io};

    use easemob_token_transport::{TransportError, TransportErrorKind};

    use super::*;

    /// An error whose phrase repeats its cause, as those of many libraries do.
    #[derive(Debug)]
    struct Lookup(io::Error);

    impl fmt::Display for Lookup {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "name lookup\n\u{1b}[31mfailed: {}", self.0)
        }
    }

    impl std::error::Error for Lookup {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn host_and_causes_are_in_one_line_and_each_stands_once() {
        let cause = Lookup(io::Error::other("Name or service not known"));
        let cause = TransportError::with_source(TransportErrorKind::Connect, cause);
        let error = Error::no_response(cause, 1, "im.example:8443");
        assert_eq!(
            error.report(),
            "could not connect to the server (im.example:8443): name lookup  [31mfailed: Name or \
             service not known"
        );
        assert_eq!(error.to_string(), "could not connect to the server");
        assert_eq!(Error::deadline(1).report(), Error::deadline(1).to_string());
    }
}

//! What to do after an error of a call, in one clause.

use easemob_token::{Error, ErrorKind};

use crate::time;

/// The error and its causes in one line, with the remedy if they do not have one.
pub(crate) fn report(error: &Error) -> String {
    let report = error.report();
    // Causes of the transports name settings, and phrases say what to check.
    let has_one = report.contains("roots_pem") || report.contains("check ");
    match remedy(error) {
        Some(remedy) if !has_one => format!("{report}; {remedy}"),
        _ => report,
    }
}

fn remedy(error: &Error) -> Option<String> {
    let text = match error.kind() {
        ErrorKind::InvalidClient => "copy both from the console again",
        ErrorKind::InvalidPassword => "enter both again",
        ErrorKind::UserNotFound => "register the user first, or run user with --create",
        ErrorKind::UserDeactivated => "unban it with the REST API",
        ErrorKind::InvalidUsername => "an ID has 1 to 64 bytes of a-z 0-9 _ . -",
        ErrorKind::RateLimited => {
            let pause = error.retry_after().map_or(60, time::whole_seconds);
            return Some(format!("try again after {pause} s"));
        }
        ErrorKind::QuotaExceeded => "change the plan",
        ErrorKind::Connect => "check the base URL, the firewall and the proxy",
        ErrorKind::Tls => {
            "check the clock, or name the roots of this server with --ca-file or --add-ca-file"
        }
        ErrorKind::Timeout => "raise --timeout or --deadline, or try again",
        ErrorKind::Interrupted => "try again, and check the proxies and gateways on the way",
        ErrorKind::ServerError => "try again later",
        ErrorKind::Conflict => "try again after a second",
        ErrorKind::TooLarge => "check that the base URL leads to the service",
        ErrorKind::MalformedResponse => "check the base URL, proxies and firewalls on the way",
        _ => return None,
    };
    Some(text.to_owned())
}

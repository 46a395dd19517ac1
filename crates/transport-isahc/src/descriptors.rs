//! A check that the process has file descriptors left for an exchange.

use easemob_token_transport::TransportError;

/// Enough for an exchange: its connection, the name look-up, the roots and the certificates.
pub(crate) const FOR_EXCHANGE: usize = 8;
/// The same together with a new client, which has seven.
pub(crate) const FOR_CLIENT: usize = 16;

/// Opens as many descriptors, and closes them again.
///
/// Without them, libcurl returns no handle and isahc's agent thread panics. Another part of the
/// process may take them a moment later: that race remains.
#[cfg(unix)]
pub(crate) fn check(needed: usize) -> Result<(), TransportError> {
    use std::io;
    use std::os::fd::AsFd;

    use easemob_token_transport::TransportErrorKind;

    /// `ENFILE` and `EMFILE`, on every Unix.
    const SHORT: [i32; 2] = [23, 24];

    // A copy of any descriptor is good enough, and this one is nearly always open. If it is not,
    // nothing is known and nothing is refused.
    let stdin = io::stdin();
    let copies: io::Result<Vec<_>> =
        (0..needed).map(|_| stdin.as_fd().try_clone_to_owned()).collect();
    match copies {
        Err(error) if error.raw_os_error().is_some_and(|code| SHORT.contains(&code)) => {
            let problem = format!(
                "no free file descriptor: an exchange needs up to {needed}; raise the limit \
                 (ulimit -n) or lower max_concurrent_exchanges ({error})"
            );
            Err(TransportError::with_source(TransportErrorKind::Connect, problem))
        }
        _ => Ok(()),
    }
}

/// Does nothing: other systems have no such limit.
#[cfg(not(unix))]
pub(crate) fn check(_needed: usize) -> Result<(), TransportError> {
    Ok(())
}

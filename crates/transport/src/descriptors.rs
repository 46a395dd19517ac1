//! A check that the process has file descriptors left.

use crate::TransportError;

/// Checks that so many file descriptors are free: opens them, and closes them again.
///
/// For what fails in another way without them. Some libraries panic, and root certificates that cannot be
/// read look like a machine that has none. Another part of the process may take them a moment later.
///
/// # Errors
///
/// [`Connect`](crate::TransportErrorKind::Connect), since nothing was sent and a retry may succeed.
#[cfg(unix)]
pub fn check_descriptors(needed: usize) -> Result<(), TransportError> {
    use std::io;
    use std::os::unix::net::UnixStream;

    use crate::TransportErrorKind;

    /// `ENFILE` and `EMFILE`, on every Unix.
    const SHORT: [i32; 2] = [23, 24];

    let pairs: io::Result<Vec<_>> = (0..needed.div_ceil(2)).map(|_| UnixStream::pair()).collect();
    match pairs {
        Err(error) if error.raw_os_error().is_some_and(|code| SHORT.contains(&code)) => {
            let problem = format!(
                "no free file descriptor: an exchange needs up to {needed}; raise the limit \
                 (ulimit -n) or lower max_concurrent_exchanges ({error})"
            );
            Err(TransportError::with_source(TransportErrorKind::Connect, problem))
        }
        // If it is not known, nothing is refused.
        _ => Ok(()),
    }
}

/// Does nothing: other systems have no such limit.
#[cfg(not(unix))]
pub fn check_descriptors(_needed: usize) -> Result<(), TransportError> {
    Ok(())
}

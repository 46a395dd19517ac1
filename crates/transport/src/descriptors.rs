//! A check that the process has file descriptors left.

use crate::TransportError;

/// Checks that so many file descriptors are free: counts them, or opens them and closes them again.
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
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;

    use crate::TransportErrorKind;

    /// `ENFILE` and `EMFILE`, on every Unix.
    const SHORT: [i32; 2] = [23, 24];

    if free_descriptors().is_some_and(|free| free >= needed as u64) {
        return Ok(());
    }
    // Copies of one descriptor cost a fifth of as many sockets.
    let first = UnixDatagram::unbound().map(OwnedFd::from);
    let all = first.and_then(|first| {
        let copies: io::Result<Vec<_>> = (1..needed).map(|_| first.try_clone()).collect();
        copies.map(|copies| (first, copies))
    });
    match all {
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

/// Returns how many file descriptors are free, if the system tells without opening them.
///
/// Linux does since 6.2. The limit is the soft one (`RLIMIT_NOFILE`).
#[cfg(any(target_os = "linux", target_os = "android"))]
#[must_use]
pub fn free_descriptors() -> Option<u64> {
    // Before, the size is 0.
    let open = std::fs::metadata("/proc/self/fd").ok()?.len();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    (open > 0).then(|| limit.unwrap_or(u64::MAX).saturating_sub(open))
}

/// Returns `None`: only Linux tells without opening them.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[must_use]
pub fn free_descriptors() -> Option<u64> {
    None
}

/// Does nothing: other systems have no such limit.
#[cfg(not(unix))]
pub fn check_descriptors(_needed: usize) -> Result<(), TransportError> {
    Ok(())
}

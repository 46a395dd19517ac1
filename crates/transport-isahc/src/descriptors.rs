//! Whether the process has file descriptors left for an exchange.

use easemob_token_transport::TransportError;

/// Enough for an exchange: its connection, the name look-up, the roots and the certificates.
pub(crate) const FOR_EXCHANGE: usize = 8;
/// The same together with a new client, which has seven.
pub(crate) const FOR_CLIENT: usize = 16;

/// Opens as many descriptors, and closes them again.
///
/// Without them, libcurl gives no handle and isahc's agent thread panics. What is free now may be
/// taken a moment later by another part of the process: that race is left.
#[cfg(unix)]
pub(crate) fn check(needed: usize) -> Result<(), TransportError> {
    use easemob_token_transport::TransportErrorKind;

    reserve(needed).map_err(|error| {
        let problem = format!(
            "no free file descriptor: an exchange needs up to {needed}; raise the limit (ulimit \
             -n) or lower max_concurrent_exchanges ({error})"
        );
        TransportError::with_source(TransportErrorKind::Connect, problem)
    })
}

#[cfg(unix)]
fn reserve(needed: usize) -> std::io::Result<()> {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    let (one, other) = UnixStream::pair()?;
    let mut held = Vec::with_capacity(needed);
    held.extend([OwnedFd::from(one), OwnedFd::from(other)]);
    while held.len() < needed {
        held.push(held[0].try_clone()?);
    }
    Ok(())
}

/// There is no such limit elsewhere.
#[cfg(not(unix))]
pub(crate) fn check(_needed: usize) -> Result<(), TransportError> {
    Ok(())
}

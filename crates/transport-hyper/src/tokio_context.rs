//! Checks that a thread is in a tokio runtime that can carry an exchange, and says what is missing.

use std::any::Any;
use std::error::Error;
use std::io;
use std::net::UdpSocket;
use std::panic::catch_unwind;
use std::time::Duration;

use easemob_token_transport::{TransportError, TransportErrorKind, find_in_chain};
use socket2::{Domain, Socket, Type};
use tokio::runtime::Handle;
use tokio::time::sleep;

const NO_RUNTIME: &str = "there is no tokio runtime on this thread: call it inside one \
                          (#[tokio::main], Runtime::block_on), or use the blocking client or the \
                          isahc transport, which need none";
const NO_TIME: &str =
    "this tokio runtime has no time driver: build it with enable_time or enable_all";
const NO_IO: &str = "this tokio runtime has no I/O driver: build it with enable_io or enable_all";
const ENDS: &str = "this tokio runtime is shutting down: call it on one that runs";
const UNKNOWN: &str = "hyper or tokio panicked, which is a defect of theirs or of this transport";

/// The part of tokio's message on a runtime that shuts down, in a panic or an error of a socket.
const SHUTDOWN: &str = "being shutdown";
/// The parts of tokio's own messages that tell its panics apart.
const PANICS: [(&str, &str); 4] = [
    ("timers are disabled", NO_TIME),
    ("IO is disabled", NO_IO),
    (SHUTDOWN, ENDS),
    ("no reactor running", NO_RUNTIME),
];

/// The runtime of this thread.
pub(crate) fn current() -> Result<Handle, TransportError> {
    Handle::try_current().map_err(|error| {
        // On a thread that ends, tokio's own text is the better one.
        if error.is_missing_context() { unusable(NO_RUNTIME) } else { unusable(error) }
    })
}

/// The runtime of this thread, if it has what an exchange needs.
///
/// tokio has no way to ask for its drivers: it panics when one is missing. So the panic hook runs.
pub(crate) fn with_drivers() -> Result<Handle, TransportError> {
    let runtime = current()?;
    // Neither the timer nor the socket is used.
    let try_drivers = || {
        drop(sleep(Duration::ZERO));
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        socket.set_nonblocking(true)?;
        tokio::net::UdpSocket::from_std(UdpSocket::from(socket)).map(drop)
    };
    match catch_unwind(try_drivers) {
        Err(panic) => Err(explain(&*panic)),
        Ok(Err(error)) if is_ending(&error) => Err(unusable(ENDS)),
        // Without a free descriptor, the exchange itself reports that.
        Ok(_) => Ok(runtime),
    }
}

/// The error for one of the system's that shows that the runtime is shutting down.
pub(crate) fn ending(error: &(dyn Error + 'static)) -> Option<TransportError> {
    find_in_chain::<io::Error>(error).is_some_and(is_ending).then(|| unusable(ENDS))
}

fn is_ending(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Other && error.to_string().contains(SHUTDOWN)
}

/// The error for a panic inside an exchange, which quotes nothing of its message.
pub(crate) fn explain(panic: &(dyn Any + Send)) -> TransportError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let known = PANICS.iter().find(|(part, _)| text.is_some_and(|text| text.contains(part)));
    unusable(known.map_or(UNKNOWN, |(_, reason)| reason))
}

fn unusable(reason: impl Into<Box<dyn Error + Send + Sync>>) -> TransportError {
    TransportError::with_source(TransportErrorKind::Internal, reason)
}

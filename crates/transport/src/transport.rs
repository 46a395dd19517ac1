//! The trait that an adapter implements, and the contract that it signs.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::Response;

use crate::{Exchange, Runtime, TransportError};

/// Sends one HTTP exchange.
///
/// The trait is object-safe and is held as `Arc<dyn Transport>`.
///
/// # The contract
///
/// 1. **A complete response is `Ok`, whatever its status.** Redirects are never followed.
/// 2. **At most once.** One call sends the request at most once, and what comes back belongs to
///    this request and to no other. On a kept connection no client can be sure of that: a response
///    that nobody asked for can arrive just before the request is written. An exchange that
///    [needs a fresh connection](Exchange::needs_fresh_connection) gets one that is opened for it
///    and closed after it. An adapter that knows whether the connection was used before says so by
///    a [`ConnectionUse`](crate::ConnectionUse) in the response's extensions; a missing mark means
///    that it cannot say.
/// 3. **Whole, bounded, as it came.** The body is complete and holds at most
///    [`Exchange::max_response_bytes`]; more is [`TooLarge`](crate::TransportErrorKind::TooLarge).
///    So are chunk extensions and trailers without end. Nothing is decompressed and nothing is cut off silently. A head of 100 fields and 32 KiB
///    passes; one of 101 fields or 33 KiB is `TooLarge` ([`head_within_limits`](crate::head_within_limits)).
/// 4. **In time.** [`Exchange::timeout`] covers everything from the name look-up to the last byte.
///    Connecting and the TLS handshake have a shorter limit of the adapter's own
///    ([`DEFAULT_CONNECT_TIMEOUT`](crate::DEFAULT_CONNECT_TIMEOUT)). Whatever the other side sends,
///    an exchange takes at most a tenth of its time limit in processor time (in an optimized build).
/// 5. **Dropping the future ends the exchange.** The other side sees the connection closed within
///    a second.
/// 6. **Silence.** Nothing of a header's value, of the query or of the body is logged, at any
///    level. Where a library below would log it, the adapter stops it; where it cannot, its
///    documentation says so.
/// 7. **No process-wide state** is read or set: no default crypto provider, no proxy variable
///    unless asked. One exception: the limit of descriptors is read once, when an adapter is built
///    ([`ExchangeLimit::from_descriptors`](crate::ExchangeLimit::from_descriptors)).
/// 8. **An error value at once** for a wrong runtime, a dead agent thread or use after a fork:
///    never a panic, never a hang.
/// 9. **Plain `http://` is refused** unless the host is loopback or the caller opted in by name
///    ([`Exchange::allow_plain_http`]); [`check_scheme`](crate::check_scheme) does it. `localhost` and
///    names below `.localhost` are never looked up, neither as target nor as proxy:
///    [`loopback_addresses`](crate::loopback_addresses) has their addresses.
///
/// # Example
///
/// A transport that answers from memory, for a test:
///
/// ```
/// use bytes::Bytes;
/// use easemob_token_transport::{Exchange, Transport, TransportError, async_trait};
///
/// #[derive(Debug)]
/// struct Canned(&'static str);
///
/// #[async_trait]
/// impl Transport for Canned {
///     async fn send(&self, _: Exchange) -> Result<http::Response<Bytes>, TransportError> {
///         Ok(http::Response::new(Bytes::from_static(self.0.as_bytes())))
///     }
/// }
/// ```
#[async_trait]
pub trait Transport: Debug + Send + Sync + 'static {
    /// Sends the exchange and waits for the whole response.
    ///
    /// # Errors
    ///
    /// A [`TransportError`] where no complete response arrived. Its kind says whether the request
    /// was possibly sent.
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError>;

    /// The runtime that exchanges of this transport need around them; `None` where it does not
    /// know one, and the user has to bring it.
    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        None
    }

    /// A runtime for callers who have none around them, for a blocking client: it lives on its own
    /// and ends when it is dropped. Unless an adapter says otherwise, that of
    /// [`runtime`](Self::runtime).
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::TransportErrorKind::Internal) where it cannot be started.
    fn own_runtime(&self) -> Result<Option<Arc<dyn Runtime>>, TransportError> {
        Ok(self.runtime())
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        (**self).send(exchange).await
    }

    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        (**self).runtime()
    }

    fn own_runtime(&self) -> Result<Option<Arc<dyn Runtime>>, TransportError> {
        (**self).own_runtime()
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Box<T> {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        (**self).send(exchange).await
    }

    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        (**self).runtime()
    }

    fn own_runtime(&self) -> Result<Option<Arc<dyn Runtime>>, TransportError> {
        (**self).own_runtime()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_object_safe_and_shared_between_threads() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Arc<dyn Transport>>();
        shared::<Box<dyn Transport>>();
    }
}

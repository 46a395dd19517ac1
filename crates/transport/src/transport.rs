//! The trait that an adapter implements, and its contract.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::Response;

use crate::{Exchange, Runtime, TransportError};

/// Sends HTTP exchanges.
///
/// The trait is object-safe and is used as `Arc<dyn Transport>`.
///
/// # The contract
///
/// The crate `easemob-token-transport-testkit` tests every rule for any adapter.
///
/// 1. **Any complete response is `Ok`**, whatever its status. Redirects are never followed.
/// 2. **At most once.** One call sends the request at most once, and the response belongs to this
///    request. On a reused connection no client can be sure of that, since an unsolicited response can
///    arrive just before the request is written. An exchange that
///    [needs a fresh connection](Exchange::needs_fresh_connection) gets a new one, which is closed
///    afterwards. An adapter that knows whether the connection was reused adds a
///    [`ConnectionUse`](crate::ConnectionUse) to the response's extensions.
/// 3. **Complete, bounded, unchanged.** The body is complete and has at most
///    [`Exchange::max_response_bytes`]; a longer one is
///    [`TooLarge`](crate::TransportErrorKind::TooLarge), and so are endless chunk extensions and
///    trailers. A head of up to 100 fields and 32 KiB is accepted; a larger one is `TooLarge`
///    ([`head_within_limits`](crate::head_within_limits)). Nothing is decompressed or truncated.
/// 4. **In time.** [`Exchange::timeout`] covers everything from the name look-up to the last byte.
///    Connecting, with the TLS handshake, has a shorter limit of its own
///    ([`DEFAULT_CONNECT_TIMEOUT`](crate::DEFAULT_CONNECT_TIMEOUT)). Whatever the peer sends, an exchange
///    uses at most a tenth of its time limit in processor time (in an optimized build).
/// 5. **Dropping the future ends the exchange.** Its connection is closed within a second.
/// 6. **No secrets in logs.** Header values, the query and the body are not logged at any level. If a
///    library below logs them, the adapter suppresses that, or documents that it cannot.
/// 7. **No process-wide state** is read or set: no default crypto provider, and no proxy variable unless
///    requested. One exception: the limit of file descriptors is read once, when an adapter is built
///    ([`ExchangeLimit::from_descriptors`](crate::ExchangeLimit::from_descriptors)).
/// 8. **Errors are returned at once** for a wrong runtime, a dead thread, or use after a fork
///    ([`ForkGuard`](crate::ForkGuard)). Calls never panic and never hang.
/// 9. **Plain `http://` is refused** unless the host is loopback or the caller permitted it
///    ([`Exchange::allow_plain_http`]); [`check_scheme`](crate::check_scheme) implements this rule.
///    `localhost` and names below `.localhost` are never looked up, neither as target nor as proxy:
///    [`loopback_addresses`](crate::loopback_addresses) returns their addresses.
///
/// # Example
///
/// A transport for tests that returns a fixed response:
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
    /// A [`TransportError`] if no complete response arrived. Its kind tells whether the request may
    /// have been sent.
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError>;

    /// The runtime in which this transport's exchanges must run. `None` if the user has to provide it.
    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        None
    }

    /// Starts a runtime for callers outside of one, such as a blocking client. It ends when it is
    /// dropped.
    ///
    /// By default this is [`runtime`](Self::runtime).
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::TransportErrorKind::Internal) if it cannot be started.
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

//! Name look-up by the system, except for loopback names, whose addresses are fixed.

use std::future::{Future, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use easemob_token_transport::loopback_addresses;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

/// Resolves loopback names itself and asks `R`, the system's resolver, for all others.
#[derive(Clone)]
pub(crate) struct PinningResolver<R = GaiResolver>(R);

impl PinningResolver {
    pub(crate) fn new() -> Self {
        Self(GaiResolver::new())
    }
}

impl<R> Service<Name> for PinningResolver<R>
where
    R: Service<Name, Error = io::Error>,
    R::Response: Iterator<Item = SocketAddr>,
    R::Future: Send + 'static,
{
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if let Some(addresses) = loopback_addresses(name.as_str()) {
            // The connector sets the port.
            let addresses = Vec::from(addresses.map(|address| SocketAddr::new(address, 0)));
            return Box::pin(ready(Ok(addresses.into_iter())));
        }
        let looking_up = self.0.call(name);
        Box::pin(async move { Ok(looking_up.await?.collect::<Vec<_>>().into_iter()) })
    }
}

#[cfg(test)]
mod tests {
    use std::future::Ready;

    use super::*;

    /// Notes what it is asked and knows one address.
    #[derive(Default)]
    struct Recording(Vec<String>);

    impl Service<Name> for Recording {
        type Response = std::iter::Once<SocketAddr>;
        type Error = io::Error;
        type Future = Ready<io::Result<Self::Response>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, name: Name) -> Self::Future {
            self.0.push(name.as_str().to_owned());
            ready(Ok(std::iter::once(([10, 99, 0, 1], 0).into())))
        }
    }

    #[tokio::test]
    async fn loopback_names_are_never_looked_up() {
        let mut resolver = PinningResolver(Recording::default());
        for name in ["localhost", "LocalHost.", "evil.localhost", "a.b.localhost."] {
            let addresses = resolver.call(name.parse().unwrap()).await.unwrap();
            let addresses: Vec<_> = addresses.map(|own| own.ip().to_string()).collect();
            assert_eq!(addresses, ["127.0.0.1", "::1"], "{name}");
        }
        assert!(resolver.0.0.is_empty(), "{:?}", resolver.0.0);
        let mut addresses = resolver.call("localhost.evil.com".parse().unwrap()).await.unwrap();
        assert_eq!(addresses.next(), Some(([10, 99, 0, 1], 0).into()));
        assert_eq!(resolver.0.0, ["localhost.evil.com"]);
    }
}

//! Name look-up: loopback names have fixed addresses, all others go to a resolver.

use std::net::SocketAddr;
use std::sync::Arc;

use easemob_token_transport::loopback_addresses;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

/// Knows the loopback names, and asks another resolver for all others.
pub(crate) struct PinningResolver(pub(crate) Arc<dyn Resolve>);

impl Resolve for PinningResolver {
    fn resolve(&self, name: Name) -> Resolving {
        match loopback_addresses(name.as_str()) {
            Some(addresses) => {
                // Port 0 is replaced by that of the URL.
                let addresses = addresses.map(|address| SocketAddr::new(address, 0));
                Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
            }
            None => self.0.resolve(name),
        }
    }
}

/// The system's resolver.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses: Vec<_> = lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

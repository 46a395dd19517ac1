//! What a client tells its observer: requests, waits, failures; never a token.

use std::time::Duration;

use easemob_token_core::GrantType;

use crate::error::Error;

/// Something that a client did. No event holds a secret, a token or a user ID.
///
/// An acquisition is everything done for one token that is not at hand: one request, or a few
/// where asking again may help. It is one [`Started`](Self::Started), one
/// [`Delivery`](Self::Sent) a request, and one [`Succeeded`](Self::Succeeded) or
/// [`Failed`](Self::Failed). Three things are out of the ordinary: an acquisition for one caller
/// alone, whose token is not cached, ends without an event if that caller gives up; one whose runtime
/// ends or rests has no end, and another one starts in its place; and one that no runtime could run is
/// `Failed` without having `Started`. Events come from several threads, so
/// those of two acquisitions may arrive in another order than the acquisitions ended in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A kept token was handed out at once.
    #[non_exhaustive]
    Hit {
        /// The token's grant.
        grant: GrantType,
    },
    /// A caller waited for an acquisition, its own or somebody else's, and that one ended.
    #[non_exhaustive]
    Waited {
        /// The token's grant.
        grant: GrantType,
        /// How long the caller waited.
        time: Duration,
    },
    /// An acquisition began.
    #[non_exhaustive]
    Started {
        /// The token's grant.
        grant: GrantType,
        /// Whether it replaces a token that is still good, so that nobody waits for it.
        refresh: bool,
    },
    /// A request was held back, so that the App Key stays under its limit.
    #[non_exhaustive]
    Paced {
        /// The request's grant.
        grant: GrantType,
        /// For how long.
        time: Duration,
    },
    /// A request is handed to the transport.
    #[non_exhaustive]
    Sent {
        /// The request's grant.
        grant: GrantType,
        /// Its number within its acquisition, from 1.
        attempt: u32,
    },
    /// A request brought no token, and another one follows.
    #[non_exhaustive]
    Retrying {
        /// The request's grant.
        grant: GrantType,
        /// Why there is another one.
        error: &'a Error,
        /// The pause before it.
        pause: Duration,
    },
    /// An acquisition brought a token.
    #[non_exhaustive]
    Succeeded {
        /// The token's grant.
        grant: GrantType,
        /// The token's number in its cache; 0 where none is kept.
        generation: u64,
        /// How long it took.
        time: Duration,
    },
    /// An acquisition brought no token.
    #[non_exhaustive]
    Failed {
        /// The token's grant.
        grant: GrantType,
        /// Why.
        error: &'a Error,
        /// Whether a kept token is still good, so that no caller saw the failure.
        usable: bool,
        /// How long it took.
        time: Duration,
    },
    /// A cached token was reported as refused, and is replaced.
    #[non_exhaustive]
    Invalidated {
        /// The token's grant.
        grant: GrantType,
        /// The token's number in its cache.
        generation: u64,
    },
}

/// Is told of what a client does, to count it: the bridge to a metrics library of one's own.
///
/// It is called where the thing happens, on whatever thread, also for each kept token that is
/// handed out: it has to be quick and must not block. Where it panics, that is caught and goes no
/// further. A closure will do:
///
/// ```
/// # #[cfg(feature = "hyper")]
/// # fn run() -> Result<(), easemob_token::ConfigError> {
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use easemob_token::{Client, Event, hyper::HyperTransport};
///
/// static REQUESTS: AtomicU64 = AtomicU64::new(0);
///
/// let client = Client::builder()
///     .base_url("https://a1.easemob.com")
///     .app_key("easemob-demo#testapp")
///     .client_credentials("id", "secret")
///     .transport(HyperTransport::new())
///     .observer(|event: &Event<'_>| {
///         if let Event::Sent { .. } = event {
///             REQUESTS.fetch_add(1, Ordering::Relaxed);
///         }
///     })
///     .build()?;
/// # Ok(()) }
/// # #[cfg(feature = "hyper")]
/// # run().unwrap();
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Something happened.
    fn observe(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for F {
    fn observe(&self, event: &Event<'_>) {
        self(event);
    }
}

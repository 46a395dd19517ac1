//! Events of a client for its observer: requests, waits, failures; never a token.

use std::time::Duration;

use easemob_token_core::GrantType;

use crate::error::Error;

/// An event of a client. No event holds a secret, a token or a user ID.
///
/// An *acquisition* is the work for one token that is not in the cache: one request, retries
/// included. It emits one [`Started`](Self::Started), one [`Sent`](Self::Sent) per request, and one
/// [`Succeeded`](Self::Succeeded) or [`Failed`](Self::Failed). There are some exceptions:
///
/// - An acquisition whose token is not cached emits no last event if its caller is cancelled.
/// - An acquisition whose runtime ends or is not driven emits no last event; another one replaces
///   it.
/// - An acquisition that no runtime could spawn emits `Failed` without `Started`.
/// - With a store, a refresh that another process does ends with `LeaseWaited`.
///
/// Match a variant with or without `..`; a `match` needs a `_`, since more variants may come.
/// [`name`](Self::name) and [`grant`](Self::grant) are the same for all, such as for labels.
///
/// ```
/// use easemob_token::Event;
///
/// fn line(event: &Event<'_>) -> String {
///     match *event {
///         Event::Failed { error, usable, .. } => format!("usable {usable}: {}", error.report()),
///         Event::Throttled { grant, time } => format!("{grant} waits {time:?}"),
///         _ => format!("{} {}", event.grant(), event.name()),
///     }
/// }
/// ```
///
/// Events come from several threads, so those of two acquisitions may arrive in another order than
/// they happened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A cached token was returned at once.
    Hit {
        /// The token's grant.
        grant: GrantType,
    },
    /// A caller waited for an acquisition, and the acquisition ended.
    Waited {
        /// The token's grant.
        grant: GrantType,
        /// How long the caller waited.
        time: Duration,
    },
    /// An acquisition started.
    Started {
        /// The token's grant.
        grant: GrantType,
        /// Whether it replaces a usable token, so that no caller waits for it.
        refresh: bool,
    },
    /// A request was delayed, so that the App Key stays under its rate limit.
    Throttled {
        /// The request's grant.
        grant: GrantType,
        /// How long it was delayed.
        time: Duration,
    },
    /// A request is about to be sent.
    Sent {
        /// The request's grant.
        grant: GrantType,
        /// Its number within its acquisition, from 1.
        attempt: u32,
    },
    /// A request failed, and a retry follows.
    Retrying {
        /// The request's grant.
        grant: GrantType,
        /// The error of the failed request.
        error: &'a Error,
        /// The pause before the retry.
        pause: Duration,
    },
    /// An acquisition succeeded.
    Succeeded {
        /// The token's grant.
        grant: GrantType,
        /// The token's number in its cache; 0 if it is not cached.
        generation: u64,
        /// How long it took.
        time: Duration,
    },
    /// An acquisition failed.
    Failed {
        /// The token's grant.
        grant: GrantType,
        /// The error.
        error: &'a Error,
        /// Whether a cached token is still usable, so that no caller saw the failure.
        usable: bool,
        /// How long it took.
        time: Duration,
    },
    /// A cached token was reported as refused, and is replaced.
    Invalidated {
        /// The token's grant.
        grant: GrantType,
        /// The token's number in its cache.
        generation: u64,
    },
    /// A token that another process fetched was taken from the store. `Succeeded` follows.
    #[cfg(feature = "fleet")]
    Adopted {
        /// The token's grant.
        grant: GrantType,
        /// For how long the token has been in use.
        age: Duration,
    },
    /// An acquisition left the request to another process, which holds the lease in the store.
    #[cfg(feature = "fleet")]
    LeaseWaited {
        /// The token's grant.
        grant: GrantType,
        /// How long this one waited for the token; zero if it has a usable one and looks again later.
        time: Duration,
    },
    /// An operation of the store failed. No call fails for it.
    #[cfg(feature = "fleet")]
    StoreFailed {
        /// The token's grant.
        grant: GrantType,
        /// The error.
        error: &'a easemob_token_store::StoreError,
    },
}

impl Event<'_> {
    /// The stable name: the field `event` in `tracing`, and `hit`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hit { .. } => "hit",
            Self::Waited { .. } => "waited",
            Self::Started { .. } => "started",
            Self::Throttled { .. } => "throttled",
            Self::Sent { .. } => "sent",
            Self::Retrying { .. } => "retrying",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Invalidated { .. } => "invalidated",
            #[cfg(feature = "fleet")]
            Self::Adopted { .. } => "adopted",
            #[cfg(feature = "fleet")]
            Self::LeaseWaited { .. } => "lease_waited",
            #[cfg(feature = "fleet")]
            Self::StoreFailed { .. } => "store_failed",
        }
    }

    /// The grant of the token.
    #[must_use]
    pub fn grant(&self) -> GrantType {
        match *self {
            Self::Hit { grant }
            | Self::Waited { grant, .. }
            | Self::Started { grant, .. }
            | Self::Throttled { grant, .. }
            | Self::Sent { grant, .. }
            | Self::Retrying { grant, .. }
            | Self::Succeeded { grant, .. }
            | Self::Failed { grant, .. }
            | Self::Invalidated { grant, .. } => grant,
            #[cfg(feature = "fleet")]
            Self::Adopted { grant, .. }
            | Self::LeaseWaited { grant, .. }
            | Self::StoreFailed { grant, .. } => grant,
        }
    }
}

/// An observer of a client's events, for example to count them in a metrics library.
///
/// It is called on the thread on which the event happens, also for each cached token that is
/// returned, so it must be quick and must not block. A panic in it is caught. A closure is an
/// observer:
///
/// ```
/// # #[cfg(feature = "hyper")]
/// # fn run() -> Result<(), easemob_token::ConfigError> {
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use easemob_token::{Client, Event, hyper::HyperTransport};
///
/// static REQUESTS: AtomicU64 = AtomicU64::new(0);
///
/// let client = Client::builder("https://a1.easemob.com", "easemob-demo#testapp")
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
    /// Handles an event.
    fn observe(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for F {
    fn observe(&self, event: &Event<'_>) {
        self(event);
    }
}

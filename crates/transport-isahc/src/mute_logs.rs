//! Keeps isahc from logging what it sends and receives.
//!
//! isahc lets curl describe every exchange, headers and bodies included, on its agent thread if its
//! span `handler` is not "none". If no crate of the build turns on `tracing/log`, it is enough to
//! make the request under a subscriber that disables the span. If one does, a disabled span still has
//! its metadata, curl describes, and the events go to the subscriber that is the default *of the
//! agent thread*. That thread belongs to isahc; the only code of ours that it calls is the subscriber
//! under which its first span, `agent_thread`, was made: [`Mute::enter`].

use std::cell::{Cell, RefCell};
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest, Subscriber};
use tracing::{Dispatch, Event, Metadata, dispatcher};

thread_local! {
    // Lives as long as the thread and is dropped with it, so that nothing is left behind.
    static MUTED: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
    // Whether the latest agent that this thread started has our span, and so is mute.
    static STARTED_MUTE: Cell<bool> = const { Cell::new(false) };
}

/// Makes this thread mute, and every agent thread that isahc starts from it while the guard lives.
///
/// `None` if there is no listener for isahc: setting a subscriber, even for one thread, ends the records
/// that `tracing/log` makes for the whole process, so it is done only if needed.
pub(crate) fn begin() -> Option<DefaultGuard> {
    is_listened_to().then(|| dispatcher::set_default(mute()))
}

/// Whether the agent that this thread started last logs nothing to any listener, now or later.
pub(crate) fn is_latest_agent_mute() -> bool {
    STARTED_MUTE.replace(false)
}

/// Whether a subscriber would receive what an agent that is not mute logs.
///
/// A logger would not: `begin` ends the records that `tracing` makes for it, also those of running
/// agents.
pub(crate) fn is_asked_of_agents() -> bool {
    LevelFilter::current() > LevelFilter::INFO
}

fn is_listened_to() -> bool {
    // At other levels isahc shows neither URI, header nor body. These are the targets that do.
    is_asked_of_agents()
        || log::log_enabled!(target: "isahc::wire", log::Level::Trace)
        || log::log_enabled!(target: "isahc::handler", log::Level::Debug)
        || log::log_enabled!(target: "isahc::client", log::Level::Debug)
}

/// The one subscriber of the process: each new one would make `tracing` check every call site again.
fn mute() -> &'static Dispatch {
    static MUTE: OnceLock<Dispatch> = OnceLock::new();
    MUTE.get_or_init(|| Dispatch::new(Mute))
}

/// A subscriber that records nothing and raises no level.
///
/// It enables one span: the one that isahc's agent thread enters before it does anything else.
struct Mute;

impl Mute {
    fn is_agent_span(metadata: &Metadata<'_>) -> bool {
        metadata.is_span()
            && metadata.name() == "agent_thread"
            && metadata.target().starts_with("isahc::")
    }
}

impl Subscriber for Mute {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::is_agent_span(metadata) {
            // Not `always`: on other threads their own subscriber decides.
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The span is at DEBUG, and it is needed only if another subscriber listens at DEBUG.
        Some(LevelFilter::OFF)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        Self::is_agent_span(metadata)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        STARTED_MUTE.set(true);
        Id::from_u64(1)
    }

    fn enter(&self, _: &Id) {
        MUTED.with_borrow_mut(|muted| {
            muted.get_or_insert_with(|| dispatcher::set_default(mute()));
        });
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn exit(&self, _: &Id) {}
}

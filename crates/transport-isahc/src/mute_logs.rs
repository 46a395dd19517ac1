//! Keeps isahc from telling `tracing` and `log` what it sends and receives.
//!
//! isahc has curl describe every exchange, headers and bodies included, on its agent thread as
//! soon as its span `handler` is not "none". Where no crate of the build turns on `tracing/log`,
//! it is enough to make the request under a subscriber that disables the span. Where one does, a
//! disabled span still has its metadata, curl describes, and the events go to whatever subscriber
//! is the default *of the agent thread*. That thread is isahc's own; the one thing of ours that it
//! calls is the subscriber under which its first span, `agent_thread`, was made: [`Hush::enter`].

use std::cell::{Cell, RefCell};
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest, Subscriber};
use tracing::{Dispatch, Event, Metadata, dispatcher};

thread_local! {
    // Holds for as long as the thread lives; dropped with it, so that nothing is left behind.
    static MUTED: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
    // Whether the latest agent that this thread started has our span, and so is mute.
    static STARTED_MUTE: Cell<bool> = const { Cell::new(false) };
}

/// Makes this thread mute, and every agent thread that isahc starts from it while the guard lives.
///
/// `None` where nobody would hear isahc anyway: to set a subscriber, even for one thread, switches
/// the records off that `tracing/log` makes for the whole process, and is not done for nothing.
pub(crate) fn begin() -> Option<DefaultGuard> {
    is_heard().then(|| dispatcher::set_default(hush()))
}

/// Whether the agent that this thread started last says nothing to any listener, now or later.
pub(crate) fn is_latest_agent_mute() -> bool {
    STARTED_MUTE.replace(false)
}

/// Whether a subscriber would hear an agent that is not mute. A logger would not: `begin` ends the
/// records that `tracing` makes for it, those of running agents too.
pub(crate) fn is_asked_of_agents() -> bool {
    LevelFilter::current() > LevelFilter::INFO
}

fn is_heard() -> bool {
    // Below DEBUG isahc shows neither URI, header nor body. The targets are those of isahc that do.
    is_asked_of_agents()
        || log::log_enabled!(target: "isahc::wire", log::Level::Trace)
        || log::log_enabled!(target: "isahc::handler", log::Level::Debug)
        || log::log_enabled!(target: "isahc::client", log::Level::Debug)
}

/// One for the process: each new one would make `tracing` ask everybody about every call site.
fn hush() -> &'static Dispatch {
    static HUSH: OnceLock<Dispatch> = OnceLock::new();
    HUSH.get_or_init(|| Dispatch::new(Hush))
}

/// Records nothing, raises no level, and knows one span: the one that isahc's agent thread enters
/// before it does anything else.
struct Hush;

impl Hush {
    fn is_agent_span(metadata: &Metadata<'_>) -> bool {
        metadata.is_span()
            && metadata.name() == "agent_thread"
            && metadata.target().starts_with("isahc::")
    }
}

impl Subscriber for Hush {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::is_agent_span(metadata) {
            // Not `always`: on other threads their own subscriber decides.
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The span is at DEBUG, and it is needed only where somebody else listens at DEBUG.
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
            muted.get_or_insert_with(|| dispatcher::set_default(hush()));
        });
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn exit(&self, _: &Id) {}
}

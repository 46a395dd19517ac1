//! What the cache finds around it: the clock, the tasks, and somebody to tell.

use std::time::Duration;

use easemob_token_transport::Task;
use shuttle::future::spawn;
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::sync::atomic::{AtomicU64, Ordering};
use tracing::Span;

use crate::clock::Clock;
use crate::event::{Event, GrantType};

#[derive(Debug)]
pub(crate) struct Acquirer {
    pub(crate) clock: Clock,
    pub(crate) runtime: Tasks,
    pub(crate) telemetry: Telemetry,
}

impl Acquirer {
    /// Longer than any acquisition takes: time leaps ahead here while one is under way, and no runtime
    /// stands still.
    #[expect(clippy::unused_self, reason = "the signature of the facade's")]
    pub(crate) fn patience(&self) -> Duration {
        Duration::MAX
    }
}

/// Tasks of shuttle's, some of which are dropped before their end.
#[derive(Debug)]
pub(crate) struct Tasks {
    /// In a hundred.
    pub(crate) losing: u32,
}

impl Tasks {
    #[expect(clippy::unnecessary_wraps, reason = "the signature of the port")]
    pub(crate) fn spawn(&self, task: Task) -> Result<(), ()> {
        // Detached: dropping the handle does not end it.
        let handle = spawn(task);
        if thread_rng().gen_range(0..100) < self.losing {
            handle.abort();
        }
        Ok(())
    }
}

/// Remembers the highest generation that was told of.
#[derive(Debug, Default)]
pub(crate) struct Telemetry {
    pub(crate) published: AtomicU64,
}

impl Telemetry {
    #[expect(clippy::unused_self, reason = "the facade's signature")]
    pub(crate) fn hit(&self, _: GrantType) {}

    pub(crate) fn emit(&self, event: &Event<'_>) {
        if let Event::Succeeded { generation, .. } = event {
            // Told once the lock is free, and so in any order.
            self.published.fetch_max(*generation, Ordering::SeqCst);
        }
    }

    #[expect(clippy::unused_self, reason = "the facade's signature")]
    pub(crate) fn span(&self, _: GrantType, _: bool) -> Span {
        Span::none()
    }
}

//! Acquiring a token: one context, one retry loop, the request queue, the acquisition in flight.

mod context;
mod in_flight;
mod request_queue;
mod retry_run;

use std::pin::pin;

use tracing::Instrument;

pub(crate) use self::context::RequestContext;
pub(crate) use self::in_flight::{InFlight, Outcome};
pub(crate) use self::request_queue::RequestQueue;
pub(crate) use self::retry_run::{GrantSource, Plain, Refused, RetryRun};
use crate::error::Error;
use crate::issued::Issued;

/// Acquires a token for one caller alone; it is not cached.
pub(crate) async fn acquire_uncached<S: GrantSource>(
    context: &RequestContext,
    source: &S,
) -> Result<Issued<S::Token>, Error> {
    context.check_process()?;
    let in_flight = InFlight::<()>::new(context, S::GRANT, false);
    // Pinned where they are made: they are too large to be moved for nothing.
    let fetch = pin!(RetryRun::of(&in_flight, context).run(source));
    let acquisition = pin!(async {
        let result = in_flight.run(context, fetch).await;
        in_flight.emit_end(context, result.as_ref().map(|_| 0), false);
        result
    });
    acquisition.instrument(context.telemetry.span(S::GRANT, false)).await
}

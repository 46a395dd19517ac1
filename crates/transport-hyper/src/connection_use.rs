//! The mark of a connection that tells its first response from the later ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use easemob_token_transport::ConnectionUse;
use http::Extensions;

/// Whether a connection has brought a response. hyper-util copies it into each response.
#[derive(Clone, Debug, Default)]
pub(crate) struct UseMark(Arc<AtomicBool>);

/// Replaces the connection's mark by the port's. Without the former, as behind a client that
/// somebody else set up, there will be none.
pub(crate) fn report(extensions: &mut Extensions) {
    let Some(UseMark(was_used)) = extensions.remove::<UseMark>() else { return };
    // A connection carries one exchange at a time, so this is the only one that looks.
    let was_used = was_used.swap(true, Ordering::Relaxed);
    extensions.insert(if was_used { ConnectionUse::Reused } else { ConnectionUse::Fresh });
}

//! Callers that are refused with every app token, which must not affect other callers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::millis;
use crate::faults::REFUSED_USER;
use crate::shared::Shared;

/// Waits until requests for app tokens are counted, so that all noise is counted.
async fn until_it_counts(shared: &Shared) {
    while !shared.stopped() && !shared.ledger().healthy.has_begun() {
        sleep(Duration::from_millis(50)).await;
    }
}

/// Calls an endpoint that refuses every token with 401, in the loop of the documentation.
pub(super) async fn refused_by_an_endpoint(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    until_it_counts(&shared).await;
    while !shared.stopped() {
        sleep(millis(&mut chance, 200..400)).await;
        let Ok(mut authorization) = shared.client.authorize().await else { continue };
        shared.tally().refused += 1;
        while let Ok(true) = authorization.renew().await {
            shared.tally().refused += 1;
        }
    }
}

/// Requests the token of a user that the service refuses with 401 for every app token.
pub(super) async fn refused_user(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    until_it_counts(&shared).await;
    while !shared.stopped() {
        sleep(millis(&mut chance, 200..400)).await;
        // It may succeed: a restarted service may have no fault yet.
        let _ = shared.user_token_request(REFUSED_USER).await;
        shared.tally().refused += 1;
    }
}

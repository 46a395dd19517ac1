//! Callers that are refused with every app token, which must cost nobody else anything.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::millis;
use crate::faults::REFUSED_USER;
use crate::shared::Shared;

/// Waits until requests for app tokens are counted, so that none of the noise is missed.
async fn until_it_counts(shared: &Shared) {
    while !shared.stopped() && !shared.ledger().healthy().has_begun() {
        sleep(Duration::from_millis(50)).await;
    }
}

/// Calls an endpoint that answers 401 to every token, in the loop that the documentation shows.
pub(super) async fn refused_by_an_endpoint(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    until_it_counts(&shared).await;
    while !shared.stopped() {
        sleep(millis(&mut chance, 200..400)).await;
        let Ok(mut authorization) = shared.client.authorize().await else { continue };
        shared.tally().refused();
        while let Ok(true) = authorization.renew().await {
            shared.tally().refused();
        }
    }
}

/// Asks for the token of a user to whom the service answers 401 whatever the app token.
pub(super) async fn refused_user(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    until_it_counts(&shared).await;
    while !shared.stopped() {
        sleep(millis(&mut chance, 200..400)).await;
        // Whether it fails is no promise: a restarted service may have had no time for the fault.
        let _ = shared.user_token_request(REFUSED_USER).await;
        shared.tally().refused();
    }
}

//! Callers that use the client as they should: patient ones, and ones that give up or report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use easemob_token::{AppToken, ErrorKind};
use tokio::time::{sleep, timeout};

use super::millis;
use crate::figures::Ask;
use crate::server::{USERS, user};
use crate::shared::{Begun, Shared};
use crate::wall;

/// Asks for the app token again and again.
pub(super) async fn patient(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 50..150)).await;
        shared.app_token().await;
    }
}

/// The same, and gives up soon.
pub(super) async fn hasty(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 50..150)).await;
        if timeout(millis(&mut chance, 1..50), shared.app_token()).await.is_err() {
            shared.tally().gave_up(Ask::App);
        }
    }
}

/// Reports the app token as refused now and then: once, many times, or one that is replaced long
/// since.
pub(super) async fn reporter(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    let mut older: Option<AppToken> = None;
    // More often, and there would be nothing but reports.
    let pause = shared.life.as_millis().try_into().unwrap_or(u64::MAX / 2);
    while !shared.stopped() {
        let wake = Instant::now() + millis(&mut chance, pause..pause * 2);
        while Instant::now() < wake && !shared.stopped() {
            sleep(Duration::from_millis(100)).await;
        }
        let Some(token) = shared.app_token().await else { continue };
        let reported = match older.take() {
            Some(older) if chance.bool() => older,
            _ => token.clone(),
        };
        for _ in 0..if chance.bool() { 1 } else { 100 } {
            shared.client.invalidate_app_token(&reported);
        }
        shared.tally().reported();
        older = Some(token);
    }
}

/// Asks for user tokens by user ID; every fourth time without patience.
pub(super) async fn by_user_id(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 1_000..2_000)).await;
        let (user, _) = user(chance.usize(..USERS));
        let begun = Begun::now();
        let request = shared.user_token_request(&user);
        if chance.u8(..4) == 0 {
            match timeout(millis(&mut chance, 1..500), request).await {
                Ok(asked) => shared.user_token(Ask::ById, &user, begun, asked),
                Err(_) => shared.tally().gave_up(Ask::ById),
            }
        } else {
            let asked = request.await;
            shared.user_token(Ask::ById, &user, begun, asked);
        }
    }
}

/// Asks for user tokens as fast as the client's rate permits.
pub(super) async fn by_user_id_at_the_limit(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        // While the service is away, calls fail at once.
        sleep(millis(&mut chance, 50..150)).await;
        let (user, _) = user(chance.usize(..USERS));
        let begun = Begun::now();
        let asked = shared.user_token_request(&user).await;
        shared.user_token(Ask::ById, &user, begun, asked);
    }
}

/// Asks for user tokens by password; every tenth is wrong.
pub(super) async fn by_password(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 1_000..2_000)).await;
        let (user, password) = user(chance.usize(..USERS));
        let begun = Begun::now();
        if chance.u8(..10) > 0 {
            let asked = shared.client.user_token_by_password(user.as_str(), password).await;
            shared.user_token(Ask::ByPassword, &user, begun, asked);
            continue;
        }
        match shared.client.user_token_by_password(user.as_str(), "wrong").await {
            Ok(_) => shared.ledger().let_in(wall::now()),
            Err(error) if error.kind() == ErrorKind::InvalidPassword => {
                shared.wrong_password_refused(begun);
            }
            failed => shared.user_token(Ask::ByPassword, &user, begun, failed),
        }
    }
}

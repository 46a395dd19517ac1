//! Callers that use the client as intended: some wait, some cancel, some report refused tokens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use easemob_token::{AppToken, ErrorKind};
use tokio::time::{sleep, timeout};

use super::millis;
use crate::figures::CallKind;
use crate::server::{USERS, user};
use crate::shared::{CallStart, Shared};
use crate::unix_time;

/// Requests the app token repeatedly.
pub(super) async fn patient(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 50..150)).await;
        shared.app_token().await;
    }
}

/// Requests the app token repeatedly with a short timeout.
pub(super) async fn hasty(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 50..150)).await;
        if timeout(millis(&mut chance, 1..50), shared.app_token()).await.is_err() {
            shared.tally().cancelled(CallKind::App);
        }
    }
}

/// Reports an app token as refused, sometimes: once, many times, or an old token.
pub(super) async fn reporter(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    let mut older: Option<AppToken> = None;
    // With a shorter pause, every token would be reported.
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
        shared.tally().reports += 1;
        older = Some(token);
    }
}

/// Requests user tokens by user ID, every fourth time with a short timeout.
pub(super) async fn by_user_id(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 1_000..2_000)).await;
        let (user, _) = user(chance.usize(..USERS));
        let started = CallStart::now();
        let request = shared.user_token_request(&user);
        if chance.u8(..4) == 0 {
            match timeout(millis(&mut chance, 1..500), request).await {
                Ok(result) => shared.user_token(CallKind::ById, &user, started, result),
                Err(_) => shared.tally().cancelled(CallKind::ById),
            }
        } else {
            let result = request.await;
            shared.user_token(CallKind::ById, &user, started, result);
        }
    }
}

/// Requests user tokens as fast as the client's rate permits.
pub(super) async fn by_user_id_at_the_limit(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        // Calls fail immediately while the service does not listen.
        sleep(millis(&mut chance, 50..150)).await;
        let (user, _) = user(chance.usize(..USERS));
        let started = CallStart::now();
        let result = shared.user_token_request(&user).await;
        shared.user_token(CallKind::ById, &user, started, result);
    }
}

/// Requests user tokens by password; every tenth password is wrong.
pub(super) async fn by_password(shared: Arc<Shared>, mut chance: fastrand::Rng) {
    while !shared.stopped() {
        sleep(millis(&mut chance, 1_000..2_000)).await;
        let (user, password) = user(chance.usize(..USERS));
        let started = CallStart::now();
        if chance.u8(..10) > 0 {
            let result = shared.client.user_token_by_password(user.as_str(), password).await;
            shared.user_token(CallKind::ByPassword, &user, started, result);
            continue;
        }
        match shared.client.user_token_by_password(user.as_str(), "wrong").await {
            Ok(_) => shared.ledger().accepted_wrong_password(unix_time::now()),
            Err(error) if error.kind() == ErrorKind::InvalidPassword => {
                shared.wrong_password_refused(started);
            }
            failed => shared.user_token(CallKind::ByPassword, &user, started, failed),
        }
    }
}

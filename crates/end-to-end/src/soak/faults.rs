//! Faults of the service, generated from a seed.

use std::time::Duration;

use easemob_token_emulator::{BodyKind, Emulator, Fault, Grant, Refusal};

/// The prefix of tokens in invalid responses, which a client must not accept.
const INVALID: &str = "invalid-";

pub(crate) fn is_invalid(token: &str) -> bool {
    token.starts_with(INVALID)
}

/// A user ID that no caller requests.
pub(crate) const STRANGER: &str = "stranger";

/// A user ID that the service refuses with 401 for every app token.
pub(crate) const REFUSED_USER: &str = "refused-user";

/// The behavior of the service.
#[derive(Debug)]
pub(crate) enum Behavior {
    Healthy,
    /// Every request may get a fault.
    Flaky(fastrand::Rng),
    /// Every app token is refused.
    Refusing,
}

impl Behavior {
    /// Applies the behavior from now on.
    pub(crate) fn apply(&mut self, emulator: &Emulator) {
        emulator.clear_faults();
        let refusal = || Fault::refusal(Refusal::AppTokenInvalid).on(Grant::Inherit).always();
        inject(emulator, refusal().for_user(REFUSED_USER));
        if let Self::Refusing = self {
            inject(emulator, refusal());
        }
        self.refill(emulator);
    }

    /// Injects faults for the next requests.
    pub(crate) fn refill(&mut self, emulator: &Emulator) {
        if let Self::Flaky(chance) = self {
            while emulator.pending_faults() < 200 {
                inject(emulator, fault(chance));
            }
        }
    }
}

/// Injects a fault. The test of this file shows that every fault is possible in HTTP.
fn inject(emulator: &Emulator, fault: Fault) {
    let _ = emulator.inject(fault);
}

/// The fault of one request. Half of the requests get none.
fn fault(chance: &mut fastrand::Rng) -> Fault {
    let pause = Duration::from_secs(chance.u64(1..=3));
    match chance.u32(0..100) {
        0..50 => Fault::delay(Duration::ZERO),
        50..54 => Fault::server_error(500, BodyKind::Json),
        54..58 => Fault::server_error(502, BodyKind::Html),
        58..62 => Fault::server_error(503, BodyKind::Empty),
        62..64 => Fault::server_error(504, BodyKind::Text),
        64..66 => Fault::server_error(503, BodyKind::Json)
            .header("Retry-After", &pause.as_secs().to_string()),
        66..69 => Fault::rate_limited(Some(pause)),
        69 => Fault::rate_limited(None),
        70..75 => Fault::close(),
        75..78 => Fault::hang(),
        78..82 => torn(),
        82..84 => incomplete_json(),
        84 => Fault::remove_member("expires_in"),
        85..89 => Fault::delay(Duration::from_millis(chance.u64(50..2_500))),
        89 => Fault::redirect("http://127.0.0.1:1/elsewhere"),
        90..93 => html(),
        93..95 => oversized(),
        95..98 => another_user(),
        _ => Fault::refusal(Refusal::AppTokenExpired).on(Grant::Inherit),
    }
}

/// A body that is shorter than its announced length.
fn torn() -> Fault {
    // The server library checks the announced length in debug builds, and would panic.
    if cfg!(debug_assertions) {
        return Fault::close();
    }
    let headers =
        [("content-length", "400"), ("connection", "close"), ("content-type", "application/json")];
    Fault::response(200, headers, format!(r#"{{"access_token":"{INVALID}torn","expires_in":60"#))
}

/// A whole body with incomplete JSON.
fn incomplete_json() -> Fault {
    let headers = [("content-type", "application/json")];
    Fault::response(200, headers, format!(r#"{{"access_token":"{INVALID}half","expires_"#))
}

fn html() -> Fault {
    Fault::response(200, [("content-type", "text/html")], "<html><body>Welcome</body></html>")
}

fn oversized() -> Fault {
    let filler = "x".repeat(70 * 1024);
    let body =
        format!(r#"{{"access_token":"{INVALID}large","expires_in":3600,"filler":"{filler}"}}"#);
    Fault::response(200, [("content-type", "application/json")], body)
}

/// A user token with another user; an app token has no user and stays valid.
fn another_user() -> Fault {
    Fault::set_member("user", serde_json::json!({ "username": STRANGER, "activated": true }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_fault_is_possible_in_http() {
        let emulator = Emulator::start().await.unwrap();
        let mut chance = fastrand::Rng::with_seed(1);
        for _ in 0..2_000 {
            emulator.inject(fault(&mut chance)).unwrap();
        }
    }
}

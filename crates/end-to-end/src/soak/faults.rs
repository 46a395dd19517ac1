//! What the service does wrong, from a seed.

use std::time::Duration;

use easemob_token_emulator::{BodyKind, Emulator, Fault, Grant, Refusal};

/// What tokens begin with that the service never made, in answers that must not be taken for one.
const MADE_UP: &str = "made-up-";

pub(crate) fn is_made_up(token: &str) -> bool {
    token.starts_with(MADE_UP)
}

/// A user who never asks.
pub(crate) const STRANGER: &str = "stranger";

/// A user to whom the service answers 401 whatever the app token.
pub(crate) const REFUSED_USER: &str = "refused-user";

/// How the service behaves.
#[derive(Debug)]
pub(crate) enum Mood {
    Well,
    /// Every request may meet something.
    Flaky(fastrand::Rng),
    /// No app token is good enough.
    Refusing,
}

impl Mood {
    /// Makes the service behave so from now on.
    pub(crate) fn begin(&mut self, emulator: &Emulator) {
        emulator.clear_faults();
        let refusal = || Fault::refusal(Refusal::AppTokenInvalid).on(Grant::Inherit).always();
        inject(emulator, refusal().for_user(REFUSED_USER));
        if let Self::Refusing = self {
            inject(emulator, refusal());
        }
        self.go_on(emulator);
    }

    /// Sees to it that whoever comes next finds something.
    pub(crate) fn go_on(&mut self, emulator: &Emulator) {
        if let Self::Flaky(chance) = self {
            while emulator.pending_faults() < 200 {
                inject(emulator, fault(chance));
            }
        }
    }
}

/// What cannot be said in HTTP would be a fault of this file, which its test finds.
fn inject(emulator: &Emulator, fault: Fault) {
    let _ = emulator.inject(fault);
}

/// What one request meets. Half of them meet nothing.
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
        82..84 => half(),
        84 => Fault::remove_member("expires_in"),
        85..89 => Fault::delay(Duration::from_millis(chance.u64(50..2_500))),
        89 => Fault::redirect("http://127.0.0.1:1/elsewhere"),
        90..93 => html(),
        93..95 => oversized(),
        95..98 => somebody_else(),
        _ => Fault::refusal(Refusal::AppTokenExpired).on(Grant::Inherit),
    }
}

/// Ends in the middle of what was announced.
fn torn() -> Fault {
    // The server library checks the announced length in debug builds, and would panic.
    if cfg!(debug_assertions) {
        return Fault::close();
    }
    let headers =
        [("content-length", "400"), ("connection", "close"), ("content-type", "application/json")];
    Fault::response(200, headers, format!(r#"{{"access_token":"{MADE_UP}torn","expires_in":60"#))
}

/// The transfer is whole, the JSON is not.
fn half() -> Fault {
    let headers = [("content-type", "application/json")];
    Fault::response(200, headers, format!(r#"{{"access_token":"{MADE_UP}half","expires_"#))
}

fn html() -> Fault {
    Fault::response(200, [("content-type", "text/html")], "<html><body>Welcome</body></html>")
}

fn oversized() -> Fault {
    let filler = "x".repeat(70 * 1024);
    let body =
        format!(r#"{{"access_token":"{MADE_UP}large","expires_in":3600,"filler":"{filler}"}}"#);
    Fault::response(200, [("content-type", "application/json")], body)
}

/// A token beside which another user is named; an app token has no user, and stays good.
fn somebody_else() -> Fault {
    Fault::set_member("user", serde_json::json!({ "username": STRANGER, "activated": true }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_fault_can_be_said_in_http() {
        let emulator = Emulator::start().await.unwrap();
        let mut chance = fastrand::Rng::with_seed(1);
        for _ in 0..2_000 {
            emulator.inject(fault(&mut chance)).unwrap();
        }
    }
}

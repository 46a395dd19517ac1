//! Proves that what is said is heard and found, before anybody concludes from silence.

use super::secrets::{self, ALL, APP_TOKEN, AUTHORIZATION, CLIENT_SECRET, PASSWORD, USER_TOKEN};
use super::{capture, scene};

/// Says each of the six secrets to `log`, and to `tracing` where that is listened to, and finds each.
///
/// # Panics
///
/// Where one is not heard or not found.
pub fn each_ear_hears_each_secret() {
    let _ = capture::take();
    let is_traced = tracing::enabled!(tracing::Level::TRACE);
    for secret in ALL {
        log::trace!(target: "control", "{secret}");
        assert!(is_heard("log", secret), "log: {secret}");
        if is_traced {
            tracing::trace!(target: "control", value = secret);
            assert!(is_heard("tracing", secret), "tracing, a field: {secret}");
            let _span = tracing::trace_span!("control", ?secret).entered();
            assert!(is_heard("tracing", secret), "tracing, a span: {secret}");
        }
        // On a thread of its own, and through the hook: as a panic of a library would be.
        let panicked = std::thread::spawn(move || std::panic::panic_any(secret)).join();
        assert!(panicked.is_err());
        assert!(is_heard("panic", secret), "panic: {secret}");
    }
}

fn is_heard(to: &str, secret: &str) -> bool {
    let said = capture::take();
    let said: Vec<_> = said.into_iter().filter(|saying| saying.to == to).collect();
    secrets::find(&capture::transcript(&said), secret).is_some()
}

/// Makes the request with a bare isahc, and finds what it says of it.
///
/// # Panics
///
/// Where one of the secrets of the request and of the answer is not heard.
pub fn bare_isahc_is_heard() {
    let _ = capture::take();
    scene::play_bare_isahc();
    let transcript = capture::transcript(&capture::take());
    for secret in [CLIENT_SECRET, PASSWORD, APP_TOKEN, USER_TOKEN, AUTHORIZATION] {
        assert!(secrets::find(&transcript, secret).is_some(), "{secret} is not heard");
    }
}

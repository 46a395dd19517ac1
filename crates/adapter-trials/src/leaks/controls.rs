//! Positive controls: prove that a logged secret is captured and found.

use super::secrets::{self, ALL, APP_TOKEN, AUTHORIZATION, CLIENT_SECRET, PASSWORD, USER_TOKEN};
use super::{capture, scene};

/// Logs each of the six secrets to `log`, to `tracing` if it is captured, and in a panic.
///
/// # Panics
///
/// If one is not captured or not found.
pub fn assert_secrets_are_found() {
    let _ = capture::take();
    let is_traced = tracing::enabled!(tracing::Level::TRACE);
    for secret in ALL {
        log::trace!(target: "control", "{secret}");
        assert!(is_captured("log", secret), "log: {secret}");
        if is_traced {
            tracing::trace!(target: "control", value = secret);
            assert!(is_captured("tracing", secret), "tracing, a field: {secret}");
            let _span = tracing::trace_span!("control", ?secret).entered();
            assert!(is_captured("tracing", secret), "tracing, a span: {secret}");
        }
        // On another thread and through the hook, like a panic of a library.
        let panicked = std::thread::spawn(move || std::panic::panic_any(secret)).join();
        assert!(panicked.is_err());
        assert!(is_captured("panic", secret), "panic: {secret}");
    }
}

fn is_captured(sink: &str, secret: &str) -> bool {
    let mut entries = capture::take();
    entries.retain(|entry| entry.sink == sink);
    secrets::find(&capture::transcript(&entries), secret).is_some()
}

/// Sends the request with isahc alone, whose log contains the secrets.
///
/// # Panics
///
/// If a secret of the request or of the response is not captured.
pub fn assert_bare_isahc_leaks() {
    let _ = capture::take();
    scene::play_bare_isahc();
    let transcript = capture::transcript(&capture::take());
    for secret in [CLIENT_SECRET, PASSWORD, APP_TOKEN, USER_TOKEN, AUTHORIZATION] {
        assert!(secrets::find(&transcript, secret).is_some(), "{secret} is not captured");
    }
}

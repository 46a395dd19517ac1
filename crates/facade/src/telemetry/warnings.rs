//! What the operator of a client is told, once each, as `tracing` events of level WARN.
//!
//! Target `easemob_token`; the field `event` is stable, and no field ever holds a secret or a token.

use std::sync::atomic::{AtomicBool, Ordering};

use easemob_token_core::{IssuedToken, Lifetime};

/// Which warnings a client has given. Its clones share them.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    unit: AtomicBool,
    unknown_lifetime: AtomicBool,
    #[cfg(feature = "dynamic")]
    long_dynamic_ttl: AtomicBool,
}

impl Warnings {
    /// A token arrived: says, the first time, that a unit seems to be set wrongly, and that the
    /// service does not tell how long a token lives.
    pub(crate) fn received(&self, token: &impl IssuedToken) {
        if token.lifetime() == Lifetime::Unknown
            && !self.unknown_lifetime.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                target: "easemob_token",
                event = "unknown_lifetime",
                "the service does not tell how long a token lives: it is cached for a minute, or as \
                 long as it says itself, an hour at most",
            );
        }
        let Some(mismatch) = token.unit_mismatch() else { return };
        if self.unit.swap(true, Ordering::Relaxed) {
            return;
        }
        let seconds = |time: Option<std::time::Duration>| time.map(|time| time.as_secs_f64());
        tracing::warn!(
            target: "easemob_token",
            event = "ttl_unit_mismatch",
            setting = "ttl_units",
            set = %mismatch.set(),
            suggested = %mismatch.suggested(),
            alternative = mismatch.alternative().map(tracing::field::display),
            asked_seconds = seconds(mismatch.requested()),
            answered_seconds = seconds(mismatch.reported()),
            in_token_seconds = seconds(mismatch.in_token()),
            "{mismatch} (ClientBuilder::ttl_units)",
        );
    }

    /// A dynamic token was made: says, the first time, that it lives long.
    #[cfg(feature = "dynamic")]
    pub(crate) fn made(&self, token: &easemob_token_core::dynamic::DynamicToken) {
        if !token.is_long_lived() || self.long_dynamic_ttl.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            target: "easemob_token",
            event = "long_dynamic_ttl",
            ttl_seconds = token.ttl().as_secs(),
            "a dynamic token that lives longer than a day was made: no way to revoke one is \
             documented, and a new one costs no request",
        );
    }
}

#[cfg(test)]
#[cfg(feature = "hyper")]
mod tests {
    use std::fmt::{self, Write};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use easemob_token_core::{Lifetime, TtlUnits};
    use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator, Unit};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::subscriber::DefaultGuard;
    use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

    use crate::Client;
    use crate::clock::Clock;
    use crate::hyper::HyperTransport;

    /// Writes down the warnings of this crate.
    #[derive(Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<String>>>);

    impl Recorder {
        fn start() -> (Self, (Dispatch, DefaultGuard)) {
            let recorder = Self::default();
            // Where there is but one subscriber, `tracing` asks that of the thread which comes
            // upon an event first, and remembers the answer for all: a test on another thread,
            // which has none, would silence the event here. Of two it asks both.
            let spare = Dispatch::new(recorder.clone());
            let guard = tracing::subscriber::set_default(recorder.clone());
            (recorder, (spare, guard))
        }

        fn events(&self) -> Vec<String> {
            self.0.lock().unwrap().clone()
        }
    }

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            write!(self.0, " {field}={value:?}").unwrap();
        }
    }

    impl Subscriber for Recorder {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("easemob_token") && *metadata.level() == Level::WARN
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut line = Line(event.metadata().target().to_owned());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    async fn vip5() -> Emulator {
        let milliseconds = Unit::Milliseconds;
        Emulator::builder().ttl_units(milliseconds, milliseconds).start().await.unwrap()
    }

    fn builder(emulator: &Emulator) -> crate::ClientBuilder {
        Client::builder()
            .base_url(emulator.base_url())
            .app_key(emulator.app_key())
            .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
            .transport(HyperTransport::new())
            .clock(Clock::movable())
    }

    #[tokio::test]
    async fn a_vip5_service_and_a_client_set_to_seconds_warn_once_and_name_the_setting() {
        let (recorder, _guard) = Recorder::start();
        let emulator = vip5().await;
        let client = builder(&emulator).build().unwrap();
        for _ in 0..3 {
            client.user_token("c").ttl(Duration::from_secs(1_024_000)).await.unwrap();
        }
        let [event] = &recorder.events()[..] else { panic!("{:?}", recorder.events()) };
        for part in [
            "easemob_token ",
            "event=\"ttl_unit_mismatch\"",
            "setting=\"ttl_units\"",
            "set=seconds",
            "suggested=request=seconds,response=milliseconds",
            "answered_seconds=5184000000.0",
            "in_token_seconds=5184000.0",
            "ClientBuilder::ttl_units",
        ] {
            assert!(event.contains(part), "{part}: {event}");
        }
        for secret in ["YWMt", "YXA6"] {
            assert!(!event.contains(secret), "{event}");
        }
    }

    #[tokio::test]
    async fn a_client_that_is_set_rightly_says_nothing() {
        let (recorder, _guard) = Recorder::start();
        let emulator = vip5().await;
        let client = builder(&emulator).ttl_units(TtlUnits::VIP5).build().unwrap();
        client.user_token("c").ttl(Duration::from_secs(1_024_000)).await.unwrap();
        client.user_token("c").ttl(easemob_token_core::Ttl::Permanent).await.unwrap();
        assert_eq!(recorder.events(), Vec::<String>::new());
    }

    /// The client asks for 1 024 000 s, which this service takes for 1024 s and announces as
    /// 1 024 000: without the guard the token would be kept for eleven days.
    #[tokio::test]
    async fn with_the_units_set_wrongly_the_app_token_is_renewed_before_its_true_end() {
        let emulator = vip5().await;
        let asked = Duration::from_secs(1_024_000);
        let client = builder(&emulator).app_token_ttl(asked).build().unwrap();
        let first = client.app_token().await.unwrap();
        assert_eq!(first.lifetime(), Lifetime::Expires(Duration::from_secs(1_024)));
        let advance = |seconds| {
            client.clock().advance(Duration::from_secs(seconds));
            emulator.advance(Duration::from_secs(seconds));
        };
        let is_first = |token: &crate::AppToken| {
            token.access_token().expose() == first.access_token().expose()
        };
        // Before 75 % of the true life nothing is asked for.
        advance(760);
        assert!(is_first(&client.app_token().await.unwrap()));
        assert_eq!(emulator.request_count(), 1);
        // Behind 85 % it is renewed, while the old one still serves.
        advance(120);
        assert!(is_first(&client.app_token().await.unwrap()));
        let renewed = async {
            while is_first(&client.app_token().await.unwrap()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), renewed).await.unwrap();
        // Past the true end of the first one, the service has not had to refuse anything.
        advance(200);
        client.user_token("c").await.unwrap();
        let statuses: Vec<_> = emulator
            .requests()
            .iter()
            .map(easemob_token_emulator::ReceivedRequest::status)
            .collect();
        assert_eq!(statuses, [Some(200), Some(200), Some(200)]);
    }

    #[cfg(feature = "dynamic")]
    #[tokio::test]
    async fn a_dynamic_token_costs_no_request_and_a_long_one_is_warned_about_once() {
        let (recorder, _guard) = Recorder::start();
        let emulator = Emulator::start().await.unwrap();
        let client = builder(&emulator).build().unwrap();
        let day = Duration::from_secs(24 * 60 * 60);
        client.dynamic_token("Alice", day).unwrap();
        assert_eq!(recorder.events(), Vec::<String>::new());
        for _ in 0..3 {
            assert_eq!(client.dynamic_token("Alice", day * 2).unwrap().user_id(), "alice");
        }
        let [event] = &recorder.events()[..] else { panic!("{:?}", recorder.events()) };
        assert!(
            event.contains("event=\"long_dynamic_ttl\"") && event.contains("172800"),
            "{event}"
        );
        assert!(!event.contains("ZHQt"), "{event}");
        assert_eq!(emulator.request_count(), 0);
    }
}

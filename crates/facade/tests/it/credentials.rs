//! Credentials from a provider, which change while the client is used.

use std::error::Error as StdError;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use easemob_token::hyper::HyperTransport;
use easemob_token::{Client, ClientBuilder, ErrorKind, Secret, TestClock};
use easemob_token_emulator::{DEMO_CLIENT_ID as ID, DEMO_CLIENT_SECRET, Emulator};
use tokio::task::JoinSet;

use crate::driving::in_time;
use crate::memory::{Memory, response};
use crate::recorder::Recorder;

type Asked = Result<(String, Secret), Box<dyn StdError + Send + Sync>>;

/// A secret that a test changes, such as a mounted file, and how often it was read.
#[derive(Clone)]
struct Mounted(Arc<Mutex<String>>, Arc<AtomicU64>);

impl Mounted {
    fn new(secret: &str) -> Self {
        Self(Arc::new(Mutex::new(secret.to_owned())), Arc::default())
    }

    fn set(&self, secret: &str) {
        secret.clone_into(&mut self.0.lock().unwrap());
    }

    fn read(&self) -> Asked {
        self.1.fetch_add(1, Ordering::SeqCst);
        let secret = self.0.lock().unwrap().clone();
        match &*secret {
            "" => Err(io::Error::new(io::ErrorKind::NotFound, "MARK-path").into()),
            "panic" => panic!("MARK-panic"),
            "other error" => Err("MARK-text".into()),
            secret => Ok((ID.to_owned(), Secret::new(secret))),
        }
    }

    fn builder(&self, emulator: &Emulator) -> ClientBuilder {
        let mounted = self.clone();
        Client::builder(emulator.base_url(), emulator.app_key())
            .credentials_provider(move || mounted.read())
            .transport(HyperTransport::new())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_replaced_under_load_without_a_failed_call() {
    let (emulator, clock) =
        (Emulator::builder().no_request_limit().start().await, TestClock::new());
    let emulator = emulator.unwrap();
    let mounted = Mounted::new(DEMO_CLIENT_SECRET);
    let builder = mounted.builder(&emulator).clock(clock.clone()).requests_per_second(100_000);
    // Calls are under way while the clock is moved.
    let year = Duration::from_secs(365 * 86_400);
    let client = builder.acquisition_deadline(year).build().unwrap();
    client.app_token().await.unwrap();
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let (client, stop, calls) = (client.clone(), Arc::clone(&stop), Arc::clone(&calls));
        callers.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                client.user_token("c").await.unwrap();
                calls.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for round in 1..=4 {
        // The service has the new secret first, and the mounted one follows.
        let secret = format!("secret-{round}");
        emulator.set_client_secret(ID, &secret).unwrap();
        // Due for refresh, and still usable.
        clock.advance(Duration::from_secs(52 * 86_400));
        let before = calls.load(Ordering::Relaxed);
        while calls.load(Ordering::Relaxed) < before + 40 {
            tokio::task::yield_now().await;
        }
        mounted.set(&secret);
        // The refusal of the old secret is remembered for a minute, but not that of a replaced one.
        clock.advance(Duration::from_secs(61));
        let renewed = async {
            while client.app_token().await.unwrap().generation() == round {
                tokio::task::yield_now().await;
            }
        };
        in_time(renewed).await;
    }
    stop.store(true, Ordering::Relaxed);
    assert!(callers.len() == 20, "{} calls", calls.load(Ordering::Relaxed));
    callers.join_all().await;
}

#[tokio::test]
async fn refused_credentials_are_asked_for_again_at_once_and_repeated_once_if_they_differ() {
    let emulator = Emulator::start().await.unwrap();
    emulator.set_client_secret(ID, "new").unwrap();
    let asked = Arc::new(AtomicU64::new(0));
    let client = |changed_at: u64| {
        let asked = Arc::clone(&asked);
        asked.store(0, Ordering::SeqCst);
        let provider = move || {
            let number = asked.fetch_add(1, Ordering::SeqCst) + 1;
            Ok((ID.to_owned(), Secret::new(if number < changed_at { "old" } else { "new" })))
        };
        Client::builder(emulator.base_url(), emulator.app_key())
            .credentials_provider(provider)
            .transport(HyperTransport::new())
            .max_attempts(1)
            .build()
            .unwrap()
    };
    // Asked by `build`, before the request, and after its refusal.
    for (changed_at, requests) in [(1, 1), (2, 1), (3, 2)] {
        let before = emulator.request_count();
        client(changed_at).app_token().await.unwrap();
        assert_eq!(emulator.request_count() - before, requests, "{changed_at}");
    }
    let (before, client) = (emulator.request_count(), client(99));
    let error = client.app_token().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidClient, 1));
    client.app_token().await.unwrap_err();
    assert_eq!(emulator.request_count() - before, 1);
}

#[tokio::test]
async fn a_remembered_refusal_ends_when_the_credentials_change() {
    let (emulator, clock) = (Emulator::start().await.unwrap(), TestClock::new());
    let mounted = Mounted::new("wrong");
    let client = mounted.builder(&emulator).clock(clock.clone()).build().unwrap();
    for _ in 0..10 {
        let error = client.user_token("c").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidClient);
    }
    // Read by `build`, before the request and after its refusal, then once a second.
    assert_eq!((emulator.request_count(), mounted.1.load(Ordering::SeqCst)), (1, 3));
    mounted.set(DEMO_CLIENT_SECRET);
    clock.advance(Duration::from_secs(2));
    client.user_token("c").await.unwrap();
    #[cfg(feature = "dynamic")]
    {
        let signed = |client: &Client| client.dynamic_token("c", Duration::from_secs(60)).unwrap();
        let first = signed(&client);
        mounted.set("another");
        assert_ne!(first.access_token().expose(), signed(&client).access_token().expose());
    }
}

#[tokio::test]
async fn a_provider_that_fails_is_named_and_the_credentials_before_are_used() {
    let (recorder, _guard) = Recorder::start();
    let emulator = Emulator::start().await.unwrap();
    let mounted = Mounted::new(DEMO_CLIENT_SECRET);
    let build = || mounted.builder(&emulator).build();
    let client = build().unwrap();
    mounted.set("");
    client.app_token().await.unwrap();
    let warnings = recorder.warnings();
    assert!(warnings[0].contains("credentials_provider") && warnings[0].contains("not found"));
    for (secret, text) in
        [("", "failed: entity not found"), ("panic", "panicked"), ("other error", "failed; ")]
    {
        mounted.set(secret);
        let error = build().unwrap_err();
        assert_eq!(error.setting(), "credentials_provider");
        assert!(
            error.problem().starts_with(text) && !format!("{error:?}").contains("MARK"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn neither_the_old_nor_the_new_secret_is_shown() {
    let (recorder, _guard) = Recorder::start();
    let echo =
        r#"{"error":"invalid_grant","error_description":"client_secret MARK-old, MARK-new"}"#;
    let memory =
        Memory::responding([response(400, &echo.replace("new", "old")), response(400, echo)]);
    let asked = AtomicU64::new(0);
    let provider = move || {
        let is_old = asked.fetch_add(1, Ordering::SeqCst) < 2;
        Ok((ID.to_owned(), Secret::new(if is_old { "MARK-old" } else { "MARK-new" })))
    };
    let client = Client::builder("https://a1.easemob.com", "org#app")
        .credentials_provider(provider)
        .transport(memory.clone());
    let client = client.build().unwrap();
    let error = client.app_token().await.unwrap_err();
    let text = format!("{error} {error:?} {}", error.report());
    assert!(!text.contains("MARK") && text.contains("***, ***"), "{text}");
    assert_eq!(memory.sent().len(), 2);
    assert_eq!(recorder.warnings().len(), 1);
}

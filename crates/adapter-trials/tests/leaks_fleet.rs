//! Clients that share a store log no secret, no token and no record, and store none readable.

#![expect(clippy::unwrap_used, reason = "a client that cannot be made is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use easemob_token::hyper::HyperTransport;
use easemob_token::store::{
    MemoryStore, StoreError, StoreErrorKind, Stored, Swap, TokenStore, async_trait,
};
use easemob_token::{Client, ClientBuilder, ErrorKind, Event};
use easemob_token_adapter_trials::leaks::secrets::{self, CLIENT_SECRET};
use easemob_token_adapter_trials::leaks::{capture, controls};
use easemob_token_emulator::{Emulator, Fault, Refusal};

/// A store that keeps what was written, prints everything, and fails if it is told to.
#[derive(Clone, Debug)]
struct Recording {
    inner: MemoryStore,
    written: Arc<Mutex<Vec<(String, Vec<u8>)>>>,
    trouble: Option<StoreErrorKind>,
}

impl Recording {
    fn check(&self) -> Result<(), StoreError> {
        let error = |kind| StoreError::new(kind, "as the test says");
        self.trouble.map_or(Ok(()), |kind| Err(error(kind)))
    }
}

#[async_trait]
impl TokenStore for Recording {
    async fn read(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.check()?;
        self.inner.read(key).await
    }

    async fn swap(
        &self,
        key: &str,
        expected: Option<&Stored>,
        record: &[u8],
        keep: Duration,
    ) -> Result<Swap, StoreError> {
        self.check()?;
        self.written.lock().unwrap().push((key.to_owned(), record.to_vec()));
        self.inner.swap(key, expected, record, keep).await
    }
}

/// What the values of the clients show, and each event.
type Shown = Arc<Mutex<String>>;

fn builder(emulator: &Emulator, store: &Recording, shown: &Shown) -> ClientBuilder {
    let events = Arc::clone(shown);
    Client::builder(&*emulator.base_url(), &*emulator.app_key())
        .client_credentials("id", CLIENT_SECRET)
        .transport(HyperTransport::new())
        .token_store(store.clone())
        .observer(move |event: &Event<'_>| *events.lock().unwrap() += &format!("{event:#?}\n"))
}

/// Gets the app token, and shows the client, the builder and the error, if there is one.
async fn call(
    builder: ClientBuilder,
    shown: &Shown,
) -> Result<(Client, String), Option<ErrorKind>> {
    let client = builder.clone().build().unwrap();
    let result = client.app_token().await.map(|token| token.access_token().expose().to_owned());
    let mut shown = shown.lock().unwrap();
    *shown += &format!("{builder:?} {client:#?}\n");
    result.map(|token| (client, token)).map_err(|error| {
        *shown += &format!("{error:?} {error} {}\n", error.report());
        Some(error.kind())
    })
}

#[tokio::test]
async fn nothing_of_a_record_is_logged_or_stored_readable() {
    capture::capture_log().unwrap();
    capture::capture_tracing().unwrap();
    capture::capture_panics();
    controls::assert_secrets_are_found();

    let shown = Shown::default();
    let emulator = Emulator::builder().client("id", CLIENT_SECRET).start().await.unwrap();
    let good =
        Recording { inner: MemoryStore::new(), written: Arc::default(), trouble: None };
    let (first, token) = call(builder(&emulator, &good, &shown), &shown).await.unwrap();
    let (second, same) = call(builder(&emulator, &good, &shown), &shown).await.unwrap();
    assert_eq!((&token, emulator.request_count()), (&same, 1), "the second one adopts");
    emulator.revoke_app_tokens();
    let mut tokens = vec![token];
    for client in [first, second] {
        let mut authorization = client.authorize().await.unwrap();
        authorization.renew().await.unwrap();
        tokens.push(authorization.app_token().access_token().expose().to_owned());
    }
    let kinds = [
        StoreErrorKind::Unreachable,
        StoreErrorKind::Timeout,
        StoreErrorKind::Refused,
        StoreErrorKind::Broken,
    ];
    for kind in kinds {
        let store = Recording { trouble: Some(kind), ..good.clone() };
        tokens.push(call(builder(&emulator, &store, &shown), &shown).await.unwrap().1);
    }
    // A refusal is remembered in the record, with the service's words.
    let own = Recording { inner: MemoryStore::new(), ..good.clone() };
    emulator.inject(Fault::refusal(Refusal::InvalidClient)).unwrap();
    for _ in 0..2 {
        let error = call(builder(&emulator, &own, &shown), &shown).await.unwrap_err();
        assert_eq!(error, Some(ErrorKind::InvalidClient));
    }
    let (key, record) = good.written.lock().unwrap().last().unwrap().clone();
    for foreign in [b"{\"token\":\"x\"}".to_vec(), record[..record.len() - 1].to_vec()] {
        good.inner.clear();
        good.inner.plant(&key, foreign);
        tokens.push(call(builder(&emulator, &good, &shown), &shown).await.unwrap().1);
    }
    assert!(good.written.lock().unwrap().len() > 6);

    let transcript = capture::transcript(&capture::take());
    assert!(transcript.contains("store_failed"), "{transcript}");
    let shown = shown.lock().unwrap().clone();
    assert!(shown.contains("Adopted") && shown.contains("StoreFailed"), "{shown}");
    let stored = good.written.lock().unwrap().iter().fold(String::new(), |text, (key, record)| {
        text + key + &String::from_utf8_lossy(record) + &format!("{record:02x?}").replace(", ", "")
    });
    for secret in tokens.iter().map(String::as_str).chain([CLIENT_SECRET]) {
        for (place, text) in [("logged", &transcript), ("shown", &shown), ("stored", &stored)] {
            assert_eq!(secrets::find(text, secret), None, "{place}");
        }
    }
    // Neither is a record, of which a part is enough.
    let part: String = record[21..37].iter().map(|byte| format!("{byte:02x}")).collect();
    let decimal = format!("{:?}", &record[21..37]);
    for form in [&part, decimal.trim_matches(['[', ']'])] {
        assert!(!transcript.contains(form) && !shown.contains(form), "a record is shown");
    }
}

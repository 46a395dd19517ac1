//! Tests of the example against the emulator: one request for many callers, under smol and ureq.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use easemob_token_core::{
    AccessToken, AppToken, ClientCredentials, Lifetime, TokenEndpoint, TtlUnits,
};
use easemob_token_core_on_smol_example::{AppTokens, TokenResult};
use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator, Fault, Refusal};
use http::Response;

/// Sends one request with ureq; the core parses the response.
fn send(endpoint: &TokenEndpoint, grant: &ClientCredentials) -> TokenResult {
    let request = endpoint.request(grant).map_err(|_| None)?.map(|body| Bytes::from(body).to_vec());
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let response = agent.run(request).map_err(|_| None)?;
    let (head, mut body) = response.into_parts();
    let body = body.with_config().limit(64 * 1024).read_to_vec().map_err(|_| None)?;
    let response = Response::from_parts(head, &body[..]);
    endpoint.parse(grant, response, SystemTime::now()).map_err(Some)
}

fn tokens(emulator: &Emulator) -> Arc<AppTokens> {
    let base = emulator.base_url().parse().unwrap();
    let app = emulator.app_key().parse().unwrap();
    let endpoint = TokenEndpoint::new(&base, &app, TtlUnits::STANDARD).unwrap();
    let grant = ClientCredentials::new(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET).unwrap();
    AppTokens::new(Arc::new(move || send(&endpoint, &grant)))
}

/// Runs the emulator on tokio, on threads of its own, which the example never sees.
fn with_emulator(test: impl FnOnce(&Emulator)) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    test(&runtime.block_on(Emulator::start()).unwrap());
}

#[test]
fn a_hundred_callers_are_served_by_one_request() {
    with_emulator(|emulator| {
        let tokens = tokens(emulator);
        let callers: Vec<_> = (0..100)
            .map(|_| {
                let tokens = Arc::clone(&tokens);
                smol::spawn(async move { tokens.get().await })
            })
            .collect();
        let first = smol::block_on(tokens.get()).unwrap();
        assert!(
            first.remaining_at(SystemTime::now()).unwrap() <= first.lifetime().duration().unwrap()
        );
        for caller in callers {
            let token = smol::block_on(caller).unwrap();
            assert_eq!(token.access_token().expose(), first.access_token().expose());
        }
        assert_eq!(emulator.request_count(), 1);
    });
}

#[test]
fn a_passing_failure_is_retried_and_a_refusal_is_remembered() {
    with_emulator(|emulator| {
        emulator.inject(Fault::gateway(502)).unwrap();
        assert!(smol::block_on(tokens(emulator).get()).is_ok());
        assert_eq!(emulator.request_count(), 2);

        let refused = Fault::refusal(Refusal::ClientIdMismatch);
        emulator.inject(refused.always()).unwrap();
        let tokens = tokens(emulator);
        for _ in 0..10 {
            let error = smol::block_on(tokens.get()).unwrap_err().unwrap();
            assert_eq!(error.status(), 400);
        }
        assert_eq!(emulator.request_count(), 3);
    });
}

fn within_ten_seconds<T>(future: impl Future<Output = T>) -> T {
    let late = async {
        smol::Timer::after(Duration::from_secs(10)).await;
        panic!("it hangs")
    };
    smol::block_on(smol::future::or(future, late))
}

#[test]
fn callers_do_not_hang_if_the_request_panics() {
    let tokens = AppTokens::new(Arc::new(|| panic!("the HTTP library is broken")));
    // After four requests at once the next one has to wait, and callers get the last error.
    assert!(within_ten_seconds(tokens.get()).unwrap_err().is_none());
}

#[test]
fn a_token_of_unknown_lifetime_does_not_replace_a_good_one() {
    let sent = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&sent);
    let tokens = AppTokens::new(Arc::new(move || {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        // Due for renewal after 3.4 s at the latest, usable for 3.6 s.
        let first = Lifetime::Expires(Duration::from_secs(4));
        let lifetime = if number == 0 { first } else { Lifetime::Unknown };
        let access_token = AccessToken::new(&format!("token-{number}")).unwrap();
        Ok(AppToken::from_parts(access_token, lifetime, SystemTime::now()))
    }));
    let mut after_the_second_request = 0;
    while after_the_second_request < 5 {
        after_the_second_request += u32::from(sent.load(Ordering::Relaxed) == 2);
        let token = within_ten_seconds(tokens.get()).unwrap();
        assert_eq!(token.access_token().expose(), "token-0");
        smol::block_on(smol::Timer::after(Duration::from_millis(10)));
    }
}

//! The example against the stand-in service: one request for many callers, under smol and ureq.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use easemob_token_core::{ClientCredentials, TokenEndpoint, TtlUnits};
use easemob_token_core_on_smol_example::{Answer, AppTokens};
use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator, Fault, Refusal};
use http::Response;

/// One request with a library that knows nothing of us, and its answer read by the core.
fn ask(endpoint: &TokenEndpoint, grant: &ClientCredentials) -> Answer {
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
    AppTokens::new(Arc::new(move || ask(&endpoint, &grant)))
}

/// The emulator lives on tokio, on threads of its own; the example never sees it.
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
        for caller in callers {
            let token = smol::block_on(caller).unwrap();
            assert_eq!(token.access_token().expose(), first.access_token().expose());
        }
        assert_eq!(emulator.request_count(), 1);
    });
}

#[test]
fn a_passing_failure_is_asked_again_and_a_refusal_is_remembered() {
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

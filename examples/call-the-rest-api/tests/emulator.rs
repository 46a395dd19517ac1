//! The job against the emulator, whose users endpoint checks the token as the service does.

#![expect(clippy::unwrap_used, reason = "the setup of a test may panic like the test itself")]

use easemob_token::Client;
use easemob_token::hyper::HyperTransport;
use easemob_token_call_the_rest_api_example::users;
use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};

async fn start() -> (Emulator, Client, reqwest::Client) {
    let emulator = Emulator::start().await.unwrap();
    let tokens = Client::builder(emulator.base_url(), emulator.app_key())
        .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
        .transport(HyperTransport::new())
        .build()
        .unwrap();
    (emulator, tokens, reqwest::Client::new())
}

#[tokio::test]
async fn the_users_are_listed_with_one_token() {
    let (emulator, tokens, http) = start().await;
    emulator.add_user_without_password("alice").unwrap();
    for (limit, expected) in [(1, &["c"][..]), (100, &["c", "alice"])] {
        let users = users(&tokens, &http, limit).await.unwrap();
        assert_eq!(users.iter().map(|user| user.username.as_str()).collect::<Vec<_>>(), expected);
    }
    // One app token, two lists.
    assert_eq!(emulator.request_count(), 3);
}

#[tokio::test]
async fn a_revoked_token_is_renewed_once_and_the_call_repeated() {
    let (emulator, tokens, http) = start().await;
    tokens.app_token().await.unwrap();
    emulator.revoke_app_tokens();
    assert_eq!(users(&tokens, &http, 10).await.unwrap().len(), 1);
    // The token, the refused call, the new token, the call.
    assert_eq!(emulator.request_count(), 4);
}

//! Dynamic tokens of a client: nothing is sent, invalid arguments are named.

use std::time::Duration;

use easemob_token::dynamic::{Signer, UnverifiedToken};
use easemob_token::{Client, ClientBuilder, ErrorKind};

use crate::memory::Memory;

fn builder(memory: &Memory) -> ClientBuilder {
    Client::builder("https://a1.easemob.com", "org#app").transport(memory.clone())
}

#[tokio::test]
async fn a_dynamic_token_is_made_without_a_request_for_the_clients_own_app() {
    let memory = Memory::default();
    let client = builder(&memory).client_credentials("id", "MARK-secret").build().unwrap();
    let before = std::time::SystemTime::now() - Duration::from_secs(1);
    let token = client.dynamic_token("Alice", Duration::from_secs(600)).unwrap();
    let signer = Signer::new(client.app_key(), "id", "MARK-secret").unwrap();
    let reading = UnverifiedToken::parse(token.access_token().expose()).unwrap();
    assert!(signer.verify(&reading, std::time::SystemTime::now()).is_ok());
    assert_eq!((token.user_id(), token.ttl()), ("alice", Duration::from_secs(600)));
    assert!(token.issued_at() >= before);
    assert!(!format!("{client:?} {token:?}").contains("MARK"));
    assert!(memory.sent().is_empty());
}

#[test]
fn credentials_user_id_and_ttl_are_needed() {
    let memory = Memory::default();
    let time = Duration::from_secs(600);
    let without = builder(&memory).build().unwrap();
    let client = builder(&memory).client_credentials("id", "secret").build().unwrap();
    for (error, part) in [
        (without.dynamic_token("c", time).unwrap_err(), "client_credentials: missing"),
        (client.dynamic_token("a b", time).unwrap_err(), "user ID: "),
        (client.dynamic_token("c", Duration::ZERO).unwrap_err(), "ttl: "),
    ] {
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::InvalidInput, 0));
        assert!(error.to_string().starts_with(part), "{error}");
    }
}

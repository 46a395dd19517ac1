//! The blocking example against the emulator, which runs on a runtime of the test.

use easemob_token::hyper::HyperTransport;
use easemob_token::{Client, Error, ErrorKind};
use easemob_token_blocking_example::tokens_of;
use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};

#[test]
fn many_threads_share_one_app_token() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(Emulator::start()).unwrap();
    let client = Client::builder(emulator.base_url(), emulator.app_key())
        .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
        .transport(HyperTransport::new())
        .build_blocking()
        .unwrap();
    let tokens = tokens_of(&client, &["alice", "bob", "c", "no such user!"]);
    let kinds: Vec<_> = tokens.iter().map(|token| token.as_ref().err().map(Error::kind)).collect();
    assert_eq!(kinds, [None, None, None, Some(ErrorKind::InvalidUsername)]);
    // One app token, and one request for each user ID.
    assert_eq!(emulator.request_count(), 5);
}

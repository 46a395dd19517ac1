//! The layout of tokens, decoded without code of the emulator.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use easemob_token_emulator::{DEMO_APPLICATION_ID, Emulator, PermanentAs};
use serde_json::json;

use crate::client::{app_token, client_credentials, password, post, with};

/// URL-safe base64 without padding, bit by bit.
fn decode(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = text
        .chars()
        .map(|c| ALPHABET.find(c).expect("in the alphabet"))
        .flat_map(|value| (0..6).rev().map(move |bit| (value >> bit & 1) as u8))
        .collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect()
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn uuid(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Unix milliseconds of a version 1 UUID.
fn uuid_clock_ms(bytes: &[u8]) -> u64 {
    assert_eq!(bytes[6] >> 4, 1, "version 1");
    assert_eq!(bytes[8] >> 6, 0b10, "variant");
    let (low, middle, high) = (&bytes[..4], &bytes[4..6], &bytes[6..8]);
    let ticks = (number(high) & 0x0fff) << 48 | number(middle) << 32 | number(low);
    // 100 ns since 15 October 1582.
    (ticks - 0x01b2_1dd2_1381_4000) / 10_000
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// Splits a token into the fields of the layout and checks the constant ones.
fn fields(token: &str) -> [Vec<u8>; 7] {
    assert_eq!(token.len(), 130);
    let bytes = decode(token);
    assert_eq!(bytes.len(), 3 + 94);
    assert_eq!(&bytes[..3], b"ac-");
    let f = &bytes[3..];
    assert_eq!(f[49], 3);
    [&f[..16], &f[16..32], &f[32..48], &f[48..49], &f[50..58], &f[58..62], &f[62..]]
        .map(<[u8]>::to_vec)
}

#[test]
fn the_decoder_reads_the_public_samples() {
    let user = fields(
        "YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnNonWqRx7gTPwR7Kzl-Q_xISNOAwMAAAF9UPZqbQAPoAAt\
         YK9fWgaTNyuWoB3-6nGf_TXBx3Nt3XRZST-elU0x2A",
    );
    assert_eq!(user[3], [3]);
    assert_eq!((number(&user[4]), number(&user[5])), (1_637_740_866_157, 1_024_000));
    let app = fields(
        "YWMte3bGuOukEeiTkNP4grL7iwAAAAAAAAAAAAAAAAAAAAGL4CTw6XgR6LaXXVmNX4QCAgMAAAFnKdc-ZgBPGgBF\
         TrLhhyK8woMEI005emtrLJFJV6aoxsZSioSIZkr5kw",
    );
    assert_eq!(app[3], [2]);
    assert_eq!(number(&app[1]), 1, "the management id");
    assert_eq!(uuid(&app[2]), DEMO_APPLICATION_ID);
    assert_eq!((number(&app[4]), number(&app[5])), (1_542_595_231_334, 5_184_000));
    assert!(uuid_clock_ms(&app[0]).abs_diff(1_542_595_231_334) < 1_000);
}

#[tokio::test]
async fn a_user_token_names_application_user_and_lifetime() {
    let emulator = Emulator::start().await.unwrap();
    let before = now_ms();
    let reply = post(&emulator, &with(password("c", "1"), "ttl", json!(1_024_000))).await;
    let [id, application, principal, kind, issued, lifetime, digest] = fields(&reply.token());
    let issued = number(&issued);
    assert!((before..=now_ms()).contains(&issued));
    assert_eq!(uuid_clock_ms(&id), issued, "the UUID's clock is the time of issue");
    assert_eq!(uuid(&application), DEMO_APPLICATION_ID);
    assert_eq!(uuid(&principal), reply.json()["user"]["uuid"].as_str().unwrap());
    assert_eq!(kind, [3]);
    assert_eq!(number(&lifetime), 1_024_000);
    assert!(digest.iter().any(|byte| *byte != 0));
}

#[tokio::test]
async fn an_app_token_names_management_and_application() {
    let emulator = Emulator::start().await.unwrap();
    emulator.advance(Duration::from_secs(86_400));
    let [id, management, principal, kind, issued, lifetime, _] =
        fields(&app_token(&emulator).await);
    assert_eq!((management[6] >> 4, management[8] >> 6), (3, 0b10), "as in newer tokens");
    assert_eq!(management, fields(&app_token(&emulator).await)[1], "one for each application");
    assert_eq!(uuid(&principal), DEMO_APPLICATION_ID);
    assert_eq!(kind, [2]);
    assert_eq!(number(&lifetime), 5_184_000);
    let (issued, tomorrow) = (number(&issued), now_ms() + 86_400_000);
    assert!((tomorrow - 60_000..=tomorrow).contains(&issued), "the emulator's clock");
    assert_eq!(uuid_clock_ms(&id), issued);
}

#[tokio::test]
async fn two_tokens_of_the_same_time_differ() {
    let emulator = Emulator::start().await.unwrap();
    let (first, second) = (app_token(&emulator).await, app_token(&emulator).await);
    assert_ne!(fields(&first)[0], fields(&second)[0]);
    assert_ne!(fields(&first)[6], fields(&second)[6]);
}

#[tokio::test]
async fn a_permanent_token_carries_a_lifetime_of_zero() {
    let emulator = Emulator::builder().permanent_as(PermanentAs::Zero).start().await.unwrap();
    let reply = post(&emulator, &with(client_credentials(), "ttl", json!(0))).await;
    assert_eq!(number(&fields(&reply.token())[5]), 0);
}

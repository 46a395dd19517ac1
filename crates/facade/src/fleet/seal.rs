//! The seal of a record: only processes with the client secret read it or write one.

use easemob_token_core::{AppKey, Secret};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

/// The layout of a sealed record: version, key ID, nonce, then ciphertext and tag.
const VERSION: u8 = 0x01;
const KEY_LEN: usize = 32;
const KEY_ID_LEN: usize = 8;
const HEAD_LEN: usize = 1 + KEY_ID_LEN + NONCE_LEN;
const INFO: &[u8] = b"easemob-token record v1";

/// The key that seals the records of one app and one client secret.
pub(super) struct Seal {
    key: LessSafeKey,
    key_id: [u8; KEY_ID_LEN],
}

/// The length of the key and its ID together.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        KEY_LEN + KEY_ID_LEN
    }
}

impl Seal {
    pub(super) fn new(app_key: &AppKey, secret: &Secret) -> Self {
        let (key, key_id) = derive(app_key.to_string().as_bytes(), secret.expose().as_bytes());
        #[expect(clippy::expect_used, reason = "a key of 32 bytes is never refused")]
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the key has 32 bytes");
        Self { key: LessSafeKey::new(key), key_id }
    }

    /// The public name of the key: another secret or App Key has another one.
    pub(super) fn key_id(&self) -> &[u8; KEY_ID_LEN] {
        &self.key_id
    }

    /// Seals a text for the record of this name. The nonce must be random.
    pub(super) fn seal(&self, name: &str, nonce: [u8; NONCE_LEN], text: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(HEAD_LEN + text.len() + CHACHA20_POLY1305.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.key_id);
        sealed.extend_from_slice(&nonce);
        let mut body = text.to_vec();
        let (nonce, name) = (Nonce::assume_unique_for_key(nonce), Aad::from(name.as_bytes()));
        #[expect(clippy::expect_used, reason = "only a text of gigabytes is refused")]
        self.key.seal_in_place_append_tag(nonce, name, &mut body).expect("a record is short");
        sealed.append(&mut body);
        sealed
    }

    /// Opens the record of this name; `None` if it was not sealed by this key for this name.
    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (head, body) = sealed.split_at_checked(HEAD_LEN)?;
        let (prefix, nonce) = head.split_at(1 + KEY_ID_LEN);
        if prefix[0] != VERSION || prefix[1..] != self.key_id {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = body.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::from(name.as_bytes()), &mut text).ok()?;
        let len = opened.len();
        text.truncate(len);
        Some(text)
    }
}

/// Derives the key and its ID from the client secret, with the App Key as salt.
fn derive(app_key: &[u8], secret: &[u8]) -> ([u8; KEY_LEN], [u8; KEY_ID_LEN]) {
    let (mut key, mut key_id) = ([0; KEY_LEN], [0; KEY_ID_LEN]);
    let random = Salt::new(HKDF_SHA256, app_key).extract(secret);
    let mut both = [0; KEY_LEN + KEY_ID_LEN];
    #[expect(clippy::expect_used, reason = "HKDF-SHA256 yields up to 8160 bytes")]
    random
        .expand(&[INFO], Length)
        .and_then(|okm| okm.fill(&mut both))
        .expect("40 bytes can be derived");
    key.copy_from_slice(&both[..KEY_LEN]);
    key_id.copy_from_slice(&both[KEY_LEN..]);
    (key, key_id)
}

#[cfg(test)]
mod tests {
    use super::super::name::hex;
    use super::*;

    const NAME: &str = "easemob-token:v1:299ed4fd93707199ce78943612135cfb";
    const TEXT: &[u8] = br#"{"v":1,"n":"000102030405060708090a0b0c0d0e0f","token":"YWMt-sample","life_ms":5184000000,"age_ms":0}"#;
    const SECRET: &str = "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc";

    fn seal(secret: &str) -> Seal {
        Seal::new(&"easemob-demo#testapp".parse().unwrap(), &Secret::new(secret))
    }

    fn sealed() -> Vec<u8> {
        let nonce = std::array::from_fn(|index| u8::try_from(index).unwrap());
        seal(SECRET).seal(NAME, nonce, TEXT)
    }

    /// The vectors were computed by another implementation, in Python.
    #[test]
    fn key_and_record_are_those_of_another_implementation() {
        let (key, key_id) = derive(b"easemob-demo#testapp", SECRET.as_bytes());
        assert_eq!(hex(&key), "c3a409cb58885f70e3db4c55a0a32022313c59d27f3f2e52e8aa998cd8cac121");
        assert_eq!(hex(&key_id), "838d0bd8bbcae095");
        assert_eq!(
            hex(&sealed()),
            "01838d0bd8bbcae095000102030405060708090a0b4cc931c75a93b5bc75c7d814a79d524570e4a10c3793b7\
             5d332a9e1c9098bd6f7502454b3dab1192ceb8818a9b28ba402d729c0e8ed93d5aab0329b7792fa2314a8b3f\
             85beb4f14ccd598e1045e36d2a2eaad14b33e09dcc2fdc51471830158a17c96af6772e2a5c8a05b2e62bdd60\
             39007fc7e3",
        );
        assert_eq!(seal(SECRET).open(NAME, &sealed()).unwrap(), TEXT);
    }

    #[test]
    fn what_was_not_sealed_by_this_key_for_this_name_does_not_open() {
        let (seal_, whole) = (seal(SECRET), sealed());
        assert_eq!(seal_.open(&NAME.replace('2', "3"), &whole), None, "another name");
        assert_eq!(seal("another").open(NAME, &whole), None, "another secret");
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(seal_.open(NAME, &flipped), None, "bit {bit}");
        }
        for len in 0..whole.len() {
            assert_eq!(seal_.open(NAME, &whole[..len]), None, "{len} bytes");
        }
        let longer = [&*whole, &[0]].concat();
        assert_eq!(seal_.open(NAME, &longer), None, "a byte more");
    }
}

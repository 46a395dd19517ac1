//! The table of accounts: user IDs and hashes of their passwords (Argon2id).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use argon2::password_hash::{Error, PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Argon2, Params};

/// Accounts by user ID. A real server has them in its database.
#[derive(Default)]
pub struct Accounts(HashMap<String, String>);

impl Accounts {
    /// Adds an account, or changes its password.
    ///
    /// # Errors
    ///
    /// Fails if the password cannot be hashed.
    pub fn insert(&mut self, user_id: &str, password: &str) -> Result<(), Error> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| Error::Crypto)?;
        let salt = SaltString::encode_b64(&salt)?;
        let hash = argon2().hash_password(password.as_bytes(), &salt)?.to_string();
        self.0.insert(user_id.to_ascii_lowercase(), hash);
        Ok(())
    }

    /// Whether this is the account's password. It takes a while, on purpose, so on a thread of its own.
    pub async fn verify(self: Arc<Self>, user_id: &str, password: String) -> bool {
        let user_id = user_id.to_ascii_lowercase();
        let verify = move || {
            // An unknown account takes as long as a wrong password, and looks the same.
            let hash = self.0.get(&user_id).map_or(NOBODY, String::as_str);
            let parsed = PasswordHash::new(hash);
            let is_right = parsed
                .and_then(|hash| argon2().verify_password(password.as_bytes(), &hash))
                .is_ok();
            is_right && self.0.contains_key(&user_id)
        };
        tokio::task::spawn_blocking(verify).await.unwrap_or(false)
    }
}

/// A hash that is compared if there is no such account.
const NOBODY: &str = "$argon2id$v=19$m=4096,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
                      $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Cheap enough for this example's tests. In production use the defaults, which need 19 MiB.
fn argon2() -> Argon2<'static> {
    let params = Params::new(4096, 2, 1, None).unwrap_or_default();
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Accounts").field(&self.0.len()).finish()
    }
}

//! Signer of dynamic tokens, with the credentials of one app.

use std::time::{Duration, SystemTime};

use super::fault::{Fault, Faults};
use super::signature::{Key, same_secret};
use super::token::{Claims, DynamicToken, Padding};
use super::unverified::{AppKeyMember, DEFAULT_LEEWAY, UnverifiedToken};
use crate::build_error::{BuildError, Field, require_visible};
use crate::endpoint::AppKey;
use crate::secret::Secret;
use crate::token::UserId;

/// Makes and verifies dynamic user tokens of one app.
///
/// It holds the client secret, so keep it on the app server. `Debug` does not show the secret.
#[derive(Clone, Debug)]
pub struct Signer {
    key: Key,
    padding: Padding,
    leeway: Duration,
}

impl Signer {
    /// A signer with the app's client ID and client secret.
    ///
    /// # Errors
    ///
    /// [`Field::ClientId`] or [`Field::ClientSecret`] if it is empty, in quotes, or has a character that is
    /// not visible ASCII, such as a line end or a no-break space.
    pub fn new(
        app_key: &AppKey,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Self, BuildError> {
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        require_visible(Field::ClientId, &client_id)?;
        require_visible(Field::ClientSecret, client_secret.expose())?;
        let client_id = client_id.into_boxed_str();
        let key = Key { app_key: app_key.clone(), client_id, client_secret };
        Ok(Self { key, padding: Padding::default(), leeway: DEFAULT_LEEWAY })
    }

    /// Sets whether tokens end in `=`, which they do by default.
    #[must_use]
    pub fn with_padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// Sets the leeway for clocks that disagree, [`DEFAULT_LEEWAY`] by default.
    ///
    /// [`verify`](Self::verify) accepts a token that is issued up to this time later than now, and one that
    /// expired less than this time ago. Zero compares exactly.
    #[must_use]
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The app whose tokens these are.
    #[must_use]
    pub fn app_key(&self) -> &AppKey {
        &self.key.app_key
    }

    /// Makes a token for this user that is issued at `now` and lives for `ttl`.
    ///
    /// The user ID is folded to lower case, as the service does. Fractions of a second are cut off both
    /// times. A long `ttl` is not an error; see [`is_long_lived`](DynamicToken::is_long_lived).
    ///
    /// # Errors
    ///
    /// [`Field::UserId`] if the user ID is not 1 to 64 bytes of `a-z 0-9 _ . -`;
    /// [`Field::Ttl`] if the lifetime is shorter than a second or exceeds what a time can hold;
    /// [`Field::Clock`] if `now` is before 1970.
    pub fn token(
        &self,
        user_id: &str,
        ttl: Duration,
        now: SystemTime,
    ) -> Result<DynamicToken, BuildError> {
        let user_id = UserId::new(user_id)?.to_documented()?;
        let since = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| {
            BuildError::new(Field::Clock, "is before 1970; set the time of this machine")
        })?;
        if ttl.as_secs() == 0 {
            let problem = "is shorter than one second, and a dynamic token is never permanent; ask for a second or more";
            return Err(BuildError::new(Field::Ttl, problem));
        }
        let whole = |time: Duration| {
            i64::try_from(time.as_secs())
                .map_err(|_| BuildError::new(Field::Ttl, "is too long; ask for less"))
        };
        let (cur_time, ttl) = (whole(since)?, whole(ttl)?);
        let signature = self.key.sign(&user_id, cur_time, ttl);
        let claims = Claims { app_key: &self.key.app_key, user_id, cur_time, ttl };
        DynamicToken::write(claims, &signature, self.padding)
    }

    /// Verifies a token: its shape, its time, its App Key and its signature.
    ///
    /// The leeway of this signer counts ([`with_leeway`](Self::with_leeway)), not the token's.
    ///
    /// The signature of a token for another App Key cannot be verified with these credentials, so it is
    /// not checked.
    ///
    /// # Errors
    ///
    /// Every fault that the token has at `now`.
    pub fn verify(&self, token: &UnverifiedToken, now: SystemTime) -> Result<(), Faults> {
        let mut faults = token.faults_at(now, self.leeway);
        let ours = match &token.app_key {
            AppKeyMember::Key(key) => *key == self.key.app_key,
            AppKeyMember::Other(text) => {
                let secret = same_secret(text, &self.key.client_secret);
                if secret && !faults.contains(&Fault::SecretInAppKey) {
                    faults.push(Fault::SecretInAppKey);
                }
                // An implementation with this fault has signed with the App Key nevertheless.
                faults.contains(&Fault::SecretInAppKey)
            }
        };
        if !ours && matches!(token.app_key, AppKeyMember::Key(_)) {
            faults.push(Fault::OtherAppKey);
        }
        if let (true, Some(signature)) = (ours, &token.signature) {
            let expected = self.key.sign(&token.user_id, token.cur_time, token.ttl);
            if !signature.matches(&expected) {
                faults.push(Fault::BadSignature);
            }
        }
        Faults::none_or(faults)
    }
}

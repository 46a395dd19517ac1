//! Dynamic user tokens, which the app server makes itself, without a request.
//!
//! ```text
//! str       = client_id + appkey + user_id + cur_time + ttl + client_secret
//! signature = lower-case hex of SHA-256(str)
//! json      = {"signature":…,"appkey":"org#app","userId":…,"curTime":…,"ttl":…}
//! token     = URL-safe base64 of ("dt-" + json)
//! ```
//!
//! A [`Signer`] makes and verifies them. An [`UnverifiedToken`] is the contents of one, which can be
//! checked in part without the secret. A [`Fault`] is the reason why a token is not valid. Times are
//! arguments: nothing here reads a clock. Clocks of two machines disagree, so a leeway of a minute
//! ([`DEFAULT_LEEWAY`]) counts at both ends of a token's life.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use easemob_token_core::dynamic::{Fault, Signer, UnverifiedToken};
//!
//! let app = "easemob-demo#testapp".parse()?;
//! let signer = Signer::new(&app, "YXA6i-Ak8Ol4Eei2l11ZjV-EAg", "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc")?;
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_686_207_557);
//! let token = signer.token("Test2333", Duration::from_secs(600), now)?;
//! assert_eq!(token.user_id(), "test2333");
//!
//! let unverified = UnverifiedToken::parse(token.access_token().expose())?;
//! assert!(signer.verify(&unverified, now).is_ok());
//! let faults = signer.verify(&unverified, now + Duration::from_secs(660)).unwrap_err();
//! assert_eq!(faults.as_slice(), [Fault::Expired]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A weakness of the signature
//!
//! The parts of `str` are joined without separators, so digits can move from one number, or from the end
//! of the user ID, into the next. A user with a token for `bob178620` can turn it into one for `bob` with
//! the same signature, a plausible `curTime` and a long `ttl`. Whether the service prevents that is
//! undocumented. If you use dynamic tokens, do not let users choose a user ID that is another one followed
//! by digits. IDs of one length, and IDs that end in a letter, are safe.

mod fault;
mod signature;
mod signer;
mod token;
mod unverified;

pub use self::fault::{Fault, Faults, ParseError};
pub use self::signer::Signer;
pub use self::token::{DynamicToken, LONG_TTL, Padding};
pub use self::unverified::{DEFAULT_LEEWAY, UnverifiedToken};

//! Dynamic user tokens: made by the app server itself, without a request.
//!
//! ```text
//! str       = client_id + appkey + user_id + cur_time + ttl + client_secret
//! signature = lower-case hex of SHA-256(str)
//! json      = {"signature":…,"appkey":"org#app","userId":…,"curTime":…,"ttl":…}
//! token     = URL-safe base64 of ("dt-" + json)
//! ```
//!
//! A [`Signer`] makes them and checks them; a [`UnverifiedToken`] is what one says, with or without the
//! secret at hand, and which [`Fault`] it has. Times are arguments: nothing here reads a clock.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use easemob_token_core::dynamic::{Fault, UnverifiedToken, Signer};
//!
//! let app = "easemob-demo#testapp".parse()?;
//! let signer = Signer::new(&app, "YXA6i-Ak8Ol4Eei2l11ZjV-EAg", "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc")?;
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_686_207_557);
//! let token = signer.token("Test2333", Duration::from_secs(600), now)?;
//! assert_eq!(token.user_id(), "test2333");
//!
//! let reading = UnverifiedToken::parse(token.access_token().expose())?;
//! assert!(signer.verify(&reading, now).is_ok());
//! let faults = signer.verify(&reading, now + Duration::from_secs(600)).unwrap_err();
//! assert_eq!(faults.as_slice(), [Fault::Expired]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What the rule does not protect from
//!
//! The parts of `str` stand side by side with nothing between them, so that digits can move from
//! one number, or from the end of the user ID, into the next. Whoever holds a token for `bob178620`
//! can turn it into one for `bob` with the same signature, a plausible `curTime` and a long `ttl`.
//! Whether the service guards against that is not documented. An app server that makes dynamic
//! tokens should not let anybody choose a user ID that is another one followed by digits; IDs that
//! all have one length, or all end in a letter, are safe.

mod fault;
mod signature;
mod signer;
mod token;
mod unverified;

pub use self::fault::{Fault, Faults, ParseError};
pub use self::signer::Signer;
pub use self::token::{DynamicToken, LONG_TTL, Padding};
pub use self::unverified::UnverifiedToken;

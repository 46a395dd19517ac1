//! What is made or read without the service: dynamic tokens, and what a token says of itself.

#[cfg(feature = "dynamic")]
pub mod dynamic;
pub mod inspect;

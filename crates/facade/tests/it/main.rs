//! The client seen by its users: settings, grants, errors, over a transport in memory and over
//! every transport compiled in.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod app_token;
#[cfg(feature = "dynamic")]
mod dynamic;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod end_to_end;
mod grants;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod herd;
mod memory;
#[cfg(all(feature = "hyper", feature = "isahc"))]
mod providers;
mod settings;
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod units;

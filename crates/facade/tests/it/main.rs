//! The client seen by its users: settings, grants, errors, over a transport in memory and over
//! every transport compiled in.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[cfg(any(feature = "hyper", feature = "isahc"))]
mod end_to_end;
mod grants;
mod memory;
mod settings;

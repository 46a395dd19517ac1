//! The facade's cache of tokens, its very code, where a model checker decides who runs when.
//!
//! Not published; its tests are what it is for. The cache is compiled a second time, from the facade's
//! own files. What it takes from elsewhere in the facade stands here in a form that is enough for
//! it: `sync.rs` puts shuttle's scheduler before every step at which threads meet, time stands still
//! until a test moves it, tasks are shuttle's, and the service watches that it is asked by one at a
//! time.

mod acquire;
mod clock;
mod error;
mod event;
mod service;
mod sync;
mod world;

/// The facade's own files.
#[path = "../../facade/src"]
#[allow(
    dead_code,
    missing_docs,
    unnameable_types,
    unreachable_pub,
    reason = "here they are a part of what they are there"
)]
mod facade {
    pub(crate) mod cache;
    pub(crate) mod received;
}

pub use clock::Clock;
pub use error::Error;
pub(crate) use facade::{cache, received};
pub use world::{Token, World};

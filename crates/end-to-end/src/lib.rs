//! Code that the tests with real servers share: adapters, and processes that end with their test.

mod adapters;
mod server;

pub use adapters::{ADAPTERS, Adapter, HYPER, ISAHC};
pub use server::{Server, eventually};

//! Tests of whole clients in simulated time, with a scripted service.

mod faults;
#[cfg(feature = "fleet")]
mod fleet;
#[cfg(feature = "fleet")]
mod fleet_rate;
mod lifetimes;
mod reports;
mod runtime;
mod service;
#[cfg(feature = "fleet")]
mod shared_store;
mod waiting;
mod world;

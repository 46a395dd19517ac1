//! Tests of whole clients in simulated time, with a scripted service.

mod faults;
mod lifetimes;
mod reports;
mod runtime;
mod service;
mod waiting;
mod world;

//! Whole clients in simulated time: a clock moved by hand, a scripted service, tasks run in order.

mod faults;
mod lifetimes;
mod reports;
mod runtime;
mod service;
mod waiting;
mod world;

//! Captures everything that the adapters, their libraries and the emulator log, and finds secrets in it.
//!
//! Each test is a program of its own, since subscribers and loggers are for a whole process.

pub mod capture;
pub mod controls;
mod listening;
pub mod scene;
pub mod secrets;

pub use listening::{Heard, Listening};

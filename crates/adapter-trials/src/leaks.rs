//! Captures everything that the adapters, their libraries and the emulator log, and searches secrets.
//!
//! Each test is a program of its own, since subscribers and loggers are for a whole process.

pub mod capture;
mod capturing_harness;
pub mod controls;
pub mod scene;
pub mod secrets;
#[cfg(test)]
mod settings;

pub use capturing_harness::{CapturingHarness, Leaks};

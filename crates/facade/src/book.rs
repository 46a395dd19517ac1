//! The pages of the book, so that the Rust in them is compiled and run like every other example.
//!
//! Both features have to be on, since the pages speak of both transports. `cargo xtask ci docs` runs
//! what is here, and fails for a page with Rust in it that is missing.
#![cfg(all(doctest, feature = "hyper", feature = "isahc"))]

#[doc = include_str!("../../../README.md")]
struct Readme;

#[doc = include_str!("../../../README.zh-CN.md")]
struct ReadmeInChinese;

#[doc = include_str!("../../../docs/transports.md")]
struct Transports;

#[doc = include_str!("../../../docs/observability.md")]
struct Observability;

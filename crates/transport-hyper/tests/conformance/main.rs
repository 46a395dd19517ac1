//! Conformance tests of `HyperTransport`, one for each rule.

mod harness;

easemob_token_transport_testkit::conformance! { adapter = harness::Hyper }

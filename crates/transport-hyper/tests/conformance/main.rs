//! `HyperTransport` by the conformance suite of the port, one test a rule.

mod harness;

easemob_token_transport_testkit::conformance! { adapter = harness::Hyper }

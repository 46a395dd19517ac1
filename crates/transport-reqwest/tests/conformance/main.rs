//! Conformance tests of `ReqwestTransport`, one for each rule.

mod harness;

easemob_token_transport_testkit::conformance! { adapter = harness::Reqwest }

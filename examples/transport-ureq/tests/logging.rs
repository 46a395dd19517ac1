//! What ureq logs at TRACE, and that the suite finds it.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod harness;

use easemob_token_transport_testkit::{RuleReport, Suite};
use log::Level;

use crate::harness::Ureq;

/// The adapter cannot prevent it, so its documentation states it. If ureq stops logging secrets, this
/// fails, and the statement can go.
#[test]
fn at_trace_ureq_logs_secrets_and_the_suite_finds_them() {
    let loud = Ureq { listening: Level::Trace, exceptions: &[] };
    let report = Suite::new(&loud).only(|rule| rule.name() == "rule_02_parallel_calls").run();
    assert_eq!(report.failed(), ["rule_02_parallel_calls"]);
    let mut cases = report.rules().iter().flat_map(RuleReport::cases);
    // What parallel calls log is mixed.
    let case = cases.find(|own| own.label() == "20 in a row").expect("the rule has such a case");
    // In the target and a field of the request; in the body, which the response repeats.
    let logged = ["MARK-QUERY-7f31", "MARK-HEADER-58c2", "MARK-BODY-e094"];
    let logged = logged.map(|marker| format!("{marker} was logged"));
    assert_eq!(case.problems(), logged);
}

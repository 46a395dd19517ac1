//! One test for each fault: an adapter that commits it breaks the right rules and no other.

use std::env;
use std::process::Command;

use easemob_token_transport_testkit::{
    RULES, Report, Rule, RuleReport, Suite, Verdict, subprocess,
};

use crate::bad_adapter::{BadHarness, Fault};

/// The variables that name the rule and the fault for the other process.
const RULE: &str = "FAULTS_RULE";
const FAULT: &str = "FAULTS_FAULT";

/// Builds the commands for rules that need a process of their own.
fn again(fault: Fault) -> impl Fn(&Rule) -> Command {
    move |rule| {
        let mut command = subprocess::command("faults::a_rule_in_a_process_of_its_own");
        command.env(RULE, rule.name()).env(FAULT, format!("{fault:?}"));
        command
    }
}

#[test]
fn a_rule_in_a_process_of_its_own() {
    let Ok(name) = env::var(RULE) else { return };
    let fault = match env::var(FAULT).as_deref() {
        Ok("ObeysTheEnvironment") => Fault::ObeysTheEnvironment,
        _ => Fault::None,
    };
    let rule = RULES.iter().find(|rule| rule.name() == name).unwrap();
    // The first process judges what this one reports.
    let _ = Suite::new(&BadHarness(fault)).run_rule(rule);
}

/// Runs all rules; the adapter with this fault must break these and no other.
#[track_caller]
fn breaks(fault: Fault, expected: &[&str]) {
    let report = Suite::new(&BadHarness(fault)).subprocess(again(fault)).concurrently().run();
    assert_eq!(report.failed(), expected, "{report}");
}

#[test]
fn without_a_fault_every_case_of_every_rule_is_kept() {
    let report =
        Suite::new(&BadHarness(Fault::None)).subprocess(again(Fault::None)).concurrently().run();
    assert!(report.passes(), "{report}");
    let cases = report.rules().iter().flat_map(RuleReport::cases);
    for case in cases {
        assert_eq!(*case.verdict(), Verdict::Passed, "{}", case.label());
    }
    assert_eq!(report.rules().len(), RULES.len());
}

/// Makes a test of each fault: its name, the fault, the rules that the adapter then breaks.
macro_rules! faults {
    ($($test:ident: $fault:ident, [$($rule:ident),+ $(,)?];)*) => {
        $(
            #[test]
            fn $test() {
                breaks(Fault::$fault, &[$(stringify!($rule)),+]);
            }
        )*
    };
}

faults! {
    following_redirects: FollowsRedirects, [row_20_redirects];
    repeating_a_post: RepeatsPost, [
        row_09_closes_after_request, row_10_resets_after_request, row_11_second_request_dies,
    ];
    truncating: Truncates, [row_15_body_cut, rule_06_errors_show_nothing];
    never_timing_out: NeverTimesOut, [
        row_05_never_connects, row_17_no_answer, row_18_head_drips, row_19_body_drips_or_stalls,
        row_22_interim_floods, rule_04_odd_limits, rule_04_processor_time, rule_08_no_runtime,
    ];
    decompressing: Decompresses, [row_28_compressed];
    handing_over_what_came_unasked: HandsOverWhatCame, [
        row_12_glued_response, row_13_unsolicited_response,
    ];
    reusing_a_connection_where_a_fresh_one_was_asked_for: ReusesAlways, [
        row_12_glued_response, row_13_unsolicited_response, rule_02_fresh_connections,
    ];
    calling_every_connection_fresh: MarksAllAsFresh, [
        row_12_glued_response, row_13_unsolicited_response, rule_02_fresh_connections,
    ];
    looking_up_loopback_names: LooksUpLoopback, [
        rule_09_plain_http, rule_11_proxy_sees_connect_only,
    ];
    counting_no_chunk_extensions_and_no_trailers: BoundsNoFraming, [rule_03_endless_framing];
    trusting_anyone: TrustsAnyone, [
        row_07_bad_certificates, rule_09_plain_http, rule_11_proxy_faults,
    ];
    ignoring_the_bound_of_the_body: IgnoresTheCap, [
        row_26_large_bodies, row_27_endless_bodies, rule_03_body_cap,
    ];
    counting_the_bytes_of_a_head_and_not_its_fields: CountsBytesOnly, [row_25_many_fields];
    asking_for_compression: AsksForGzip, [rule_02_request_as_given];
    living_on_after_the_call_was_dropped: LivesOn, [rule_05_dropped_call];
    panicking: Panics, [row_23_switching_protocols, rule_06_errors_show_nothing];
    sending_in_clear: SendsInClear, [rule_09_plain_http];
    obeying_proxy_variables: ObeysTheEnvironment, [row_51_proxy_variables];
    showing_the_reply_in_the_error: ShowsTheReply, [rule_06_errors_show_nothing];
}

/// Runs one rule that every adapter passes that sends at all.
fn ordinary_rule(fault: Fault) -> Report {
    let harness = BadHarness(fault);
    let ordinary = |rule: &Rule| rule.name() == "rule_02_request_as_given";
    Suite::new(&harness).only(ordinary).run()
}

#[test]
fn logging() {
    let report = ordinary_rule(Fault::Logs);
    assert!(!report.passes());
    let text = report.to_string();
    assert!(text.contains("MARK-HEADER-58c2 was logged"), "{text}");
    assert!(text.contains("MARK-QUERY-7f31 was logged"), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn leaving_threads_behind() {
    // Other tests start threads too.
    if !subprocess::is_child() {
        return subprocess::run(&mut subprocess::command("faults::leaving_threads_behind"));
    }
    assert!(ordinary_rule(Fault::None).passes());
    let report = ordinary_rule(Fault::LeavesAThread);
    assert!(report.to_string().contains("left over: thread"), "{report}");
}

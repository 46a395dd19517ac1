//! One test a fault: a transport that is deliberately wrong fails the right rules and no other.

use std::env;
use std::process::Command;

use easemob_token_transport_testkit::{
    RULES, Report, Rule, RuleReport, Suite, Verdict, subprocess,
};

use crate::bad_adapter::{Fault, Sinning};

/// Tells the other process which rule it has to run, and who the sinner is.
const RULE: &str = "SINS_RULE";
const SIN: &str = "SINS_SIN";

/// This program again, for rules that need a process of their own.
fn again(fault: Fault) -> impl Fn(&Rule) -> Command {
    move |rule| {
        let mut command = subprocess::command("faults::a_rule_in_a_process_of_its_own");
        command.env(RULE, rule.name()).env(SIN, format!("{fault:?}"));
        command
    }
}

#[test]
fn a_rule_in_a_process_of_its_own() {
    let Ok(name) = env::var(RULE) else { return };
    let fault = match env::var(SIN).as_deref() {
        Ok("ObeysTheEnvironment") => Fault::ObeysTheEnvironment,
        _ => Fault::None,
    };
    let rule = RULES.iter().find(|rule| rule.name() == name).unwrap();
    // What it found is told to the first process, which judges it.
    let _ = Suite::new(&Sinning(fault)).run_rule(rule);
}

/// Runs all rules; the sinner has to fail these and no other.
#[track_caller]
fn fails(fault: Fault, expected: &[&str]) {
    let report = Suite::new(&Sinning(fault)).again(again(fault)).beside_others().run();
    assert_eq!(report.broken(), expected, "{report}");
}

#[test]
fn without_a_sin_every_case_of_every_rule_is_kept() {
    let report = Suite::new(&Sinning(Fault::None)).again(again(Fault::None)).beside_others().run();
    assert!(report.passes(), "{report}");
    let cases = report.rules().iter().flat_map(RuleReport::cases);
    for case in cases {
        assert_eq!(*case.verdict(), Verdict::Kept, "{}", case.label());
    }
    assert_eq!(report.rules().len(), RULES.len());
}

#[test]
fn following_redirects() {
    fails(Fault::FollowsRedirects, &["row_20_redirects"]);
}

#[test]
fn repeating_a_post() {
    fails(
        Fault::RepeatsPost,
        &[
            "row_09_closes_after_request",
            "row_10_resets_after_request",
            "row_11_second_request_dies",
        ],
    );
}

#[test]
fn truncating() {
    fails(Fault::Truncates, &["row_15_body_cut", "rule_06_errors_show_nothing"]);
}

#[test]
fn never_timing_out() {
    fails(
        Fault::NeverTimesOut,
        &[
            "row_05_never_connects",
            "row_17_no_answer",
            "row_18_head_drips",
            "row_19_body_drips_or_stalls",
            "row_22_interim_floods",
            "rule_04_odd_limits",
            "rule_04_processor_time",
            "rule_08_no_runtime",
        ],
    );
}

#[test]
fn decompressing() {
    fails(Fault::Decompresses, &["row_28_compressed"]);
}

#[test]
fn handing_over_what_came_unasked() {
    fails(Fault::HandsOverWhatCame, &["row_13_unsolicited_response"]);
}

#[test]
fn reusing_a_connection_where_a_fresh_one_was_asked_for() {
    fails(Fault::ReusesAlways, &["row_13_unsolicited_response", "rule_02_fresh_connections"]);
}

#[test]
fn calling_every_connection_fresh() {
    fails(Fault::MarksAllAsFresh, &["row_13_unsolicited_response", "rule_02_fresh_connections"]);
}

#[test]
fn looking_up_loopback_names() {
    fails(Fault::LooksUpLoopback, &["rule_09_plain_http", "rule_11_proxy_sees_connect_only"]);
}

#[test]
fn counting_no_chunk_extensions_and_no_trailers() {
    fails(Fault::BoundsNoFraming, &["rule_03_endless_framing"]);
}

#[test]
fn trusting_anyone() {
    fails(Fault::TrustsAnyone, &["row_07_bad_certificates", "rule_11_proxy_faults"]);
}

#[test]
fn ignoring_the_bound_of_the_body() {
    fails(
        Fault::IgnoresTheCap,
        &["row_26_large_bodies", "row_27_endless_bodies", "rule_03_body_cap"],
    );
}

#[test]
fn counting_the_bytes_of_a_head_and_not_its_fields() {
    fails(Fault::CountsBytesOnly, &["row_25_many_fields"]);
}

#[test]
fn asking_for_compression() {
    fails(Fault::AsksForGzip, &["rule_02_request_as_given"]);
}

#[test]
fn living_on_after_the_call_was_dropped() {
    fails(Fault::LivesOn, &["rule_05_dropped_call"]);
}

#[test]
fn panicking() {
    fails(Fault::Panics, &["row_23_switching_protocols", "rule_06_errors_show_nothing"]);
}

#[test]
fn sending_in_clear() {
    fails(Fault::SendsInClear, &["rule_09_plain_http"]);
}

#[test]
fn obeying_proxy_variables() {
    fails(Fault::ObeysTheEnvironment, &["row_51_proxy_variables"]);
}

#[test]
fn showing_the_reply_in_the_error() {
    fails(Fault::ShowsTheReply, &["rule_06_errors_show_nothing"]);
}

/// A rule that every transport which sends at all goes through.
fn ordinary_rule(fault: Fault) -> Report {
    let harness = Sinning(fault);
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
    assert!(ordinary_rule(Fault::None).passes());
    let report = ordinary_rule(Fault::LeavesAThread);
    assert!(report.to_string().contains("left over: thread"), "{report}");
}

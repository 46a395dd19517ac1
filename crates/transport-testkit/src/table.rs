//! The table of all rules.

use crate::rows::{
    bounds, close_notify, closing, connecting, contents, descriptors, environment, floods,
    handshake, heads, outgoing, plain_http, redirects, response, reuse, runtimes, side_effects,
    time, torn, tunnel,
};
use crate::rule::{Rule, Spread};
use crate::trial::Trial;

/// Calls a macro with the list of all rules, after its other arguments.
///
/// [`RULES`] and the tests of every [`conformance!`](crate::conformance) are made from this list. The
/// compiler warns about a rule's function that is missing here.
#[doc(hidden)]
#[macro_export]
macro_rules! __every_rule {
    ([$($callback:tt)+] $more:tt) => {
        $($callback)+! { $more
            connecting::row_01_port_closed, "1", Agree, "port closed";
            connecting::row_02_unknown_host, "2", Agree, "unknown host";
            connecting::row_03_resets_at_once, "3", Differ, "accepts, then resets at once";
            connecting::row_04_closes_at_once, "4", Agree, "accepts, then closes at once";
            connecting::row_05_never_connects, "5", Agree, "connection is never established";
            handshake::row_06_handshake_stalls, "6", Agree, "TLS handshake stalls";
            handshake::row_07_bad_certificates, "7", Agree, "certificate is not trusted";
            handshake::row_08_no_tls_we_know, "8", Agree, "old TLS, no TLS, closes during the handshake";
            closing::row_09_closes_after_request, "9", Agree, "reads the request, then closes";
            closing::row_10_resets_after_request, "10", Agree, "reads the request, then resets";
            closing::row_11_second_request_dies, "11", Agree, "reads the second request, then closes";
            closing::row_12_glued_response, "12", Agree, "one response too many, right after the first";
            closing::row_13_unsolicited_response, "13", Agree, "unsolicited response on an idle connection";
            torn::row_14_head_cut, "14", Agree, "status line or head cut off";
            torn::row_15_body_cut, "15", Agree, "body shorter than its length";
            torn::row_16_bad_chunks, "16", Agree, "chunks cut off, of bad or overflowing size";
            time::row_17_no_answer, "17", Agree, "no response";
            time::row_18_head_drips, "18", Agree, "head dripped";
            time::row_19_body_drips_or_stalls, "19", Agree, "body dripped or stalled";
            redirects::row_20_redirects, "20", Agree, "redirects, 300 to 308, to any location";
            heads::row_21_interim_responses, "21", Agree, "100 or 103 before the 200";
            heads::row_22_interim_floods, "22", Differ, "20 000 interim responses; endless heads";
            heads::row_23_switching_protocols, "23", Agree, "101 Switching Protocols";
            bounds::row_24_long_fields, "24", Agree, "header field of 31 KiB, of 33 KiB";
            bounds::row_25_many_fields, "25", Agree, "100 header fields, 101";
            bounds::row_26_large_bodies, "26", Agree, "body of 65 536 bytes, of 65 537";
            bounds::row_27_endless_bodies, "27", Agree, "endless body; Content-Length 2^64-1";
            contents::row_28_compressed, "28", Agree, "gzip, brotli, decompression bomb";
            contents::row_29_not_http, "29", Agree, "bytes that are not HTTP/1";
            contents::row_29_transfer_codings, "29", Agree, "a transfer coding other than chunked";
            heads::row_30_old_and_odd_heads, "30", Agree, "obsolete folding, Latin-1, HTTP/1.0";
            heads::row_31_bare_line_feeds, "31", Differ, "bare LF in the head";
            contents::row_32_any_body_is_handed_on, "32", Agree, "HTML, BOM, empty body, half a JSON";
            environment::row_51_proxy_variables, "51", Agree, "proxy variables";
            close_notify::row_53_no_close_notify, "53", Agree, "closes TLS without close_notify";
            closing::row_54_idle_connections_die, "54", Agree, "idle connections die while nothing runs";
            descriptors::row_56_no_free_descriptor, "56", Agree, "no free descriptor at the first call";
            tunnel::row_58_any_2xx_opens_a_tunnel, "58", Agree, "CONNECT answered by any 2xx";
            response::rule_01_any_status, "c1", Agree, "a complete response of any status is Ok";
            outgoing::rule_02_request_as_given, "c2", Agree, "one request, as given";
            outgoing::rule_02_parallel_calls, "c2", Agree, "parallel calls get their own responses";
            reuse::rule_02_fresh_connections, "c2", Agree, "a fresh connection on request, and its mark";
            response::rule_03_body_cap, "c3", Agree, "body limit of the caller, to the byte";
            response::rule_03_head_cap, "c3", Agree, "head limit, to the byte";
            response::rule_03_as_it_came, "c3", Agree, "status, fields and body are unchanged";
            bounds::rule_03_endless_framing, "c3", Agree, "endless chunk sizes, extensions, trailers";
            time::rule_04_odd_limits, "c4", Agree, "time limits: none, huge, many small delays";
            floods::rule_04_processor_time, "c4", Differ, "a flood takes little processor time";
            runtimes::rule_05_dropped_call, "c5", Agree, "a dropped call closes its connection";
            side_effects::rule_06_errors_show_nothing, "c6", Agree, "no error shows a secret";
            side_effects::rule_07_no_process_state, "c7", Agree, "no process-wide state is set";
            runtimes::rule_08_no_runtime, "c8", Differ, "no runtime, or one that has ended";
            plain_http::rule_09_plain_http, "c9", Agree, "plain HTTP only if permitted";
            handshake::rule_10_good_certificates, "c10", Agree, "TLS 1.2 and 1.3, trusted roots";
            tunnel::rule_11_proxy_sees_connect_only, "c11", Agree, "a proxy sees CONNECT only";
            tunnel::rule_11_proxy_faults, "c11", Agree, "a proxy that opens no tunnel";
        }
    };
}

macro_rules! table {
    ({} $($module:ident :: $name:ident, $id:literal, $spread:ident, $what:literal;)*) => {
        /// All rules: the rows of the fault table, then the rules of the contract.
        pub const RULES: &[Rule] = &[
            $(Rule {
                id: $id,
                name: stringify!($name),
                what: $what,
                spread: Spread::$spread,
            },)*
        ];

        /// Runs the function of this rule.
        pub(crate) fn run(rule: &Rule, trial: &mut Trial<'_>) {
            match rule.name {
                $(stringify!($name) => $module::$name(trial),)*
                _ => {}
            }
        }
    };
}

__every_rule! { [table] {} }

/// Rows of the fault table from 1 to 35 that do not concern transports, each with the reason.
pub const ROWS_OF_THE_CORE: &[(&str, &str)] = &[
    ("33", "the shape of the JSON: a transport returns every body unchanged"),
    ("34", "values of expires_in: a transport does not read bodies"),
    ("35", "an expires_in that is too large: a transport does not read bodies"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_function_that_is_named_like_a_rule_is_in_the_list() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rows");
        let mut found = BTreeSet::new();
        for file in fs::read_dir(folder).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            for line in text.lines().map(str::trim_start) {
                let Some((_, name)) = line.split_once("fn ") else { continue };
                if name.starts_with("row_") || name.starts_with("rule_") {
                    found.insert(name.split_once('(').unwrap().0.to_owned());
                }
            }
        }
        let listed: BTreeSet<String> = RULES.iter().map(|rule| rule.name().to_owned()).collect();
        assert_eq!(found, listed);
        assert_eq!(RULES.len(), listed.len(), "a rule is in the list twice");
    }

    #[test]
    fn every_row_for_transports_is_here_or_the_cores() {
        let mut ids: BTreeSet<&str> = RULES.iter().map(Rule::id).collect();
        ids.extend(ROWS_OF_THE_CORE.iter().map(|(id, _)| *id));
        for row in (1..=35).chain([51, 53, 54, 56, 58]).map(|row| row.to_string()) {
            assert!(ids.contains(row.as_str()), "{row}");
        }
    }

    #[test]
    fn only_rows_3_22_and_31_floods_and_the_runtimes_may_differ() {
        let differ = RULES.iter().filter(|rule| rule.may_differ()).map(Rule::id);
        assert_eq!(differ.collect::<Vec<_>>(), ["3", "22", "31", "c4", "c8"]);
    }
}

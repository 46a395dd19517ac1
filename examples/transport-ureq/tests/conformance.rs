//! Conformance tests of `UreqTransport`, with the rules that it breaks and the reasons.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod harness;

use easemob_token_transport_testkit::{Exception, conformance};
use log::Level;

use crate::harness::Ureq;

const END_OF_TLS: &str =
    "ureq takes a connection that ends without TLS's farewell for the end of the body";

/// The rules that ureq breaks. The suite fails if an exception is not needed any more.
const EXCEPTIONS: &[Exception] = &[
    Exception::case("row_15_body_cut", "cut inside TLS, without a length", END_OF_TLS),
    Exception::case("row_53_no_close_notify", "TLS 1.3, the body ends with the close", END_OF_TLS),
    Exception::case("row_53_no_close_notify", "TLS 1.2, the body ends with the close", END_OF_TLS),
    Exception::case(
        "row_16_bad_chunks",
        "cut in the last chunk",
        "ureq takes a connection that closes after the last chunk's size for the end of the body",
    ),
    Exception::case(
        "row_22_interim_floods",
        "twenty thousand",
        "ureq counts interim responses as a part of the head, and its error does not say which",
    ),
    Exception::case(
        "row_25_many_fields",
        "1000",
        "ureq stops at 128 fields with an error that does not say why",
    ),
    Exception::rule(
        "row_29_transfer_codings",
        "ureq reads a body of a transfer coding that it does not know up to the connection's end",
    ),
    Exception::case(
        "rule_06_errors_show_nothing",
        "no encoding",
        "ureq reads a body of a transfer coding that it does not know up to the connection's end",
    ),
    Exception::rule(
        "rule_03_endless_framing",
        "ureq takes a long line that frames a chunk for a broken one, and does not count trailers",
    ),
    Exception::rule(
        "rule_04_processor_time",
        "ureq reads without pause, and does not count what belongs to no body",
    ),
    Exception::rule(
        "row_58_any_2xx_opens_a_tunnel",
        "ureq takes 200 alone for a tunnel, with at most 20 fields in the head",
    ),
    Exception::case("row_30_old_and_odd_heads", "obsolete folding", "ureq refuses a folded line"),
];

conformance! { adapter = Ureq { listening: Level::Info, exceptions: EXCEPTIONS } }

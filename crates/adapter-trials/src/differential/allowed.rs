//! Known differences between the adapters, each with its reason. Any other is a finding.

use std::fmt;

use easemob_token_transport::TransportErrorKind::{Interrupted, Timeout, TooLarge};
use easemob_token_transport::{MAX_HEAD_BYTES, MAX_HEAD_FIELDS};

use super::outcome::Ending;
use super::pair::Outcomes;
use super::reading::{Head, Reading, are_chunks_for_curl, are_valid_chunks, is_valid, read};
use super::script::{self, Script};

/// A kind of script that the two libraries handle differently, and the reason why that is accepted.
pub struct Allowance {
    /// The name in reports.
    pub name: &'static str,
    /// Why it is accepted.
    pub reason: &'static str,
    example: &'static str,
    covers: fn(&Case<'_>) -> bool,
}

/// One call: the bytes of the server and both endings.
struct Case<'a> {
    reading: Reading<'a>,
    is_valid: bool,
    end: script::Ending,
    hyper: &'a Ending,
    isahc: &'a Ending,
}

/// Finds the allowance of the first call whose endings differ, if every such call has one. Returns
/// `None` for a finding.
#[must_use]
pub fn explain(scripts: &[Script], outcomes: &Outcomes) -> Option<&'static Allowance> {
    if outcomes.hyper.requests != outcomes.isahc.requests {
        return None;
    }
    let calls = scripts.iter().zip(&outcomes.hyper.endings).zip(&outcomes.isahc.endings);
    let mut explanation = None;
    for ((script, hyper), isahc) in calls {
        if hyper == isahc {
            continue;
        }
        let bytes = script.bytes();
        let (reading, is_valid) = (read(&bytes), is_valid(&bytes, script.ending));
        let case = Case { reading, is_valid, end: script.ending, hyper, isahc };
        let allowance = ALLOWED.iter().find(|allowance| (allowance.covers)(&case))?;
        explanation.get_or_insert(allowance);
    }
    explanation
}

impl<'a> Case<'a> {
    fn heads(&self) -> impl Iterator<Item = &Head<'a>> {
        self.reading.interim.iter().chain([&self.reading.head])
    }

    /// Both refuse an invalid response, with different kinds of errors.
    fn both_refuse_an_invalid_response(&self) -> bool {
        let refuses = |ending: &Ending| {
            let waits = self.end == script::Ending::Hold && ending.is(Timeout);
            ending.is(Interrupted) || ending.is(TooLarge) || waits
        };
        !self.is_valid && refuses(self.hyper) && refuses(self.isahc)
    }

    /// hyper refuses the response or waits for the rest, and isahc accepts it.
    fn only_isahc_accepts(&self) -> bool {
        let waits = self.end == script::Ending::Hold && self.hyper.is(Timeout);
        (self.hyper.is(Interrupted) || waits) && !self.isahc.is(Interrupted)
    }

    /// isahc refuses the response, and hyper accepts it.
    fn only_hyper_accepts(&self) -> bool {
        self.isahc.is(Interrupted) && !self.hyper.is(Interrupted)
    }

    fn is_chunked(&self) -> bool {
        let codings = self.reading.head.values("transfer-encoding");
        codings.iter().any(|coding| coding.eq_ignore_ascii_case(b"chunked"))
    }
}

impl Allowance {
    /// The shortest script for which the adapters differ in this way.
    #[must_use]
    pub fn example(&self) -> Script {
        let fields = "X:\r\n".repeat(MAX_HEAD_FIELDS + 1);
        Script::new(self.example.replace("TOO MANY\r\n", &fields), script::Ending::Close)
    }
}

impl fmt::Debug for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// Every accepted difference.
pub const ALLOWED: &[Allowance] = &[
    Allowance {
        name: "two faults in one response",
        reason: "a response that is torn or malformed, and also too large or endless, gets the kind \
                 of the fault that is detected first; both refuse it",
        example: "HTTP/1.1 500 No\r\nContent-Length: 99999\r\n",
        covers: |case| case.both_refuse_an_invalid_response(),
    },
    Allowance {
        name: "a truncated head, with another status than 200 or with a length of 0",
        reason: "for curl, a connection that closes within the head ends the response, and isahc \
                 does not report it; the adapter refuses a 200 without a body unless its length is \
                 0; with another status a truncated response looks like a whole one",
        example: "HTTP/1.1 401 Unauthorized\r\nServer: x\r\n",
        covers: |case| {
            let lengths = case.reading.head.values("content-length");
            let is_zero = lengths.iter().any(|own| own.iter().all(|byte| *byte == b'0'));
            !case.reading.head.ended
                && !case.hyper.is_response()
                && matches!(case.isahc, Ending::Response { status, body, .. }
                    if body.is_empty() && (*status != 200 || is_zero))
        },
    },
    Allowance {
        name: "a 200 without a body that ends with the connection",
        reason: "the counterpart: such a response may be whole, so hyper accepts it; a 200 without a \
                 body is useless anyway",
        example: "HTTP/1.1 200 OK\r\n\r\n",
        covers: |case| {
            let lengths = case.reading.head.values("content-length");
            case.isahc.is(Interrupted)
                && (case.is_chunked() || !lengths.contains(&&b"0"[..]))
                && matches!(case.hyper, Ending::Response { status: 200, body, .. }
                    if body.is_empty())
        },
    },
    Allowance {
        name: "a bare LF as the empty line",
        reason: "row 31 permits both; isahc accepts only CRLF as the empty line",
        example: "HTTP/1.1 500 No\nContent-Length: 2\n\n{}",
        covers: |case| {
            case.heads().any(|head| head.ended && head.has_bare_lf) && case.only_hyper_accepts()
        },
    },
    Allowance {
        name: "an empty line before the status line",
        reason: "hyper skips it, as RFC 9112, section 2.2, requires of servers; curl takes it for \
                 HTTP/0.9",
        example: "\r\nHTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}",
        covers: |case| {
            case.heads().any(|head| !head.starts_with_status_line) && case.only_hyper_accepts()
        },
    },
    Allowance {
        name: "a status line with other blanks or control characters",
        reason: "curl checks the version and three digits only; both read the same from it",
        example: "HTTP/1.1\t500 No\r\nContent-Length: 2\r\n\r\n{}",
        covers: |case| {
            let status = case.reading.head.status();
            let is_read_equally = match case.isahc {
                Ending::Response { status: own, .. } => Some(*own) == status,
                _ => true,
            };
            case.heads().any(|head| !head.has_valid_status_line())
                && is_read_equally
                && case.only_isahc_accepts()
        },
    },
    Allowance {
        name: "a form feed around a field's value",
        reason: "isahc trims it like a blank before it checks the value",
        example: "HTTP/1.1 500 No\r\nX: \x0c\r\nContent-Length: 2\r\n\r\n{}",
        covers: |case| {
            let in_head = |head: &Head<'_>| head.lines.iter().any(|line| line.contains(&b'\x0c'));
            let in_trailers = case.is_chunked() && case.reading.rest.contains(&b'\x0c');
            (case.heads().any(in_head) || in_trailers) && case.only_isahc_accepts()
        },
    },
    Allowance {
        name: "two different values of Location",
        reason: "curl refuses the response; neither adapter follows a redirect",
        example: "HTTP/1.1 500 No\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
        covers: |case| {
            let locations: Vec<_> = case.heads().flat_map(|head| head.values("location")).collect();
            locations.iter().any(|own| *own != locations[0]) && case.only_hyper_accepts()
        },
    },
    Allowance {
        name: "malformed chunks that curl accepts",
        reason: "curl skips anything between the size of a chunk and the end of the line, and every \
                 CR after its data; both find the end",
        example: "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n2 x\r\n{}\r\n0\r\n\r\n",
        covers: |case| {
            case.is_chunked()
                && !are_valid_chunks(case.reading.rest)
                && are_chunks_for_curl(case.reading.rest)
                && case.only_isahc_accepts()
        },
    },
    Allowance {
        name: "trailers of a chunked response without a body",
        reason: "isahc returns the head with the first byte of the body; without a body, it has read \
                 the trailers by then and takes them for fields of the head",
        example: "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
        covers: |case| {
            let Ending::Response { status, fields, body } = case.hyper else { return false };
            let Ending::Response { status: other_status, fields: more, body: other_body } =
                case.isahc
            else {
                // One field more may be one too many.
                return case.isahc.is(TooLarge) && case.is_chunked() && body.is_empty();
            };
            let in_trailers = |(name, _): &&(String, Vec<u8>)| {
                let rest = case.reading.rest.to_ascii_lowercase();
                rest.windows(name.len()).any(|part| part == name.as_bytes())
            };
            case.is_chunked()
                && (status, body.len()) == (other_status, other_body.len())
                && body.is_empty()
                && fields.iter().all(|field| more.contains(field))
                && more.iter().filter(|field| !fields.contains(field)).all(|f| in_trailers(&f))
        },
    },
    Allowance {
        name: "an interim head beyond the bounds",
        reason: "hyper bounds every head; isahc does not return interim heads, and curl bounds them by \
                 300 KiB in total",
        example: "HTTP/1.1 103 Early Hints\r\nTOO MANY\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        covers: |case| {
            let is_large = |head: &Head<'_>| {
                let bytes: usize = head.lines.iter().map(|line| line.len() + 2).sum();
                head.lines.len() > MAX_HEAD_FIELDS || bytes > MAX_HEAD_BYTES
            };
            case.hyper.is(TooLarge) && case.reading.interim.iter().any(is_large)
        },
    },
];

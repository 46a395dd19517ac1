//! The differences that are known, each with its reason; any other is a finding.

use std::fmt;

use easemob_token_transport::TransportErrorKind::{Interrupted, Timeout, TooLarge};
use easemob_token_transport::{MAX_HEAD_BYTES, MAX_HEAD_FIELDS};

use super::outcome::Ending;
use super::pair::Outcomes;
use super::reading::{Head, Reading, are_chunks_to_curl, are_sound_chunks, is_sound, read};
use super::script::{self, Script};

/// One kind of script that the two libraries take differently, and why that stays.
pub struct Allowance {
    /// Its name, for the report.
    pub name: &'static str,
    /// Why it stays.
    pub reason: &'static str,
    /// The shortest script that shows it; the server closes after it.
    pub example: &'static [u8],
    covers: fn(&Case<'_>) -> bool,
}

/// One call: what the server wrote, and how the call ended for both.
struct Case<'a> {
    reading: Reading<'a>,
    is_sound: bool,
    ends: script::Ending,
    hyper: &'a Ending,
    isahc: &'a Ending,
}

/// The allowance that covers the first call whose endings differ, where every such call is covered
/// by one; `None` for a finding.
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
        let (reading, is_sound) = (read(&bytes), is_sound(&bytes, script.ending));
        let case = Case { reading, is_sound, ends: script.ending, hyper, isahc };
        let allowance = ALLOWED.iter().find(|allowance| (allowance.covers)(&case))?;
        explanation.get_or_insert(allowance);
    }
    explanation
}

impl<'a> Case<'a> {
    fn heads(&self) -> impl Iterator<Item = &Head<'a>> {
        self.reading.interim.iter().chain([&self.reading.head])
    }

    /// Both refuse what is not HTTP, and differ in the kind of it.
    fn both_refuse_the_unsound(&self) -> bool {
        let refuses = |ending: &Ending| {
            let waits = self.ends == script::Ending::Hold && ending.is(Timeout);
            ending.is(Interrupted) || ending.is(TooLarge) || waits
        };
        !self.is_sound && refuses(self.hyper) && refuses(self.isahc)
    }

    /// hyper finds the reply to be none, or waits for one, and isahc goes on with it.
    fn only_isahc_goes_on(&self) -> bool {
        let waits = self.ends == script::Ending::Hold && self.hyper.is(Timeout);
        (self.hyper.is(Interrupted) || waits) && !self.isahc.is(Interrupted)
    }

    /// isahc finds the reply to be none, and hyper goes on with it.
    fn only_hyper_goes_on(&self) -> bool {
        self.isahc.is(Interrupted) && !self.hyper.is(Interrupted)
    }

    fn is_chunked(&self) -> bool {
        let codings = self.reading.head.values("transfer-encoding");
        codings.iter().any(|coding| coding.eq_ignore_ascii_case(b"chunked"))
    }
}

impl fmt::Debug for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// Every difference that stays.
pub const ALLOWED: &[Allowance] = &[
    Allowance {
        name: "two faults in one reply",
        reason: "what is torn or not HTTP, and too large or never ends besides, has the kind of the \
                 fault that is seen first; both refuse it",
        example: b"HTTP/1.1 500 No\r\nContent-Length: 99999\r\n",
        covers: |case| case.both_refuse_the_unsound(),
    },
    Allowance {
        name: "a head that is cut, of another status than 200 or with a length of 0",
        reason: "to curl, a connection that closes within the head ends the response, and isahc \
                 does not tell; a 200 without a body is refused by the adapter, where no length of \
                 0 is promised; another status cannot be told from a whole response",
        example: b"HTTP/1.1 401 Unauthorized\r\nServer: x\r\n",
        covers: |case| {
            let lengths = case.reading.head.values("content-length");
            let promises_none = lengths.iter().any(|own| own.iter().all(|byte| *byte == b'0'));
            !case.reading.head.ended
                && !case.hyper.is_answer()
                && matches!(case.isahc, Ending::Answered { status, body, .. }
                    if body.is_empty() && (*status != 200 || promises_none))
        },
    },
    Allowance {
        name: "a 200 whose end is the close, without a body",
        reason: "the other side of the same: such a reply may be whole, and is then an answer for \
                 hyper; a 200 without a body is of no use to anybody",
        example: b"HTTP/1.1 200 OK\r\n\r\n",
        covers: |case| {
            let lengths = case.reading.head.values("content-length");
            case.isahc.is(Interrupted)
                && (case.is_chunked() || !lengths.contains(&&b"0"[..]))
                && matches!(case.hyper, Ending::Answered { status: 200, body, .. }
                    if body.is_empty())
        },
    },
    Allowance {
        name: "a bare LF as the empty line",
        reason: "row 31 leaves it open; isahc knows no empty line but CRLF",
        example: b"HTTP/1.1 500 No\nContent-Length: 2\n\n{}",
        covers: |case| {
            case.heads().any(|head| head.ended && head.has_bare_lf) && case.only_hyper_goes_on()
        },
    },
    Allowance {
        name: "an empty line before the status line",
        reason: "hyper passes over it, as RFC 9112, section 2.2, has servers do; curl takes it for \
                 HTTP/0.9",
        example: b"\r\nHTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}",
        covers: |case| case.heads().any(|head| !head.starts_at_once) && case.only_hyper_goes_on(),
    },
    Allowance {
        name: "a status line with other blanks or control characters",
        reason: "curl looks for the version and three digits and at nothing else; what both read \
                 from it is the same",
        example: b"HTTP/1.1\t500 No\r\nContent-Length: 2\r\n\r\n{}",
        covers: |case| {
            let status = case.reading.head.status();
            let is_read_alike = match case.isahc {
                Ending::Answered { status: own, .. } => Some(*own) == status,
                _ => true,
            };
            case.heads().any(|head| !head.has_sound_status_line())
                && is_read_alike
                && case.only_isahc_goes_on()
        },
    },
    Allowance {
        name: "a form feed around a field's value",
        reason: "isahc trims it like a blank before it asks whether the value is one",
        example: b"HTTP/1.1 500 No\r\nX: \x0c\r\nContent-Length: 2\r\n\r\n{}",
        covers: |case| {
            let in_head = |head: &Head<'_>| head.lines.iter().any(|line| line.contains(&b'\x0c'));
            let in_trailers = case.is_chunked() && case.reading.rest.contains(&b'\x0c');
            (case.heads().any(in_head) || in_trailers) && case.only_isahc_goes_on()
        },
    },
    Allowance {
        name: "two Locations that contradict each other",
        reason: "curl refuses the response; neither adapter follows either of them",
        example: b"HTTP/1.1 500 No\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
        covers: |case| {
            let locations: Vec<_> = case.heads().flat_map(|head| head.values("location")).collect();
            locations.iter().any(|own| *own != locations[0]) && case.only_hyper_goes_on()
        },
    },
    Allowance {
        name: "chunks that curl understands all the same",
        reason: "curl passes over anything between a chunk's size and the end of the line, and over \
                 any CR after its data; the end is found by both",
        example: b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n2 x\r\n{}\r\n0\r\n\r\n",
        covers: |case| {
            case.is_chunked()
                && !are_sound_chunks(case.reading.rest)
                && are_chunks_to_curl(case.reading.rest)
                && case.only_isahc_goes_on()
        },
    },
    Allowance {
        name: "trailers of a chunked response without a body",
        reason: "isahc hands the head on with the first byte of the body; where there is none, it \
                 has read the trailers by then and takes them for fields of the head",
        example: b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
        covers: |case| {
            let Ending::Answered { status, fields, body } = case.hyper else { return false };
            let Ending::Answered { status: other_status, fields: more, body: other_body } =
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
        reason: "hyper bounds every head; isahc does not show interim ones, and bounds them, with \
                 curl, by 300 KiB in all",
        example: LARGE_INTERIM.as_bytes(),
        covers: |case| {
            let is_large = |head: &Head<'_>| {
                let bytes: usize = head.lines.iter().map(|line| line.len() + 2).sum();
                head.lines.len() > MAX_HEAD_FIELDS || bytes > MAX_HEAD_BYTES
            };
            case.hyper.is(TooLarge) && case.reading.interim.iter().any(is_large)
        },
    },
];

const LARGE_INTERIM: &str = concat!(
    "HTTP/1.1 103 Early Hints\r\n",
    // 101 fields.
    "X:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\n",
    "X:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\n",
    "X:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\n",
    "X:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\n",
    "X:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\n",
    "X:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\n",
    "X:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\nX:\r\n",
    "X:\r\nX:\r\nX:\r\n\r\n",
    "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
);

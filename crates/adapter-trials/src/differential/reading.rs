//! A lenient parser of scripts, to distinguish the known differences.

use super::script::Ending;

/// A parsed script: interim heads, the final head, and the bytes after it.
#[derive(Debug, Default)]
pub(crate) struct Reading<'a> {
    pub(crate) interim: Vec<Head<'a>>,
    pub(crate) head: Head<'a>,
    pub(crate) rest: &'a [u8],
}

/// The lines of one head.
#[derive(Debug, Default)]
pub(crate) struct Head<'a> {
    pub(crate) status_line: &'a [u8],
    /// Without their line ends.
    pub(crate) lines: Vec<&'a [u8]>,
    /// Whether the empty line was found.
    pub(crate) ended: bool,
    /// Whether a line ends with LF alone.
    pub(crate) has_bare_lf: bool,
    /// Whether no empty line comes before the status line.
    pub(crate) starts_with_status_line: bool,
}

pub(crate) fn read(bytes: &[u8]) -> Reading<'_> {
    let mut reading = Reading { rest: bytes, ..Reading::default() };
    loop {
        let (head, rest) = read_head(reading.rest);
        reading.rest = rest;
        let goes_on = head.ended && matches!(head.status(), Some(100 | 102..=199));
        if !goes_on {
            reading.head = head;
            return reading;
        }
        reading.interim.push(head);
    }
}

fn read_head(bytes: &[u8]) -> (Head<'_>, &[u8]) {
    let mut head = Head::default();
    let mut rest = bytes;
    let mut is_first = true;
    while !rest.is_empty() {
        let (line, end) = match rest.iter().position(|&byte| byte == b'\n') {
            Some(at) => (&rest[..at], at + 1),
            None => (rest, rest.len()),
        };
        let is_whole = rest[..end].ends_with(b"\n");
        rest = &rest[end..];
        let stripped = line.strip_suffix(b"\r");
        head.has_bare_lf |= is_whole && stripped.is_none();
        let line = stripped.unwrap_or(line);
        if is_first && !line.is_empty() {
            head.status_line = line;
            head.starts_with_status_line = bytes.starts_with(line);
            is_first = false;
        } else if !is_first && line.is_empty() && is_whole {
            head.ended = true;
            break;
        } else if !is_first {
            head.lines.push(line);
        }
    }
    (head, rest)
}

impl<'a> Head<'a> {
    pub(crate) fn status(&self) -> Option<u16> {
        let word = self.status_line.split(|byte| matches!(byte, b' ' | b'\t')).nth(1)?;
        let digits = word.get(..3)?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// The trimmed values of the lines with this name.
    pub(crate) fn values(&self, name: &str) -> Vec<&'a [u8]> {
        let fields = self.lines.iter().filter_map(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let (own, value) = (&line[..colon], &line[colon + 1..]);
            own.trim_ascii().eq_ignore_ascii_case(name.as_bytes()).then_some(value.trim_ascii())
        });
        fields.collect()
    }
}

/// Whether these bytes start with a whole response that is valid by RFC 9112. A body without a length
/// must end with an orderly close of the connection.
pub(crate) fn is_valid(bytes: &[u8], end: Ending) -> bool {
    // A reset discards bytes that have not arrived yet.
    const SURE_TO_ARRIVE: usize = 32 * 1024;
    if end == Ending::Reset && bytes.len() > SURE_TO_ARRIVE {
        return false;
    }
    let reading = read(bytes);
    let head = &reading.head;
    if !reading.interim.iter().all(Head::is_valid) || !head.is_valid() {
        return false;
    }
    let lengths = head.values("content-length");
    let codings = head.values("transfer-encoding");
    match (head.status(), &codings[..], &lengths[..]) {
        (None | Some(..200), ..) => false,
        (Some(204 | 304), ..) => true,
        (_, [], []) => end == Ending::Close,
        (_, [], [first, more @ ..]) => {
            let is_one =
                first.iter().all(u8::is_ascii_digit) && more.iter().all(|own| own == first);
            let length = std::str::from_utf8(first).ok().and_then(|text| text.parse::<u64>().ok());
            is_one && length.is_some_and(|length| length <= reading.rest.len() as u64)
        }
        (_, [coding], []) => {
            coding.eq_ignore_ascii_case(b"chunked")
                && head.status_line.starts_with(b"HTTP/1.1")
                && are_valid_chunks(reading.rest)
        }
        _ => false,
    }
}

fn is_text(byte: &u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

impl Head<'_> {
    pub(crate) fn has_valid_status_line(&self) -> bool {
        match self.status_line {
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0' | b'1', b' ', a, b, c, rest @ ..] => {
                matches!(a, b'1'..=b'9')
                    && b.is_ascii_digit()
                    && c.is_ascii_digit()
                    && (rest.is_empty() || rest[0] == b' ' && rest.iter().all(is_text))
            }
            _ => false,
        }
    }

    fn is_valid(&self) -> bool {
        let is_field = |line: &&[u8]| {
            let colon = line.iter().position(|&byte| byte == b':');
            colon.is_some_and(|colon| {
                colon > 0
                    && line[..colon].iter().all(|byte| {
                        byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
                    })
                    && line[colon..].iter().all(is_text)
            })
        };
        self.ended
            && !self.has_bare_lf
            && self.starts_with_status_line
            && self.has_valid_status_line()
            && self.lines.iter().all(is_field)
    }
}

pub(crate) fn are_valid_chunks(mut rest: &[u8]) -> bool {
    let take_line = |rest: &mut &[u8]| -> Option<Vec<u8>> {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let line = rest[..end].to_vec();
        *rest = &rest[end + 2..];
        (!line.iter().any(|byte| matches!(byte, b'\n' | b'\r' | 0))).then_some(line)
    };
    loop {
        let Some(line) = take_line(&mut rest) else { return false };
        let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
        // Sixteen digits are enough for every size.
        if !(1..=16).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_hexdigit) {
            return false;
        }
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        let Ok(size) = usize::from_str_radix(digits, 16) else { return false };
        if size == 0 {
            // At most one trailer, and the empty line.
            return take_line(&mut rest).is_some_and(|line| {
                line.is_empty() || line.contains(&b':') && take_line(&mut rest) == Some(Vec::new())
            });
        }
        match rest.get(size..).and_then(|after| after.strip_prefix(b"\r\n")) {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

/// Whether chunks end by the rules of curl. It skips anything between the digits of a size and the
/// next LF, and any number of CR after the data.
pub(crate) fn are_chunks_for_curl(mut rest: &[u8]) -> bool {
    loop {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let size = std::str::from_utf8(&rest[..digits]).unwrap_or_default();
        let Ok(size) = usize::from_str_radix(size, 16) else { return false };
        let Some(line) = rest.iter().position(|&byte| byte == b'\n') else { return false };
        rest = &rest[line + 1..];
        if size == 0 {
            break;
        }
        let Some(after) = rest.get(size..) else { return false };
        let returns = after.iter().take_while(|&&byte| byte == b'\r').count();
        if after.get(returns) != Some(&b'\n') {
            return false;
        }
        rest = &after[returns + 1..];
    }
    // Trailers up to an empty line.
    loop {
        let Some(line) = rest.iter().position(|&byte| byte == b'\n') else { return false };
        if rest[..line].iter().all(|&byte| byte == b'\r') {
            return true;
        }
        rest = &rest[line + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_parsed_with_its_interim_responses() {
        let reading = read(b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\nA: 1\r\na : 2\r\n\r\nbody");
        assert_eq!(reading.interim.len(), 1);
        assert_eq!(reading.head.status(), Some(200));
        assert_eq!(reading.head.values("a"), [b"1", b"2"]);
        assert!(reading.head.ended && reading.head.has_bare_lf);
        assert_eq!(reading.rest, b"body");
    }

    #[test]
    fn valid_and_invalid_responses_are_distinguished() {
        for bytes in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"[..],
            b"HTTP/1.0 999\r\n\r\n",
            b"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 204 No\r\nX: \xe9\r\n\r\nmore",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\nA: b\r\n\r\n",
        ] {
            assert!(is_valid(bytes, Ending::Close), "{}", bytes.escape_ascii());
        }
        for bytes in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\nhi",
            b"HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nhi",
            b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi",
            b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
            b"HTTP/1.1 099 OK\r\n\r\n",
            b"\r\nHTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 100 Go on\r\n\r\n",
            b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        ] {
            assert!(!is_valid(bytes, Ending::Close), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_body_that_ends_with_the_connection_needs_an_orderly_end() {
        for (end, expected) in
            [(Ending::Close, true), (Ending::Reset, false), (Ending::Hold, false)]
        {
            assert_eq!(is_valid(b"HTTP/1.1 200 OK\r\n\r\n{}", end), expected);
        }
    }

    #[test]
    fn a_truncated_head_has_not_ended() {
        for bytes in
            [&b""[..], b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 2\r\nA: 1\r\n\r"]
        {
            assert!(!read(bytes).head.ended);
        }
    }
}

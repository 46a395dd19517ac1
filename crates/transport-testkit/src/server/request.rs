//! A request as it arrived, byte for byte.

/// One whole request, as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    head: String,
    body: Vec<u8>,
}

impl Received {
    /// The request line and the header fields, with their line ends.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The request line.
    #[must_use]
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The body, without its framing.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The values of the header fields of this name, in their order.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.head.lines().skip(1);
        fields.filter_map(move |line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The names of all header fields, as they arrived.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let fields = self.head.lines().skip(1);
        fields.filter_map(|line| Some(line.split_once(':')?.0))
    }

    /// Parses the first whole request in these bytes; also its length.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let end = find(bytes, b"\r\n\r\n")? + 4;
        let request =
            Self { head: String::from_utf8_lossy(&bytes[..end]).into_owned(), body: Vec::new() };
        let chunked =
            request.fields("transfer-encoding").any(|value| value.eq_ignore_ascii_case("chunked"));
        let (body, length) = if chunked {
            unchunk(&bytes[end..])?
        } else {
            let length = request.fields("content-length").next();
            let length: usize = length.and_then(|digits| digits.parse().ok()).unwrap_or(0);
            (bytes.get(end..end.checked_add(length)?)?.to_vec(), length)
        };
        Some((Self { body, ..request }, end + length))
    }
}

/// Decodes a chunked body without trailers; also its length with the framing.
fn unchunk(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let digits = std::str::from_utf8(&bytes[at..at + line]).ok()?;
        let size = usize::from_str_radix(digits, 16).ok()?;
        let begin = at + line + 2;
        let end = begin.checked_add(size)?;
        body.extend_from_slice(bytes.get(begin..end)?);
        bytes.get(end..end + 2)?;
        at = end + 2;
        if size == 0 {
            return Some((body, at));
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_ends_where_its_length_says() {
        let bytes = b"POST /a HTTP/1.1\r\nContent-Length: 2\r\nX-A:  b \r\n\r\n{}POST";
        assert_eq!(Received::parse(&bytes[..bytes.len() - 5]), None);
        let (request, length) = Received::parse(bytes).unwrap();
        assert_eq!(request.line(), "POST /a HTTP/1.1");
        assert_eq!(request.body(), b"{}");
        assert_eq!(request.fields("x-a").collect::<Vec<_>>(), ["b"]);
        assert_eq!(&bytes[length..], b"POST");
    }

    #[test]
    fn a_chunked_request_ends_with_its_last_chunk() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let whole = format!("{head}3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n");
        for end in 0..whole.len() {
            assert_eq!(Received::parse(&whole.as_bytes()[..end]), None, "{end}");
        }
        let (request, length) = Received::parse(whole.as_bytes()).unwrap();
        assert_eq!((request.body(), length), (&b"abcd"[..], whole.len()));
    }
}

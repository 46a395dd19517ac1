//! One request with its time limit and its size limit.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Request, Uri, Version};

/// The default time limit of a whole exchange: 10 s.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The default of adapters for name look-up, connection and TLS handshake together: 3 s.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The default limit of a response body: 64 KiB.
pub const DEFAULT_MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// The maximum number of header fields in a response.
pub const MAX_HEAD_FIELDS: usize = 100;
/// The maximum size of a response's header fields: names, values and separators.
pub const MAX_HEAD_BYTES: usize = 32 * 1024;

/// One request to send, with a time limit and a limit for the response body.
///
/// `Debug` shows method, scheme, host, path and sizes; no header value, no query and no body.
///
/// ```
/// use std::time::Duration;
/// use bytes::Bytes;
/// use easemob_token_transport::Exchange;
///
/// let request = http::Request::post("https://a1.easemob.com/org/app/token")
///     .body(Bytes::from_static(b"{}"))?;
/// let exchange = Exchange::new(request).with_timeout(Duration::from_secs(5));
/// assert_eq!(exchange.max_response_bytes(), 64 * 1024);
/// # Ok::<(), http::Error>(())
/// ```
pub struct Exchange {
    request: Request<Bytes>,
    timeout: Duration,
    max_response_bytes: usize,
    plain_http_allowed: bool,
    needs_fresh_connection: bool,
}

impl Exchange {
    /// Creates an exchange with the default limits: 10 s, 64 KiB, plain HTTP to loopback only.
    pub fn new(request: Request<impl Into<Bytes>>) -> Self {
        Self {
            request: request.map(Into::into),
            timeout: DEFAULT_TIMEOUT,
            max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
            plain_http_allowed: false,
            needs_fresh_connection: false,
        }
    }

    /// Sets the time limit for everything from the name look-up to the last byte.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the limit of the response body, in bytes.
    #[must_use]
    pub fn with_max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Permits `http://` to a host that is not loopback.
    ///
    /// The request then crosses the network unencrypted, with the secrets in it.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http_allowed = true;
        self
    }

    /// Sends the exchange on a new connection, which is closed afterwards.
    ///
    /// On a reused connection an unsolicited response can arrive just before the next request is
    /// written, and HTTP/1.1 cannot tell it from the real response. A fresh connection avoids that, at
    /// the price of a handshake.
    #[must_use]
    pub fn on_fresh_connection(mut self) -> Self {
        self.needs_fresh_connection = true;
        self
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request<Bytes> {
        &self.request
    }

    /// The target of the request.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.request.uri()
    }

    /// The time limit of the whole exchange, counted from the call of `send`.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The end of the time limit for an exchange that starts now.
    ///
    /// A limit beyond what the clock can hold ends in a year.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        let now = Instant::now();
        now.checked_add(self.timeout).unwrap_or(now + FAR)
    }

    /// The limit of the response body, in bytes.
    #[must_use]
    pub fn max_response_bytes(&self) -> usize {
        self.max_response_bytes
    }

    /// Whether the caller permitted `http://` to any host.
    #[must_use]
    pub fn is_plain_http_allowed(&self) -> bool {
        self.plain_http_allowed
    }

    /// Whether the exchange needs a new connection ([`on_fresh_connection`](Self::on_fresh_connection)).
    #[must_use]
    pub fn needs_fresh_connection(&self) -> bool {
        self.needs_fresh_connection
    }

    /// Returns the request.
    #[must_use]
    pub fn into_request(self) -> Request<Bytes> {
        self.request
    }

    /// Returns the request as HTTP/1.1 and without its framing, for HTTP libraries that frame it.
    ///
    /// A `Content-Length` that does not fit the body would cut it, and some libraries refuse another
    /// version.
    #[must_use]
    pub fn into_unframed_request(self) -> Request<Bytes> {
        let mut request = self.request;
        *request.version_mut() = Version::HTTP_11;
        request.headers_mut().remove(CONTENT_LENGTH);
        request.headers_mut().remove(TRANSFER_ENCODING);
        request
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uri = self.request.uri();
        f.debug_struct("Exchange")
            .field("method", self.request.method())
            .field("scheme", &uri.scheme_str().unwrap_or(""))
            .field("host", &uri.host().unwrap_or(""))
            .field("path", &uri.path())
            .field("headers", &self.request.headers().len())
            .field("body_bytes", &self.request.body().len())
            .field("timeout", &self.timeout)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("plain_http_allowed", &self.plain_http_allowed)
            .field("needs_fresh_connection", &self.needs_fresh_connection)
            .finish()
    }
}

/// Whether a response head is within [`MAX_HEAD_FIELDS`] and [`MAX_HEAD_BYTES`].
///
/// The bytes are those of names and values, and four for `": "` and CRLF of each field. For adapters
/// whose HTTP library has no such limits.
#[must_use]
pub fn head_within_limits(headers: &HeaderMap) -> bool {
    let bytes: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    headers.len() <= MAX_HEAD_FIELDS && bytes <= MAX_HEAD_BYTES
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn debug_shows_no_header_value_no_query_and_no_body() {
        let request = Request::post("https://user:MARK-A@a1.easemob.com/org/app/token?q=MARK-B")
            .header("authorization", "Bearer MARK-C")
            .body(Bytes::from_static(b"MARK-D"))
            .unwrap();
        let text = format!("{:?}", Exchange::new(request));
        assert!(text.contains("a1.easemob.com") && text.contains("/org/app/token"), "{text}");
        assert!(!text.contains("MARK"), "{text}");
    }

    #[test]
    fn a_limit_beyond_the_clock_ends_in_a_year() {
        let exchange = |limit| Exchange::new(Request::new(Bytes::new())).with_timeout(limit);
        let day = Duration::from_secs(24 * 60 * 60);
        let now = Instant::now();
        let near = exchange(day).deadline();
        assert!(near >= now + day && near < now + 2 * day);
        assert!(exchange(Duration::MAX).deadline() > now + 364 * day);
    }

    #[test]
    fn a_head_is_bounded_in_fields_and_in_bytes() {
        let fields = |n: usize| -> HeaderMap {
            (0..n)
                .map(|i| {
                    let name = HeaderName::from_bytes(format!("x-{i}").as_bytes()).unwrap();
                    (name, HeaderValue::from_static("v"))
                })
                .collect()
        };
        assert!(head_within_limits(&fields(100)));
        assert!(!head_within_limits(&fields(101)));

        let sized = |bytes: usize| -> HeaderMap {
            let value = HeaderValue::from_str(&"v".repeat(bytes - "x: ".len() - 2)).unwrap();
            [(HeaderName::from_static("x"), value)].into_iter().collect()
        };
        assert!(head_within_limits(&sized(32 * 1024)));
        assert!(!head_within_limits(&sized(32 * 1024 + 1)));
    }

    #[test]
    fn a_repeated_field_counts_each_time() {
        let mut headers = HeaderMap::new();
        for _ in 0..101 {
            headers.append("set-cookie", HeaderValue::from_static("a=b"));
        }
        assert!(!head_within_limits(&headers));
    }
}

//! HTTP responses: the service's JSON, or the page of a gateway in front of it.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use http_body_util::Full;
use serde_json::{Map, Value, json};

use crate::clock::unix_ms;
use crate::refusal::Refusal;

/// Status, header fields and body; `Content-Length` and `Date` come from the server library.
#[derive(Clone)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

/// The times in every JSON error.
#[derive(Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) now: Duration,
    pub(crate) took: Duration,
}

impl Response {
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        Self { status, headers, body: body.to_string().into() }
    }

    /// The service's error object. The content of `exception` is undocumented; the emulator's own
    /// text shows in every log that the response is not from the real service.
    pub(crate) fn error(
        status: StatusCode,
        error: &str,
        description: Option<&str>,
        stamp: Stamp,
    ) -> Self {
        let mut body = Map::new();
        body.insert("error".into(), error.into());
        if let Some(description) = description {
            body.insert("error_description".into(), description.into());
        }
        body.insert("exception".into(), "easemob.token.EmulatorException".into());
        body.insert("timestamp".into(), json!(unix_ms(stamp.now)));
        body.insert("duration".into(), json!(unix_ms(stamp.took)));
        Self::json(status, &Value::Object(body))
    }

    pub(crate) fn refusal(refusal: &Refusal, stamp: Stamp) -> Self {
        // Every refusal has a valid status.
        let status =
            StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::error(status, refusal.error(), refusal.description().as_deref(), stamp)
    }

    /// The page of an nginx-like gateway.
    pub(crate) fn gateway(status: StatusCode) -> Self {
        let title = match status {
            // nginx uses the older names of these.
            StatusCode::PAYLOAD_TOO_LARGE => "413 Request Entity Too Large".to_owned(),
            StatusCode::SERVICE_UNAVAILABLE => "503 Service Temporarily Unavailable".to_owned(),
            StatusCode::GATEWAY_TIMEOUT => "504 Gateway Time-out".to_owned(),
            StatusCode::METHOD_NOT_ALLOWED => "405 Not Allowed".to_owned(),
            other => other.canonical_reason().map_or_else(
                || other.as_str().to_owned(),
                |reason| format!("{} {reason}", other.as_u16()),
            ),
        };
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n\
             <center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n\
             </body>\r\n</html>\r\n"
        );
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("text/html"))];
        Self { status, headers, body: body.into() }
    }

    pub(crate) fn text(status: StatusCode) -> Self {
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("text/plain"))];
        let reason = status.canonical_reason().unwrap_or("Error");
        Self { status, headers, body: format!("{reason}\n").into() }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// For a request whose body was not read to its end.
    #[must_use]
    pub(crate) fn closing(mut self) -> Self {
        self.headers.push((CONNECTION, HeaderValue::from_static("close")));
        self
    }

    pub(crate) fn into_response(self) -> http::Response<Full<Bytes>> {
        let mut response = http::Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

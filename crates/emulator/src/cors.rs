//! Cross-origin access from pages in a browser, which the service allows to everybody.

use http::StatusCode;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, HeaderValue, VARY,
};

use crate::control;
use crate::received::ReceivedRequest;
use crate::response::Response;

/// Whether a path is one of the service: a page must never read the control plane.
pub(crate) fn applies(request: &ReceivedRequest) -> bool {
    control::path(request.path()).is_none()
}

/// The response to `OPTIONS`, with the header fields that the page asks for.
pub(crate) fn preflight(request: &ReceivedRequest) -> Response {
    let asked = request.header_bytes("access-control-request-headers");
    let fields = asked
        .and_then(|fields| HeaderValue::from_bytes(fields).ok())
        .unwrap_or(HeaderValue::from_static("Authorization, Content-Type, Accept"));
    let mut response = allow(Response::empty(StatusCode::NO_CONTENT));
    response.headers.extend([
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS")),
        (ACCESS_CONTROL_ALLOW_HEADERS, fields),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
        (VARY, HeaderValue::from_static("Access-Control-Request-Headers")),
    ]);
    response
}

/// Lets every page read a response, unless a fault decides otherwise.
pub(crate) fn allow(mut response: Response) -> Response {
    if response.headers.iter().all(|(name, _)| name != ACCESS_CONTROL_ALLOW_ORIGIN) {
        response.headers.push((ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")));
    }
    response
}

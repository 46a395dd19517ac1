//! The front of a listening socket: the service, the control plane, or both.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::json;

use crate::control::{self, Control};
use crate::exchange::{CloseConnection, Exchanges};
use crate::response::Response;

/// What one listening socket serves. Every one has the health path.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    /// `None` on a socket of the control plane alone.
    pub(crate) service: Option<Arc<Exchanges>>,
    pub(crate) control: Option<Arc<Control>>,
}

impl Front {
    /// Serves one request; the server library calls it.
    pub(crate) async fn serve(
        &self,
        request: Request<Incoming>,
    ) -> Result<http::Response<Full<Bytes>>, CloseConnection> {
        if let Some(path) = control::path(request.uri().path()) {
            if matches!(path, "/health" | "/ready") {
                // For a container's health check, which may come from anywhere.
                return Ok(control::health(request.method()).into_response());
            }
            if let Some(control) = &self.control {
                return Ok(control.serve(request).await.into_response());
            }
        }
        match &self.service {
            Some(exchanges) => exchanges.serve(request).await,
            None => Ok(nothing_here().into_response()),
        }
    }
}

/// The response to a path of the service on a socket of the control plane.
fn nothing_here() -> Response {
    let message =
        "only /__emulator/… is served here; send token requests to the emulator's base URL";
    let body = json!({ "error": { "code": "not_found", "message": message } });
    Response::json(StatusCode::NOT_FOUND, &body)
}

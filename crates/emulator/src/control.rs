//! The control plane: everything that the library can do, over HTTP.

use std::sync::Arc;

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use serde_json::json;
use tokio::sync::watch;

use crate::exchange::Exchanges;
use crate::response::Response;

/// The control plane of one emulator.
#[derive(Debug)]
pub(crate) struct Control {
    exchanges: Arc<Exchanges>,
    /// Host names that requests may name, besides those of loopback.
    names: Vec<String>,
    shutdown: watch::Sender<bool>,
}

impl Control {
    pub(crate) fn new(exchanges: Arc<Exchanges>, names: Vec<String>) -> Self {
        Self { exchanges, names, shutdown: watch::Sender::new(false) }
    }

    /// Waits for a request to shut down.
    pub(crate) async fn shutdown_requested(&self) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.shutdown.subscribe().wait_for(|it| *it).await;
    }

    pub(crate) async fn serve(&self, _request: Request<Incoming>) -> Response {
        let _ = (&self.exchanges, &self.names);
        Response::empty(StatusCode::NOT_FOUND)
    }
}

/// The rest of a path below `/__emulator`; `None` for a path of the service.
pub(crate) fn path(path: &str) -> Option<&str> {
    path.strip_prefix("/__emulator").filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The response of the health path.
pub(crate) fn health(_method: &Method) -> Response {
    Response::json(StatusCode::OK, &json!({ "status": "ok" }))
}

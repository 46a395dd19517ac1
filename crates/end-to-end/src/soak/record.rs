//! A request as the service saw it, sent from the process of the service to that of the callers.

use std::time::Duration;

use easemob_token_emulator::{Grant, ReceivedRequest};
use serde::{Deserialize, Serialize};

use crate::faults;
use crate::unix_time;

/// A request that has ended. Times are since the Unix epoch.
#[derive(Serialize, Deserialize)]
pub(crate) struct Record {
    /// Whether the request is for an app token.
    pub(crate) is_app: bool,
    pub(crate) arrived: Duration,
    pub(crate) ended: Duration,
    pub(crate) status: Option<u16>,
    /// The client ID in the request.
    pub(crate) client: Option<String>,
    /// The app token in `Authorization`.
    pub(crate) bearer: Option<String>,
    /// The user ID in the request.
    pub(crate) requested_user: Option<String>,
    /// The user ID in the response.
    pub(crate) returned_user: Option<String>,
    /// The token in the response, if the service issued it.
    pub(crate) token: Option<String>,
}

impl Record {
    pub(crate) fn of(request: &ReceivedRequest) -> Self {
        let response = request.response_json().filter(|_| request.status() == Some(200));
        let text = |path| Some(response.as_ref()?.pointer(path)?.as_str()?.to_owned());
        let arrived = unix_time::since_epoch(request.received_at());
        let client = request.json().and_then(|it| it.get("client_id")?.as_str());
        let bearer = request.header("authorization").and_then(|it| it.strip_prefix("Bearer "));
        Self {
            is_app: request.grant() == Some(Grant::ClientCredentials),
            arrived,
            ended: arrived + request.took().unwrap_or_default(),
            status: request.status(),
            client: client.map(str::to_owned),
            bearer: bearer.map(str::to_owned),
            requested_user: request.username().map(str::to_owned),
            returned_user: text("/user/username"),
            token: text("/access_token").filter(|token| !faults::is_invalid(token)),
        }
    }
}

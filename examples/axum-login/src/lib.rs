//! A login server: checks a password of its own, and hands out a user token of the IM service.
//!
//! `POST /login` takes `{"user_id":…,"password":…}`. `GET /metrics` is for Prometheus.

pub mod accounts;
pub mod metrics;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use easemob_token::{Client, Error, ErrorKind};
use serde::{Deserialize, Serialize};

use crate::accounts::Accounts;
use crate::metrics::Metrics;

/// What the handlers share. The client is cheap to clone, and its clones share one app token.
#[derive(Clone, Debug)]
pub struct Server {
    /// The client of the token service.
    pub tokens: Client,
    /// The server's own passwords.
    pub accounts: Arc<Accounts>,
    /// What Prometheus reads.
    pub metrics: Arc<Metrics>,
}

/// The routes of the server.
pub fn routes(server: Server) -> Router {
    Router::new()
        .route("/login", post(login))
        .route("/metrics", get(async |State(server): State<Server>| server.metrics.encode()))
        .with_state(server)
}

/// The body of a login.
#[derive(Deserialize)]
pub struct Login {
    user_id: String,
    password: String,
}

/// The response: what the IM SDK of the client logs in with.
#[derive(Serialize)]
pub struct LoggedIn {
    access_token: String,
    /// Whole seconds that are left; `null` if the token is permanent or its lifetime is unknown.
    expires_in: Option<u64>,
}

async fn login(
    State(server): State<Server>,
    Json(login): Json<Login>,
) -> Result<Json<LoggedIn>, Denied> {
    if !server.accounts.clone().verify(&login.user_id, login.password).await {
        return Err(Denied::WrongPassword);
    }
    // The service does not know who logged in here: so the token is for the user ID of the account,
    // and never for one that the body names without a check.
    let token = server.tokens.user_token(&login.user_id).auto_create_user(true).await?;
    if token.user().and_then(easemob_token::User::activated) == Some(false) {
        return Err(Denied::Banned);
    }
    Ok(Json(LoggedIn {
        access_token: token.access_token().expose().to_owned(),
        // A cached token may be old: what counts is what is left of it.
        expires_in: token.remaining().map(|time| time.as_secs()),
    }))
}

/// Reasons not to hand out a token.
#[derive(Debug)]
pub enum Denied {
    /// There is no such account, or its password is another one.
    WrongPassword,
    /// The IM service has banned the user.
    Banned,
    /// The IM service cannot be reached now.
    Unavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// Only a change of the configuration helps.
    Misconfigured,
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::UserDeactivated => Self::Banned,
            _ if error.is_retryable() || error.kind() == ErrorKind::RateLimited => {
                let retry_after = error.retry_after().unwrap_or(Duration::from_secs(5));
                Self::Unavailable { retry_after }
            }
            _ => {
                // It shows no secret: neither ours nor the user's.
                tracing::error!(kind = error.kind().as_str(), %error, "no user token");
                Self::Misconfigured
            }
        }
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        match self {
            Self::WrongPassword => (StatusCode::UNAUTHORIZED, "wrong password").into_response(),
            Self::Banned => (StatusCode::FORBIDDEN, "this account is banned").into_response(),
            Self::Unavailable { retry_after } => {
                let seconds = retry_after.as_secs().max(1).to_string();
                let headers = [(header::RETRY_AFTER, seconds)];
                (StatusCode::SERVICE_UNAVAILABLE, headers, "try again later").into_response()
            }
            Self::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

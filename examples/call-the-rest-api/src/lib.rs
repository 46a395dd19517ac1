//! The list of users of an app: a call of another REST endpoint, with a new token after a 401.

use std::error::Error;

use easemob_token::Client;
use reqwest::StatusCode;
use serde::Deserialize;

/// The part of the response that this job needs.
#[derive(Deserialize)]
struct Page {
    entities: Vec<User>,
}

/// One user of the app.
#[derive(Debug, Deserialize)]
pub struct User {
    /// The user ID.
    pub username: String,
    /// `false` if the user is banned.
    pub activated: Option<bool>,
}

/// Lists at most `limit` users.
///
/// # Errors
///
/// No app token, no response, or a response that is no list of users.
pub async fn users(
    tokens: &Client,
    http: &reqwest::Client,
    limit: u16,
) -> Result<Vec<User>, Box<dyn Error + Send + Sync>> {
    let url = format!("{}?limit={limit}", tokens.endpoint_url(["users"])?);
    // The cached app token; a request for one is sent only if there is none.
    let mut authorization = tokens.authorize().await?;
    loop {
        let request = http.get(&url).header("authorization", authorization.header());
        let response = request.send().await?;
        // The service may refuse a token before it expires. Once, a new one is worth a try.
        if response.status() == StatusCode::UNAUTHORIZED && authorization.renew().await? {
            continue;
        }
        let page: Page = response.error_for_status()?.json().await?;
        return Ok(page.entities);
    }
}

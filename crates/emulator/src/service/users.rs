//! The list of users: `GET /{org}/{app}/users`, with an app token.

use serde_json::{Value, json};

use super::{Call, Service, authorization};
use crate::accounts::App;
use crate::clock::unix_ms;
use crate::refusal::Refusal;

/// The number of users on a page, unless the query has `limit`.
const PAGE: usize = 10;
const MAX_PAGE: usize = 1000;

impl Service {
    /// A page of users, in the order of their IDs. There is no cursor: the list is a check of the token.
    pub(super) fn users(&self, call: &Call<'_>, key: &(String, String)) -> Result<Value, Refusal> {
        let apps = self.lock();
        let app = apps.get(key).ok_or_else(|| Self::no_application(key))?;
        authorization::check(call.authorization, app, &self.issuer, self.clock.now())?;
        let stamp = self.stamp(call.arrived);
        let entities = page(app, limit(call.query)?);
        Ok(json!({
            "action": "get",
            "application": app.id.to_string(),
            "path": "/users",
            "count": entities.len(),
            "entities": entities,
            "timestamp": unix_ms(stamp.now),
            "duration": unix_ms(stamp.took),
            "organization": key.0,
            "applicationName": key.1,
        }))
    }
}

fn page(app: &App, limit: usize) -> Vec<Value> {
    let mut users: Vec<_> = app.users.iter().collect();
    users.sort_by_key(|(id, _)| id.as_str());
    users.into_iter().take(limit).map(|(id, user)| user.to_json(id)).collect()
}

fn limit(query: Option<&str>) -> Result<usize, Refusal> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, text)) = pairs.into_iter().find(|(name, _)| *name == "limit") else {
        return Ok(PAGE);
    };
    let wrong = || Refusal::IllegalArgument("limit must be a number from 1 to 1000".to_owned());
    let limit = text.parse().map_err(|_| wrong())?;
    if (1..=MAX_PAGE).contains(&limit) { Ok(limit) } else { Err(wrong()) }
}

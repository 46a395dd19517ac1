//! One request as the service saw it, as a line between the two processes.

use std::time::Duration;

use easemob_token_emulator::{Grant, ReceivedRequest};

use crate::faults;
use crate::wall;

/// A request that has ended. Times are those of the wall clock.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Record {
    pub(crate) grant: Option<Grant>,
    pub(crate) arrived: Duration,
    pub(crate) ended: Duration,
    pub(crate) status: Option<u16>,
    /// The client ID that asked for an app token.
    pub(crate) client: Option<String>,
    /// The app token in its `Authorization`.
    pub(crate) bearer: Option<String>,
    /// The user whom the request named.
    pub(crate) asked: Option<String>,
    /// The user whom the answer named.
    pub(crate) answered: Option<String>,
    /// The token in the answer, where the service made it.
    pub(crate) token: Option<String>,
}

const GRANTS: [Grant; 3] = [Grant::ClientCredentials, Grant::Password, Grant::Inherit];

impl Record {
    pub(crate) fn of(request: &ReceivedRequest) -> Self {
        let answer = request.response_json().filter(|_| request.status() == Some(200));
        let text = |path: &[&str]| {
            let mut value = answer.as_ref()?;
            for member in path {
                value = value.get(member)?;
            }
            // A space would begin the next field.
            value.as_str().filter(|text| !text.contains(' ')).map(str::to_owned)
        };
        let arrived = wall::since_epoch(request.received_at());
        let client = request.json().and_then(|it| it.get("client_id")?.as_str());
        let bearer = request.header("authorization").and_then(|it| it.strip_prefix("Bearer "));
        Self {
            grant: request.grant(),
            arrived,
            ended: arrived + request.took().unwrap_or_default(),
            status: request.status(),
            client: client.map(str::to_owned),
            bearer: bearer.map(str::to_owned),
            asked: request.username().map(str::to_owned),
            answered: text(&["user", "username"]),
            token: text(&["access_token"]).filter(|token| !faults::is_made_up(token)),
        }
    }

    pub(crate) fn to_line(&self) -> String {
        let field = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        format!(
            "{} {} {} {} {} {} {} {} {}",
            self.grant.map_or("-", Grant::as_str),
            self.arrived.as_micros(),
            self.ended.as_micros(),
            self.status.unwrap_or_default(),
            field(&self.client),
            field(&self.bearer),
            field(&self.asked),
            field(&self.answered),
            field(&self.token),
        )
    }

    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(' ').collect();
        let [grant, arrived, ended, status, client, bearer, asked, answered, token] = fields[..]
        else {
            return None;
        };
        let time = |text: &str| text.parse().ok().map(Duration::from_micros);
        let field = |text: &str| (text != "-").then(|| text.to_owned());
        Some(Self {
            grant: GRANTS.into_iter().find(|known| known.as_str() == grant),
            arrived: time(arrived)?,
            ended: time(ended)?,
            status: status.parse().ok().filter(|&status| status != 0),
            client: field(client),
            bearer: field(bearer),
            asked: field(asked),
            answered: field(answered),
            token: field(token),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_the_way_between_the_processes() {
        let full = Record {
            grant: Some(Grant::Inherit),
            arrived: Duration::from_micros(1_700_000_000_000_001),
            ended: Duration::from_micros(1_700_000_000_000_002),
            status: Some(200),
            client: Some("noisy".to_owned()),
            bearer: Some("YWMtA".to_owned()),
            asked: Some("user1".to_owned()),
            answered: Some("user1".to_owned()),
            token: Some("YWMtB".to_owned()),
        };
        let closed =
            Record { grant: None, status: None, bearer: None, token: None, ..full.clone() };
        for record in [full, closed] {
            assert_eq!(Record::from_line(&record.to_line()), Some(record));
        }
        assert!(Record::from_line("listening").is_none());
    }
}

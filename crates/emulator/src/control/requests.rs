//! Calls about the journal of requests.

use std::time::Duration;

use serde_json::{Value, json};

use super::error::ControlError;
use super::fields::{Fields, missing};
use super::{Control, Done, faults};
use crate::grant::Grant;
use crate::received::ReceivedRequest;
use crate::service::AppKey;

/// How long a call waits for requests, unless it says otherwise, and at most.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_PATIENCE: Duration = Duration::from_secs(600);

/// Which requests a call is about; every member narrows it.
#[derive(Default)]
struct Filter {
    app: Option<AppKey>,
    method: Option<String>,
    path: Option<String>,
    grant: Option<Grant>,
    username: Option<String>,
    status: Option<u64>,
    after: u64,
}

impl Filter {
    fn of(control: &Control, fields: &mut Fields) -> Result<Self, ControlError> {
        Ok(Self {
            app: control.named_app(fields)?,
            method: fields.text("method")?,
            path: fields.text("path")?,
            grant: fields.one_of("grant", &faults::GRANTS)?,
            username: fields.text("username")?,
            status: fields.whole("status", 999)?,
            after: fields.whole("after", u64::MAX)?.unwrap_or_default(),
        })
    }

    fn matches(&self, request: &ReceivedRequest) -> bool {
        let is_user =
            |wanted: &String| request.username().is_some_and(|it| it.eq_ignore_ascii_case(wanted));
        request.number() > self.after
            && self.app.as_ref().is_none_or(|app| request.is_of(app))
            && self.method.as_deref().is_none_or(|it| it == request.method())
            && self.path.as_deref().is_none_or(|it| it == request.path())
            && self.grant.is_none_or(|it| request.grant() == Some(it))
            && self.username.as_ref().is_none_or(is_user)
            && self.status.is_none_or(|it| request.status().map(u64::from) == Some(it))
    }

    fn of_journal(&self, control: &Control) -> Vec<ReceivedRequest> {
        control.exchanges.journal.requests_if(|request| self.matches(request))
    }

    fn count(&self, control: &Control) -> usize {
        control.exchanges.journal.count_if(|request| self.matches(request))
    }
}

/// The stored requests that match, oldest first, without their secrets.
pub(super) fn list(control: &Control, mut fields: Fields) -> Done {
    let filter = Filter::of(control, &mut fields)?;
    let limit = fields.whole("limit", u64::MAX)?.and_then(|it| usize::try_from(it).ok());
    fields.finish()?;
    let found = filter.of_journal(control);
    let skipped = found.len().saturating_sub(limit.unwrap_or(100));
    let shown: Vec<_> = found[skipped..].iter().map(ReceivedRequest::masked_json).collect();
    Ok(json!({ "requests": shown, "count": found.len() }))
}

/// How many stored requests match, and how many have arrived at all.
pub(super) fn count(control: &Control, mut fields: Fields) -> Done {
    let filter = Filter::of(control, &mut fields)?;
    fields.finish()?;
    Ok(counted(control, filter.count(control)))
}

fn counted(control: &Control, count: usize) -> Value {
    json!({ "count": count, "arrived": control.exchanges.journal.arrived() })
}

/// Drops the stored requests that match.
pub(super) fn clear(control: &Control, mut fields: Fields) -> Done {
    let filter = Filter::of(control, &mut fields)?;
    fields.finish()?;
    control.exchanges.journal.drop_if(|request| filter.matches(request));
    Ok(json!({}))
}

impl Control {
    /// Waits until so many stored requests match.
    pub(super) async fn wait_for_requests(&self, mut fields: Fields) -> Done {
        let filter = Filter::of(self, &mut fields)?;
        let wanted = fields.whole("count", u64::MAX)?.ok_or_else(|| missing("count"))?;
        let patience = fields.duration("timeout")?.unwrap_or(PATIENCE);
        fields.finish()?;
        if patience > MOST_PATIENCE {
            return Err(ControlError::member_is("timeout", "must be at most 10m"));
        }
        let enough = self.exchanges.journal.until(|| {
            let count = filter.count(self);
            (u64::try_from(count).unwrap_or(u64::MAX) >= wanted).then_some(count)
        });
        match tokio::time::timeout(patience, enough).await {
            Ok(count) => Ok(counted(self, count)),
            Err(_) => {
                let count = filter.count(self);
                Err(ControlError::timed_out(format!("only {count} requests match so far")))
            }
        }
    }
}

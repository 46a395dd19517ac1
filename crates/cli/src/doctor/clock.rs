//! The clock of this machine against that of the service.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use easemob_token::transport::bytes::Bytes;
use easemob_token::transport::http::{Response, header::DATE};
use easemob_token::transport::{Exchange, Runtime, Transport, TransportError, async_trait};

use super::report::{Report, Step};
use crate::failure::Failure;
use crate::time;

/// Certificates and dynamic tokens bear no more; a clock that a time server sets is never so far off.
const TOLERATED: Duration = Duration::from_secs(60);

/// A transport that looks at the `Date` of each response.
#[derive(Clone, Debug)]
pub(super) struct DateTransport {
    inner: Arc<dyn Transport>,
    last: Arc<Mutex<Option<Difference>>>,
}

/// The difference between two clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Difference {
    by: Duration,
    is_behind: bool,
}

impl DateTransport {
    pub(super) fn new(inner: Arc<dyn Transport>) -> Self {
        Self { inner, last: Arc::default() }
    }

    /// What the last response with a date says.
    pub(super) fn difference(&self) -> Option<Difference> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Difference {
    /// The service's time is in whole seconds, and anywhere between the request and the response.
    fn new(date: SystemTime, sent: SystemTime, received: SystemTime) -> Self {
        let since = |later: SystemTime, earlier| later.duration_since(earlier).unwrap_or_default();
        let behind = since(date, received);
        let ahead = since(sent, date + Duration::from_secs(1));
        Self { by: behind.max(ahead), is_behind: behind > ahead }
    }

    pub(super) fn tell(self, report: &mut Report) -> Result<(), Failure> {
        let by = time::span(self.by);
        if self.by <= TOLERATED {
            let text = if self.by.is_zero() {
                "agrees with the service's".to_owned()
            } else {
                format!("{by} from the service's")
            };
            return report.ok(Step::Clock, [text]);
        }
        let side = if self.is_behind { "behind" } else { "ahead of" };
        let text = format!(
            "this machine is {by} {side} the service; set its clock (NTP), otherwise certificates \
             and dynamic tokens are refused"
        );
        report.warning(Step::Clock, text)
    }
}

#[async_trait]
impl Transport for DateTransport {
    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        self.inner.runtime()
    }

    fn own_runtime(&self) -> Result<Option<Arc<dyn Runtime>>, TransportError> {
        self.inner.own_runtime()
    }

    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        let sent = SystemTime::now();
        let response = self.inner.send(exchange).await?;
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) {
            let difference = Difference::new(date, sent, SystemTime::now());
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(difference);
        }
        Ok(response)
    }
}

//! A client with its service and clock, for the tests in simulated time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_transport::TransportErrorKind;

use super::runtime::Simulation;
use super::service::{Fault, Received, Service, Settings, failure};
use crate::{Client, ClientBuilder, Error, Event, UserToken};

pub(super) struct World {
    pub(super) client: Client,
    pub(super) service: Arc<Service>,
    pub(super) simulation: Simulation,
    events: Arc<Mutex<Vec<String>>>,
}

/// One line per event, without grant and times.
fn line(event: &Event<'_>) -> String {
    match event {
        Event::Started { refresh, .. } => format!("started, refresh: {refresh}"),
        Event::Succeeded { generation, .. } => format!("succeeded: {generation}"),
        Event::Failed { error, usable, .. } => {
            format!("failed: {}, usable: {usable}", error.kind())
        }
        Event::Hit { .. } => "hit".to_owned(),
        Event::Sent { attempt, .. } => format!("sent: {attempt}"),
        other => format!("{other:?}"),
    }
}

/// A client that caches user tokens, and a service whose tokens live for `life` seconds.
pub(super) fn world(life: u64) -> World {
    world_with(life, |builder| builder.cache_user_tokens(10))
}

pub(super) fn world_with(
    life: u64,
    settings: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> World {
    let simulation = Simulation::new();
    let service = Arc::new(Service::new(simulation.clone(), life));
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let builder = Client::builder("https://x", "o#a")
        .client_credentials("id", "secret")
        .transport(Arc::clone(&service))
        .runtime(simulation.clone())
        .observer(move |event: &Event<'_>| seen.lock().unwrap().push(line(event)))
        .clock(simulation.clock().clone());
    let client = settings(builder).build().unwrap();
    World { client, service, simulation, events }
}

/// A call for a user token that borrows nothing.
pub(super) fn user_call(
    client: &Client,
    user_id: String,
) -> impl Future<Output = Result<UserToken, Error>> + use<> {
    let client = client.clone();
    async move { client.user_token(user_id).await }
}

impl World {
    pub(super) fn token(&self) -> Result<String, Error> {
        let token = self.simulation.run(self.client.app_token())?;
        Ok(token.access_token().expose().to_owned())
    }

    pub(super) fn user_token(&self, user_id: &str) -> Result<String, Error> {
        let token = self.simulation.run(self.client.user_token(user_id).into_future())?;
        Ok(token.access_token().expose().to_owned())
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.service.received.lock().unwrap().clone()
    }

    /// Times of the requests for app tokens.
    pub(super) fn app_token_requests(&self) -> Vec<Uptime> {
        self.received().iter().filter(|it| it.app_token.is_none()).map(|it| it.at).collect()
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.service.settings.lock().unwrap());
    }

    pub(super) fn fault(&self, fault: Option<Arc<Fault>>) {
        self.set(|settings| settings.fault = fault);
    }

    pub(super) fn away(&self, away: bool) {
        self.fault(away.then(|| failure(TransportErrorKind::Connect)));
    }

    /// Makes the service refuse the current app token.
    pub(super) fn revoke(&self) {
        let token = self.token().unwrap();
        self.set(|settings| settings.revoked.extend([token]));
    }

    /// Takes the events since the last call.
    pub(super) fn events(&self) -> Vec<String> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    pub(super) fn now(&self) -> Uptime {
        self.simulation.clock().uptime()
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.simulation.pass(Duration::from_secs(seconds));
    }
}

/// The highest number of these times in any minute.
pub(super) fn busiest_minute(times: &[Uptime]) -> usize {
    const MINUTE: Duration = Duration::from_secs(60);
    let within = |start: Uptime| {
        times.iter().filter(|time| (start..start.after(MINUTE)).contains(*time)).count()
    };
    times.iter().map(|&start| within(start)).max().unwrap_or_default()
}

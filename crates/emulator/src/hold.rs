//! Holds responses back until the test releases them.

use std::collections::HashMap;

use tokio::sync::watch;

use crate::service::AppKey;

/// The holds of each application; those of `None` hold every request.
type Holds = HashMap<Option<AppKey>, usize>;

/// Counts the holds. Requests pass while there is none.
#[derive(Debug)]
pub(crate) struct Gate(watch::Sender<Holds>);

/// A guard that holds responses back. Created by [`Emulator::hold`](crate::Emulator::hold).
///
/// Requests still arrive and are counted and recorded. Responses are sent once every hold is
/// [released](Hold::release) or dropped.
#[derive(Debug)]
#[must_use = "responses are sent again when the hold is dropped"]
pub struct Hold(watch::Sender<Holds>, Option<AppKey>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Holds::new()))
    }

    /// Holds back the requests of one application, or all.
    pub(crate) fn close(&self, app: Option<AppKey>) -> Hold {
        self.0.send_modify(|holds| *holds.entry(app.clone()).or_default() += 1);
        Hold(self.0.clone(), app)
    }

    pub(crate) async fn passed(&self, app: Option<&AppKey>) {
        let app = app.cloned();
        let is_held = |holds: &Holds| holds.contains_key(&None) || holds.contains_key(&app);
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|holds| !is_held(holds)).await;
    }
}

impl Hold {
    /// Releases the responses.
    pub fn release(self) {
        drop(self);
    }

    pub(crate) fn is_of(&self, app: Option<&AppKey>) -> bool {
        app.is_none() || self.1.as_ref() == app
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.send_modify(|holds| {
            if let Some(count) = holds.get_mut(&self.1) {
                *count -= 1;
            }
            holds.retain(|_, count| *count > 0);
        });
    }
}

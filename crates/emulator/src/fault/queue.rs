//! Faults that were injected and not used yet.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Fault;
use crate::received::ReceivedRequest;
use crate::service::AppKey;

/// The faults, in the order of their injection.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultQueue {
    faults: Vec<Fault>,
    /// How many random numbers were drawn, for faults of each application and for all others.
    drawn: HashMap<Option<AppKey>, u64>,
}

impl FaultQueue {
    pub(crate) fn push(&mut self, fault: Fault) {
        if fault.times != Some(0) {
            self.faults.push(fault);
        }
    }

    /// Takes the fault for this request and decrements its count.
    pub(crate) fn take(&mut self, request: &ReceivedRequest) -> Option<Fault> {
        let Self { faults, drawn } = self;
        let mut happens = |fault: &Fault| {
            fault.probability >= 1.0
                || draw(drawn.entry(fault.app.clone()).or_default()) < fault.probability
        };
        let index = faults.iter().position(|it| it.matches(request) && happens(it))?;
        let fault = faults.get_mut(index)?;
        match &mut fault.times {
            None => Some(fault.clone()),
            Some(left) if *left > 1 => {
                *left -= 1;
                Some(fault.clone())
            }
            Some(_) => Some(faults.remove(index)),
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Drops the faults of one application.
    pub(crate) fn clear_app(&mut self, app: &AppKey) {
        self.reset_app(app, Self::default());
    }

    /// Replaces the faults of one application by those that it has in `start`.
    pub(crate) fn reset_app(&mut self, app: &AppKey, start: Self) {
        let is_its = |fault: &Fault| fault.app.as_ref() == Some(app);
        self.faults.retain(|fault| !is_its(fault));
        self.faults.extend(start.faults.into_iter().filter(is_its));
        self.drawn.remove(&Some(app.clone()));
    }

    /// How many faults apply to this application alone.
    pub(crate) fn len_of(&self, app: &AppKey) -> usize {
        self.faults.iter().filter(|fault| fault.app.as_ref() == Some(app)).count()
    }

    pub(crate) fn len(&self) -> usize {
        self.faults.len()
    }

    /// The faults as the control plane shows them.
    pub(crate) fn shown(&self, app: Option<&AppKey>) -> Vec<Value> {
        let shown = |fault: &Fault| {
            json!({
                "action": fault.action.shown(),
                "app_key": fault.app.as_ref().map(|(org, app)| format!("{org}#{app}")),
                "grant": fault.grant.map(crate::Grant::as_str),
                "username": fault.user,
                "path": fault.path,
                "times": fault.times.map_or_else(|| "always".into(), Value::from),
                "probability": fault.probability,
                "delay": fault.wait.as_secs_f64(),
            })
        };
        self.faults.iter().filter(|it| app.is_none() || it.app.as_ref() == app).map(shown).collect()
    }
}

/// The next of a fixed sequence of random numbers from 0 to 1 (`SplitMix64`).
fn draw(drawn: &mut u64) -> f64 {
    *drawn += 1;
    let mut mixed = drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    // 32 bits are exact in a float.
    let bits = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or(u32::MAX);
    f64::from(bits) / f64::from(u32::MAX)
}

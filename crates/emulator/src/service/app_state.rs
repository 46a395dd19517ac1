//! What each application has of its own: its clock, its settings, its start.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{AppKey, Service, Start};
use crate::accounts::App;
use crate::clock::Step;
use crate::response::Stamp;
use crate::settings::Settings;

impl Service {
    /// The time of an application.
    pub(super) fn now(&self, app: &App) -> Duration {
        app.clock.applied_to(self.clock.now())
    }

    /// A time of the emulator's clock, on the clock of an application.
    pub(crate) fn local(&self, key: Option<&AppKey>, time: Duration) -> Duration {
        let apps = self.lock();
        key.and_then(|key| apps.get(key)).map_or(time, |app| app.clock.applied_to(time))
    }

    /// Moves the clock of one application, or of all.
    pub(crate) fn shift_clock(&self, key: Option<&AppKey>, step: Step) {
        match key {
            None => self.clock.shift(step),
            Some(key) => {
                self.with_app(key, |app| app.clock = app.clock.and(step, self.clock.now()));
            }
        }
    }

    /// The times in a response; `arrived` is on the emulator's clock.
    pub(crate) fn stamp(&self, key: Option<&AppKey>, arrived: Duration) -> Stamp {
        let now = self.clock.now();
        Stamp { now: self.local(key, now), took: now.saturating_sub(arrived) }
    }

    /// The settings of an application: its own, or those of the emulator.
    pub(crate) fn settings_of(&self, key: Option<&AppKey>) -> Settings {
        let own = key.and_then(|key| self.lock().get(key)?.settings.clone());
        own.unwrap_or_else(|| self.settings())
    }

    /// Changes the settings of one application, or those of the emulator.
    pub(crate) fn set_settings(&self, key: Option<&AppKey>, settings: &Settings) {
        match key {
            Some(key) => self.with_app(key, |app| app.settings = Some(settings.clone())),
            None => self.change_settings(|it| it.clone_from(settings)),
        }
    }

    /// Remembers the accounts and settings that [`Self::reset`] restores.
    pub(crate) fn remember(&self) {
        let start = Start { settings: self.settings(), apps: self.lock().clone() };
        *self.start.lock().unwrap_or_else(PoisonError::into_inner) = Some(start);
    }

    /// Restores accounts and settings, and the clock; app tokens issued so far are revoked.
    pub(crate) fn reset(&self) {
        let mut apps = self.lock();
        let start = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(start) = &*start {
            let before = std::mem::replace(&mut *apps, start.apps.clone());
            let epoch = before.values().map(|app| app.token_epoch).max().unwrap_or_default();
            let epoch = self.next_epoch(epoch);
            apps.values_mut().for_each(|app| app.token_epoch = epoch);
            self.change_settings(|settings| settings.clone_from(&start.settings));
        }
        self.clock.reset();
    }

    /// Restores one application, or makes it as on demand; its app tokens issued so far are revoked.
    pub(crate) fn reset_app(&self, key: &AppKey) {
        let mut apps = self.lock();
        let start = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        let known = start.as_ref().and_then(|start| start.apps.get(key).cloned());
        drop(start);
        let mut app = known.unwrap_or_else(|| self.like_the_first(key));
        app.token_epoch = self.next_epoch(apps.get(key).map_or(0, |app| app.token_epoch));
        apps.insert(key.clone(), app);
    }

    /// An epoch after this one. Applications that are gone may be made again, and must not accept their
    /// old tokens, so it is the first epoch of new applications too.
    fn next_epoch(&self, epoch: u64) -> u64 {
        let epoch = epoch.max(self.epoch.load(Ordering::SeqCst)) + 1;
        self.epoch.store(epoch, Ordering::SeqCst);
        epoch
    }
}

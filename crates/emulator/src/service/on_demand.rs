//! Applications that are made when a request names them.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::{AppKey, Apps, Service};
use crate::accounts::App;
use crate::naming::check_path_name;

/// The most applications; a client that invents names must not fill the memory.
const MOST_APPS: usize = 10_000;

/// The longest part of an App Key that a request can make, in bytes.
const LONGEST_NAME: usize = 128;

impl Service {
    /// Finds an application, or makes it if that is switched on.
    pub(super) fn find_or_make<'a>(&self, apps: &'a mut Apps, key: &AppKey) -> Option<&'a mut App> {
        if !apps.contains_key(key) && apps.len() < MOST_APPS && self.settings().apps_on_demand {
            for name in [&key.0, &key.1] {
                check_path_name("App Key", name).ok().filter(|()| name.len() <= LONGEST_NAME)?;
            }
            apps.insert(key.clone(), self.like_the_first(key));
        }
        apps.get_mut(key)
    }

    /// A new application without clients and users.
    pub(super) fn empty_app(&self, key: &AppKey) -> App {
        let mut app = App::new(self.issuer.app_id(key, self.clock.now()));
        app.token_epoch = self.epoch.load(Ordering::SeqCst);
        app
    }

    /// A new application with the clients, users and stubs that the first one had at the start.
    pub(super) fn like_the_first(&self, key: &AppKey) -> App {
        let now = self.clock.now();
        let mut app = self.empty_app(key);
        let start = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = start.as_ref().and_then(|start| start.apps.get(&self.primary)) {
            app.clients.clone_from(&first.clients);
            app.users.clone_from(&first.users);
            app.stubs.clone_from(&first.stubs);
            app.settings.clone_from(&first.settings);
            for (user_id, user) in &mut app.users {
                user.id = self.issuer.user_id(key, user_id, now);
                (user.created, user.modified) = (now, now);
            }
        }
        app
    }
}

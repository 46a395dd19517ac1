//! Accounts of the emulator: applications, their clients and their users.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::clock::{Offset, unix_ms};
use crate::rate::RateWindow;
use crate::secret::Secret;
use crate::settings::Settings;
use crate::stub::Stub;

/// One application, stored under its App Key.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) id: Uuid,
    pub(crate) clients: Vec<(String, Secret)>,
    /// By folded user ID.
    pub(crate) users: HashMap<String, User>,
    /// App tokens of earlier epochs are revoked.
    pub(crate) token_epoch: u64,
    pub(crate) rate: RateWindow,
    pub(crate) stubs: Vec<Stub>,
    /// The distance of its clock from the emulator's.
    pub(crate) clock: Offset,
    /// Settings of its own, instead of the emulator's.
    pub(crate) settings: Option<Settings>,
}

/// One user of an application.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    /// `None` for a user who can only use `inherit`.
    pub(crate) password: Option<Secret>,
    /// Only the users endpoints show it.
    pub(crate) nickname: Option<String>,
    pub(crate) created: Duration,
    pub(crate) modified: Duration,
    pub(crate) activated: bool,
    /// Whether a request with `autoCreateUser` created this user, so that it can conflict with another.
    pub(crate) created_by_request: bool,
}

impl App {
    pub(crate) fn new(id: Uuid) -> Self {
        Self {
            id,
            clients: Vec::new(),
            users: HashMap::new(),
            token_epoch: 0,
            rate: RateWindow::default(),
            stubs: Vec::new(),
            clock: Offset::default(),
            settings: None,
        }
    }

    /// The ID in app tokens at the place of the application in user tokens.
    ///
    /// A version 3 UUID, as in newer tokens; how the service derives it is not known.
    pub(crate) fn management_id(&self) -> Uuid {
        let digest = Sha256::digest(self.id.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_md5_bytes(bytes).into_uuid()
    }
}

impl User {
    pub(crate) fn new(id: Uuid, password: Option<Secret>, at: Duration) -> Self {
        Self {
            id,
            password,
            nickname: None,
            created: at,
            modified: at,
            activated: true,
            created_by_request: false,
        }
    }

    /// The object `user` of a response.
    pub(crate) fn to_json(&self, username: &str) -> Value {
        json!({
            "uuid": self.id.to_string(),
            "type": "user",
            "created": unix_ms(self.created),
            "modified": unix_ms(self.modified),
            "username": username,
            "activated": self.activated,
        })
    }

    /// The entity of a response about users, which has the nickname too.
    pub(crate) fn to_entity(&self, username: &str) -> Value {
        let mut entity = self.to_json(username);
        if let Some(nickname) = &self.nickname {
            entity["nickname"] = nickname.as_str().into();
        }
        entity
    }
}

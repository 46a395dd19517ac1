//! One app token for all processes of an app, in a store that they share.

mod access;
mod name;
mod seal;

use std::sync::Arc;
use std::time::Duration;

use easemob_token_store::TokenStore;

use self::access::StoreAccess;
pub(crate) use self::name::check as check_name;

/// The store of a client, and what it remembers between acquisitions.
pub(crate) struct Fleet {
    access: StoreAccess,
    /// The key that the application chose, if it did.
    key: Option<String>,
}

impl Fleet {
    pub(crate) fn new(store: Arc<dyn TokenStore>, timeout: Duration, key: Option<String>) -> Self {
        Self { access: StoreAccess::new(store, timeout), key }
    }
}

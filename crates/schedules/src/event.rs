//! What the cache tells, of which only the new tokens are listened to.
#![allow(dead_code, reason = "the facade's names; here hardly anybody reads what is told")]

use std::time::Duration;

use crate::error::Error;

#[derive(Clone, Copy, Debug)]
pub(crate) enum GrantType {
    ClientCredentials,
}

pub(crate) enum Event<'a> {
    Waited { grant: GrantType, time: Duration },
    Started { grant: GrantType, refresh: bool },
    Succeeded { grant: GrantType, generation: u64, time: Duration },
    Failed { grant: GrantType, error: &'a Error, usable: bool, time: Duration },
    Invalidated { grant: GrantType, generation: u64 },
}

//! The group `grant`: building a request and parsing its response, without I/O.

pub(crate) mod floor;
mod ours;
#[cfg(feature = "peers")]
mod peers;

use crate::case::Case;
#[cfg(feature = "peers")]
pub(crate) use peers::{OwnToken, oauth2_client, tame_client};

/// The password grant, built and parsed: by us, by hand, and by oauth2.
pub(crate) const PASSWORD: &str = "password, both";
pub(crate) const FLOOR: &str = "floor: password, both, owned";
pub(crate) const OAUTH2: &str = "oauth2 5: password, both, `user` as extra fields";

/// Our own cases and the floors, and for each of ours the name of its floor.
pub(crate) fn own_cases() -> Vec<(Case, Option<&'static str>)> {
    let floors = floor::CASES.iter().map(|case| (*case, None));
    floors.chain(ours::CASES.iter().map(|(case, floor)| (*case, Some(*floor)))).collect()
}

/// Every case.
pub(crate) fn cases() -> Vec<Case> {
    let cases = own_cases().into_iter().map(|(case, _)| case);
    #[cfg(feature = "peers")]
    let cases = cases.chain(peers::CASES.iter().copied());
    cases.collect()
}

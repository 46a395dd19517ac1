//! The group `cached`: a call for a token while one is cached.

mod floor;
mod ours;
#[cfg(feature = "peers")]
mod peers;

use crate::case::Case;

/// The floor: the least work, to which every case is compared.
pub(crate) const FLOOR: &str = floor::ARC_SWAP.name;
pub(crate) const OURS: &str = ours::CASE.name;
/// SDKs of cloud providers, which do the same work for their own tokens.
pub(crate) const CLOUD_SDKS: &[&str] = &[GCP_AUTH, YUP_OAUTH2, AWS, GOOGLE];
const GCP_AUTH: &str = "gcp_auth 0.12";
const YUP_OAUTH2: &str = "yup-oauth2 12";
const AWS: &str = "AWS LazyCache";
const GOOGLE: &str = "google-cloud-auth 1";

/// The floor and our own case, with the name of its floor.
pub(crate) fn own_cases() -> Vec<(Case, Option<&'static str>)> {
    vec![(floor::ARC_SWAP, None), (ours::CASE, Some(FLOOR))]
}

/// Every case, the floor first.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![floor::ARC_SWAP, ours::CASE];
    cases.extend(floor::OTHERS);
    #[cfg(feature = "peers")]
    cases.extend(peers::CASES);
    cases
}

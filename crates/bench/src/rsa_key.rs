//! The private key of a service account, made for one run.

use std::sync::OnceLock;

use crate::sample::good;

/// Passes the key to the processes that callgrind runs, in which its generation takes very long.
pub(crate) const VARIABLE: &str = "EASEMOB_TOKEN_BENCH_RSA_KEY";

/// The key in PEM.
pub(crate) fn pem() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        std::env::var(VARIABLE).unwrap_or_else(|_| {
            let (kind, size) = (&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048);
            good(rcgen::KeyPair::generate_rsa_for(kind, size)).serialize_pem()
        })
    })
}

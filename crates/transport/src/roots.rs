//! The settings of the root certificates, which all adapters share.

#[cfg(all(feature = "system-roots", not(target_family = "wasm")))]
mod system;

use std::fmt;

#[cfg(all(feature = "system-roots", not(target_family = "wasm")))]
pub use system::{platform_roots, roots_from_environment};

use crate::ConfigError;
use crate::pem::{PemItem, certificates_from_pem};

/// The error of an adapter whose system has no root certificates.
pub const NO_SYSTEM_ROOTS: &str = "this system has no root certificates: install the package \
     ca-certificates, let SSL_CERT_FILE name a file with them, or use roots_pem";

/// The roots that an adapter trusts besides the given ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaseRoots {
    /// The system's, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    System,
    /// Mozilla's list, compiled into the program.
    Bundled,
    /// None: only the given ones are trusted.
    Given,
}

/// The roots that the methods of an adapter's builder name.
///
/// `Debug` shows no text: a file that was mistaken for another may hold a key.
#[derive(Clone)]
pub struct RootSettings {
    base: BaseRoots,
    pem: Vec<u8>,
    added: Vec<Vec<u8>>,
}

impl RootSettings {
    /// Trusts this PEM text instead of other roots.
    pub fn set_pem(&mut self, pem: Vec<u8>) {
        (self.base, self.pem) = (BaseRoots::Given, pem);
    }

    /// Trusts the bundled roots instead of other roots.
    pub fn set_bundled(&mut self) {
        self.base = BaseRoots::Bundled;
    }

    /// Trusts this PEM text in addition.
    pub fn add_pem(&mut self, pem: Vec<u8>) {
        self.added.push(pem);
    }

    /// Parses the texts. Returns the roots besides them, and their certificates.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] for `roots_pem` or `add_roots_pem`, as of [`certificates_from_pem`].
    pub fn parse(&self) -> Result<(BaseRoots, Vec<PemItem>), ConfigError> {
        let mut given = match self.base {
            BaseRoots::Given => certificates_from_pem("roots_pem", &self.pem)?,
            BaseRoots::System | BaseRoots::Bundled => Vec::new(),
        };
        for pem in &self.added {
            given.extend(certificates_from_pem("add_roots_pem", pem)?);
        }
        Ok((self.base, given))
    }
}

impl Default for RootSettings {
    fn default() -> Self {
        Self { base: BaseRoots::System, pem: Vec::new(), added: Vec::new() }
    }
}

impl fmt::Debug for RootSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootSettings")
            .field("base", &self.base)
            .field("added", &self.added.len())
            .finish()
    }
}

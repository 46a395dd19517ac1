//! Parses PEM texts: certificates and private keys, or what is wrong and in which line.
//!
//! No error quotes the text: a file that was mistaken for another may hold a key.

mod hints;
mod sections;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ConfigError;
use hints::Wanted;
use sections::Section;

/// A certificate or a private key from a PEM text, decoded.
///
/// There is no `Debug` on purpose: it may be a key.
#[derive(Clone)]
pub struct PemItem {
    setting: &'static str,
    label: &'static str,
    der: Vec<u8>,
    line: usize,
}

impl PemItem {
    /// The bytes in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The error for a certificate that a TLS library does not take as a root.
    #[must_use]
    pub fn not_a_root(&self) -> ConfigError {
        let line = self.line;
        ConfigError::new(
            self.setting,
            format!(
                "holds a certificate that cannot be a root, since it is no whole X.509 certificate \
                 (line {line}): take it out, or export it again"
            ),
        )
    }

    /// The item as a PEM text of its own, in the plainest form.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let base64 = STANDARD.encode(&self.der);
        let mut pem = format!("-----BEGIN {}-----\n", self.label);
        for line in base64.as_bytes().chunks(64) {
            pem.extend(line.iter().copied().map(char::from));
            pem.push('\n');
        }
        pem + "-----END " + self.label + "-----\n"
    }
}

/// Parses the certificates of a PEM text, of which there must be at least one.
///
/// A byte order mark, indentation, any line ends and text between the sections do no harm. Keys and
/// other sections are skipped if there is a certificate.
///
/// # Errors
///
/// A [`ConfigError`] for `setting` if a certificate is damaged, or in a form that has to be converted
/// first. It names the line and the `openssl` command that converts it.
pub fn certificates_from_pem(
    setting: &'static str,
    pem: &[u8],
) -> Result<Vec<PemItem>, ConfigError> {
    let mut found = certificates(pem).map_err(|problem| ConfigError::new(setting, problem))?;
    found.iter_mut().for_each(|item| item.setting = setting);
    Ok(found)
}

/// A certificate and its private key in PEM, parsed: what a client shows to a server that asks.
///
/// There is no `Debug` on purpose.
#[derive(Clone)]
pub struct ClientCertificate {
    chain: Vec<PemItem>,
    key: PemItem,
}

/// The reason why a TLS library does not take a [`ClientCertificate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientCertificateProblem {
    /// The key belongs to another certificate.
    OtherKey,
    /// The first certificate is not an X.509 certificate.
    Certificate,
    /// The key is damaged, or of a kind that cannot sign.
    Key,
}

impl ClientCertificate {
    const SETTING: &'static str = "client_certificate_pem";

    /// Parses both texts. Each may hold more than what is searched in it.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that says which of the two cannot be read, in which line, and how to convert
    /// it.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, ConfigError> {
        let chain = certificates(chain).map_err(|problem| format!("the chain {problem}"));
        let key = private_key(key).map_err(|problem| format!("the key's text {problem}"));
        match (chain, key) {
            (Ok(chain), Ok(key)) => Ok(Self { chain, key }),
            (Err(problem), _) | (_, Err(problem)) => Err(ConfigError::new(Self::SETTING, problem)),
        }
    }

    /// The certificates, the client's own first.
    #[must_use]
    pub fn chain(&self) -> &[PemItem] {
        &self.chain
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &PemItem {
        &self.key
    }
}

impl From<ClientCertificateProblem> for ConfigError {
    fn from(problem: ClientCertificateProblem) -> Self {
        let phrase = match problem {
            ClientCertificateProblem::OtherKey => {
                "the key belongs to another certificate than the chain's first one: give the \
                 client's own certificate first, then its issuers"
            }
            ClientCertificateProblem::Certificate => {
                "the chain's first certificate cannot be read: export it again"
            }
            ClientCertificateProblem::Key => {
                "the key is none that can be used to sign: it must be RSA of 2048 to 8192 bits, \
                 P-256, P-384 or Ed25519"
            }
        };
        Self::new(ClientCertificate::SETTING, phrase)
    }
}

/// The certificates of a PEM text, or a phrase about the text.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<PemItem>, String> {
    let text = hints::text(pem, Wanted::Certificate)?;
    let mut found = Vec::new();
    let mut others = Vec::new();
    for section in sections::split(&text)? {
        match section.label {
            "CERTIFICATE" | "X509 CERTIFICATE" => found.push(item(&section, "CERTIFICATE")?),
            other => match hints::convertible(other) {
                Some(hint) => return Err(format!("{hint} (line {})", section.line)),
                None => others.push(section),
            },
        }
    }
    if found.is_empty() {
        Err(hints::nothing(&text, &others, Wanted::Certificate))
    } else {
        Ok(found)
    }
}

fn private_key(pem: &[u8]) -> Result<PemItem, String> {
    let text = hints::text(pem, Wanted::Key)?;
    let sections = sections::split(&text)?;
    for section in &sections {
        let label = match section.label {
            "PRIVATE KEY" => "PRIVATE KEY",
            "RSA PRIVATE KEY" => "RSA PRIVATE KEY",
            "EC PRIVATE KEY" => "EC PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY" => return Err(hints::ENCRYPTED.to_owned()),
            _ => continue,
        };
        if section.is_encrypted {
            return Err(hints::ENCRYPTED.to_owned());
        }
        return item(section, label);
    }
    Err(hints::nothing(&text, &sections, Wanted::Key))
}

fn item(section: &Section<'_>, label: &'static str) -> Result<PemItem, String> {
    Ok(PemItem {
        setting: ClientCertificate::SETTING,
        label,
        der: section.decode()?,
        line: section.line,
    })
}

#[cfg(test)]
mod tests;

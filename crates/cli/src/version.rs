//! The version of the command: its commit, and the libraries that carry requests.

use std::fmt::Write as _;

use serde_json::json;

use crate::args::{Format, TransportName};
use crate::failure::Failure;
use crate::{help, output};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit, or nothing if the build did not know it.
const COMMIT: &str = env!("COMMIT");
/// TLS of the transport over hyper; rustls does not tell its version.
const RUSTLS: &str = "rustls 0.23";

/// A transport, and the libraries below it.
struct Carrier {
    name: &'static str,
    tls: String,
    libcurl: Option<String>,
}

impl Carrier {
    fn of(name: TransportName) -> Self {
        let name = name.as_str();
        match name {
            #[cfg(feature = "isahc")]
            "isahc" => {
                use easemob_token::isahc::IsahcTransport;
                let libcurl = Some(IsahcTransport::libcurl_version());
                Self { name, tls: IsahcTransport::tls_version(), libcurl }
            }
            _ => Self { name, tls: RUSTLS.to_owned(), libcurl: None },
        }
    }
}

/// Prints the version.
pub(crate) fn run(format: Format) -> Result<(), Failure> {
    let carriers: Vec<_> = TransportName::compiled_in().into_iter().map(Carrier::of).collect();
    let commit = Some(COMMIT).filter(|it| !it.is_empty());
    match format {
        Format::Json => {
            let transports: Vec<_> = carriers
                .iter()
                .map(|it| json!({ "name": it.name, "tls": it.tls, "libcurl": it.libcurl }))
                .collect();
            output::line(json!({
                "version": VERSION,
                "commit": commit,
                "transports": transports,
            }))?;
        }
        _ => output::line(text(commit, &carriers))?,
    }
    Ok(())
}

fn text(commit: Option<&str>, carriers: &[Carrier]) -> String {
    let mut text = format!("{} {VERSION}", help::NAME);
    if let Some(commit) = commit {
        let _ = write!(text, " ({commit})");
    }
    for carrier in carriers {
        let _ = write!(text, "\ntransport {} ({}", carrier.name, carrier.tls);
        match &carrier.libcurl {
            Some(libcurl) => _ = write!(text, ", libcurl {libcurl})"),
            None => text.push(')'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_rustls_is_that_of_the_build() {
        let lock = include_str!("../../../Cargo.lock");
        let (name, version) = RUSTLS.split_once(' ').unwrap();
        assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}.")));
    }
}

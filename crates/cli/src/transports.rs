//! Transports compiled in, built from the options.

use std::path::PathBuf;
use std::sync::Arc;

use easemob_token::ConfigError;
#[cfg(feature = "hyper")]
use easemob_token::ErrorKind;
use easemob_token::environment::Environment;
use easemob_token::transport::{Proxy, ProxyUrl, Transport};

use crate::args::TransportName;
use crate::failure::Failure;
use crate::input::Input;
use crate::logging_transport::LoggingTransport;
use crate::options::Options;

const CLIENT_CERT: Input =
    Input { option: "--client-cert", content: "the client certificate", max_kib: 1024 };
const CLIENT_KEY: Input = Input { option: "--client-key", content: "its key", max_kib: 64 };
/// Root certificates; a system's bundle has about 220 KiB.
const ROOTS: Input = Input { option: "--ca-file", content: "PEM certificates", max_kib: 4 * 1024 };
const ADDED_ROOTS: Input = Input { option: "--add-ca-file", ..ROOTS };

/// Root certificates and a client certificate: the system's and none, unless set.
#[cfg_attr(
    not(any(feature = "hyper", feature = "isahc")),
    expect(dead_code, reason = "no transport takes them")
)]
#[derive(Clone, Default)]
pub(crate) struct Roots {
    instead: Option<Vec<u8>>,
    added: Option<Vec<u8>>,
    /// A client certificate and its key.
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl TransportName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::Isahc => "isahc",
        }
    }

    /// The transports of this build.
    pub(crate) fn compiled_in() -> Vec<Self> {
        let all = [(Self::Hyper, cfg!(feature = "hyper")), (Self::Isahc, cfg!(feature = "isahc"))];
        all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }

    /// The first transport of this build.
    pub(crate) fn default_one() -> Self {
        Self::compiled_in().first().copied().unwrap_or(Self::Hyper)
    }
}

/// Reads the root certificates and the client certificate that the options name.
pub(crate) fn roots(options: &Options) -> Result<Roots, Failure> {
    let read = |input: Input, file: &Option<PathBuf>| {
        file.as_ref().map(|file| input.read(options, file)).transpose()
    };
    let (instead, added) =
        (read(ROOTS, &options.ca_file)?, read(ADDED_ROOTS, &options.add_ca_file)?);
    let certificate = read(CLIENT_CERT, &options.client_cert)?;
    let identity = match (certificate, read(CLIENT_KEY, &options.client_key)?) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (certificate, _) => {
            let (set, other) = if certificate.is_some() {
                ("--client-cert", "--client-key (EASEMOB_CLIENT_KEY)")
            } else {
                ("--client-key", "--client-cert (EASEMOB_CLIENT_CERT)")
            };
            return Err(Failure::invalid_input(format!("{set}: needs {other}; set both")));
        }
    };
    Ok(Roots { instead, added, identity })
}

/// Builds the transport that the options name.
pub(crate) fn chosen(options: &Options) -> Result<LoggingTransport, Failure> {
    let transport = make(options.transport, roots(options)?, options.proxy.clone())?;
    Ok(LoggingTransport::new(transport, options))
}

/// Parses `none`, `env`, or a URL without a password.
pub(crate) fn parse_proxy(setting: &'static str, text: &str) -> Result<Proxy, ConfigError> {
    let wrong = |problem: &str| ConfigError::new(setting, problem);
    match text {
        "none" => Ok(Proxy::Off),
        "env" => Ok(Proxy::Environment),
        url => {
            let url: ProxyUrl = url.parse().map_err(|error: ConfigError| wrong(error.problem()))?;
            if url.password().is_some() {
                return Err(wrong(
                    "must not hold a password; set the URL in HTTPS_PROXY and use --proxy env",
                ));
            }
            Ok(Proxy::Url(url))
        }
    }
}

/// The variable of a proxy through which the service would be reached, if no proxy is used.
pub(crate) fn unused_proxy(options: &Options) -> Option<&'static str> {
    const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let Proxy::Off = options.proxy else { return None };
    let uri = options.base_url.as_ref()?.to_string().parse().ok()?;
    // A wrong URL of a proxy is an error with `--proxy env`, which names it.
    if let Ok(rules) = Proxy::Environment.resolve() {
        rules.proxy_for(&uri).ok()??;
    }
    let environment = Environment::of_process();
    VARIABLES.into_iter().find(|name| environment.text(name).ok().flatten().is_some())
}

/// Gives a builder the certificates. The builders have the same methods, and no trait in common.
#[cfg(any(feature = "hyper", feature = "isahc"))]
macro_rules! with_roots {
    ($builder:expr, $roots:expr) => {{
        let (mut builder, roots) = ($builder, $roots);
        if let Some(pem) = roots.instead {
            builder = builder.roots_pem(pem);
        }
        if let Some(pem) = roots.added {
            builder = builder.add_roots_pem(pem);
        }
        if let Some((certificate, key)) = roots.identity {
            builder = builder.client_certificate_pem(certificate, key);
        }
        builder
    }};
}

/// Builds a transport by name, with root certificates and a proxy.
pub(crate) fn make(
    name: TransportName,
    roots: Roots,
    proxy: Proxy,
) -> Result<Arc<dyn Transport>, Failure> {
    match name {
        #[cfg(feature = "hyper")]
        TransportName::Hyper => Ok(Arc::new(hyper(roots).proxy(proxy).build()?)),
        #[cfg(feature = "isahc")]
        TransportName::Isahc => {
            let builder = easemob_token::isahc::IsahcTransport::builder().proxy(proxy);
            Ok(Arc::new(with_roots!(builder, roots).build()?))
        }
        #[cfg(not(all(feature = "hyper", feature = "isahc")))]
        missing => {
            drop((roots, proxy));
            let name = missing.as_str();
            Err(Failure::invalid_input(format!(
                "--transport: {name} is not compiled in; build the command with `--features {name}`"
            )))
        }
    }
}

#[cfg(feature = "hyper")]
fn hyper(roots: Roots) -> easemob_token::hyper::HyperTransportBuilder {
    with_roots!(easemob_token::hyper::HyperTransport::builder(), roots)
}

/// The TLS configuration of the transport over hyper.
#[cfg(feature = "hyper")]
pub(crate) async fn tls_config(roots: Roots) -> Result<Arc<rustls::ClientConfig>, Failure> {
    let config = hyper(roots).tls_config().await;
    config.map_err(|error| Failure::of(ErrorKind::Tls, &error.to_string()))
}

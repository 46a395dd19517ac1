//! Transports compiled in, built from the options.

use std::sync::Arc;

use easemob_token::transport::{Proxy, ProxyUrl, Transport};

use crate::args::{Options, TransportName};
use crate::failure::Failure;
use crate::input::Input;
use crate::logging_transport::LoggingTransport;

/// Root certificates; a system's bundle has about 220 KiB.
const ROOTS: Input = Input { option: "--ca-file", content: "PEM certificates", max_kib: 4 * 1024 };

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
}

/// Builds the transport that the options name.
pub(crate) fn chosen(options: &Options) -> Result<LoggingTransport, Failure> {
    let roots = options.ca_file.as_ref().map(|file| ROOTS.read(options, file)).transpose()?;
    let transport = make(options.transport, roots, proxy(&options.proxy)?)?;
    Ok(LoggingTransport::new(transport, options.transport.as_str(), options.verbose))
}

fn proxy(text: &str) -> Result<Proxy, Failure> {
    match text {
        "none" => Ok(Proxy::Off),
        "env" => Ok(Proxy::Environment),
        url => {
            let url: ProxyUrl = url.parse()?;
            if url.password().is_some() {
                return Err(Failure::invalid_input(
                    "--proxy: an argument must not hold a password; set the URL in HTTPS_PROXY and \
                     use --proxy env",
                ));
            }
            Ok(Proxy::Url(url))
        }
    }
}

/// Builds a transport by name, with root certificates and a proxy.
pub(crate) fn make(
    name: TransportName,
    roots: Option<Vec<u8>>,
    proxy: Proxy,
) -> Result<Arc<dyn Transport>, Failure> {
    match name {
        #[cfg(feature = "hyper")]
        TransportName::Hyper => {
            let builder = easemob_token::hyper::HyperTransport::builder().proxy(proxy);
            let builder = match roots {
                Some(roots) => builder.roots_pem(roots),
                None => builder,
            };
            Ok(Arc::new(builder.build()?))
        }
        #[cfg(feature = "isahc")]
        TransportName::Isahc => {
            let builder = easemob_token::isahc::IsahcTransport::builder().proxy(proxy);
            let builder = match roots {
                Some(roots) => builder.roots_pem(roots),
                None => builder,
            };
            Ok(Arc::new(builder.build()?))
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

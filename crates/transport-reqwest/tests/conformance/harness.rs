//! The harness that builds a `ReqwestTransport` for the conformance suite.

use std::sync::Arc;

use easemob_token_transport::Transport;
use easemob_token_transport_reqwest::ReqwestTransport;
use easemob_token_transport_testkit::{Exception, Executor, Harness, Needs, Parking, Task, Unable};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::{Builder, Runtime};

pub(crate) struct Reqwest;

impl Harness for Reqwest {
    fn name(&self) -> &str {
        "reqwest"
    }

    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable> {
        let unable = |error: &dyn std::fmt::Display| Unable::because(error.to_string());
        // With a configuration of its own, rustls needs no provider for the whole process.
        let mut roots = RootCertStore::empty();
        if let Some(pem) = &needs.roots_pem {
            for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(root.map_err(|it| unable(&it))?).map_err(|it| unable(&it))?;
            }
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|it| unable(&it))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder().tls_backend_preconfigured(tls);
        let transport = ReqwestTransport::builder(client)
            .connect_timeout(needs.connect_timeout)
            .proxy(needs.proxy.clone())
            .build();
        Ok(Arc::new(transport.map_err(|it| unable(&it))?))
    }

    fn exceptions(&self) -> &[Exception] {
        EXCEPTIONS
    }

    fn reports_connection_use(&self) -> bool {
        true
    }

    fn executor(&self) -> Box<dyn Executor> {
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => Box::new(Tokio(runtime)),
            // Without a runtime every call fails, and the report shows it.
            Err(_) => Box::new(Parking),
        }
    }
}

const TUNNEL: &str =
    "reqwest opens a tunnel only for the status 200, and reads 8 KiB of a proxy's head";
const SILENT_PROXY: &str = "reqwest does not tell which status a proxy answered";
const AHEAD: &str = "reqwest ignores what a proxy sends right behind its head";
const FRAMING: &str = "hyper reads what stands around the size of a chunk without a bound";
const FLOOD: &str = "hyper reads a flood as fast as it comes, and reqwest lets no one slow it down";

const EXCEPTIONS: &[Exception] = &[
    Exception::case("row_58_any_2xx_opens_a_tunnel", "201", TUNNEL),
    Exception::case("row_58_any_2xx_opens_a_tunnel", "204", TUNNEL),
    Exception::case("row_58_any_2xx_opens_a_tunnel", "299", TUNNEL),
    Exception::case("row_58_any_2xx_opens_a_tunnel", "a field of 9 KiB", TUNNEL),
    Exception::case("rule_11_proxy_faults", "401", SILENT_PROXY),
    Exception::case("rule_11_proxy_faults", "403", SILENT_PROXY),
    Exception::case("rule_11_proxy_faults", "407", SILENT_PROXY),
    Exception::case("rule_11_proxy_faults", "407 and closes", SILENT_PROXY),
    Exception::case("rule_11_proxy_faults", "502", SILENT_PROXY),
    Exception::case("rule_11_proxy_faults", "503", SILENT_PROXY),
    Exception::case("rule_11_proxy_faults", "says more", AHEAD),
    Exception::case("rule_03_endless_framing", "blanks after a size", FRAMING),
    Exception::case("rule_03_endless_framing", "zeros before a size", FRAMING),
    Exception::rule("rule_04_processor_time", FLOOD),
];

struct Tokio(Runtime);

impl Executor for Tokio {
    fn block_on(&self, task: Task<'_>) {
        self.0.block_on(task);
    }
}

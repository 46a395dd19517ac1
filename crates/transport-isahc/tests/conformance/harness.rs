//! The harness that builds an `IsahcTransport` for the conformance suite, with its exceptions.

use std::sync::Arc;

use easemob_token_transport::Transport;
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_testkit::{Exception, Harness, Needs, Unable};

pub(crate) struct Isahc;

impl Harness for Isahc {
    fn name(&self) -> &str {
        "isahc"
    }

    fn exceptions(&self) -> &[Exception] {
        EXCEPTIONS
    }

    fn reports_connection_use(&self) -> bool {
        true
    }

    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable> {
        let mut builder = IsahcTransport::builder()
            .connect_timeout(needs.connect_timeout)
            .proxy(needs.proxy.clone());
        if let Some(pem) = &needs.roots_pem {
            builder = builder.roots_pem(pem.as_str());
        }
        let transport = builder.build();
        Ok(Arc::new(transport.map_err(|error| Unable::because(error.to_string()))?))
    }
}

const CHUNK_SIZE: &str = "libcurl calls a chunk's size of more than 16 digits malformed";
const END_OF_HEAD: &str = "libcurl takes the end of a connection for the end of a head";
const HEAD_WITH_BODY: &str = "isahc returns a head with the first byte of the body, not before";
const NO_CLOSE_NOTIFY: &str = "libcurl with rustls loses what arrives together with the end of TLS";
const PROXY_STATUS: &str = "isahc drops curl's text, so the error names the statuses that proxies mostly have: 403, 407, 502";
const PROCESS_DEFAULT: &str =
    "the TLS of its libcurl makes aws-lc-rs the process's default provider if there is none";

/// The rules that isahc and the libcurl below it break.
const EXCEPTIONS: &[Exception] = &[
    Exception::case("rule_03_endless_framing", "zeros before a size", CHUNK_SIZE),
    Exception::case("row_14_head_cut", "in a refusal, before its length", END_OF_HEAD),
    Exception::case("row_23_switching_protocols", "then waits", HEAD_WITH_BODY),
    Exception::case("row_27_endless_bodies", "2^64-1 announced", HEAD_WITH_BODY),
    Exception::case("row_27_endless_bodies", "65537 announced", HEAD_WITH_BODY),
    Exception::case("row_53_no_close_notify", "TLS 1.3, length", NO_CLOSE_NOTIFY),
    Exception::case("row_53_no_close_notify", "TLS 1.3, chunks", NO_CLOSE_NOTIFY),
    Exception::case("row_53_no_close_notify", "TLS 1.3, chunks, in two parts", NO_CLOSE_NOTIFY),
    Exception::case("row_53_no_close_notify", "TLS 1.2, length", NO_CLOSE_NOTIFY),
    Exception::case("row_53_no_close_notify", "TLS 1.2, chunks", NO_CLOSE_NOTIFY),
    Exception::case("row_53_no_close_notify", "TLS 1.2, chunks, in two parts", NO_CLOSE_NOTIFY),
    Exception::case("rule_11_proxy_faults", "401", PROXY_STATUS),
    Exception::case("rule_11_proxy_faults", "503", PROXY_STATUS),
    Exception::rule("rule_07_no_process_state", PROCESS_DEFAULT),
];

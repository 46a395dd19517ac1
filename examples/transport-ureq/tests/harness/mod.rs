//! The harness that builds a `UreqTransport` for the suite, and a logger that captures ureq's records.

use std::mem;
use std::sync::{Arc, Mutex, Once, PoisonError};

use easemob_token_transport::Transport;
use easemob_token_transport_testkit::{Exception, Harness, Needs, Unable};
use easemob_token_transport_ureq_example::UreqTransport;
use log::{Level, LevelFilter, Log, Metadata, Record};
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

/// The adapter, as its users get it.
pub(crate) struct Ureq {
    /// The level up to which its user captures ureq's records; TRACE for all other targets.
    pub(crate) listening: Level,
    /// The rules that it is known to break.
    pub(crate) exceptions: &'static [Exception],
}

impl Harness for Ureq {
    fn name(&self) -> &str {
        "ureq"
    }

    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable> {
        listen(self.listening);
        let proxy = needs.proxy.resolve().map_err(|error| Unable::because(error.to_string()))?;
        let roots = match &needs.roots_pem {
            Some(pem) => RootCerts::from(parse_pem(pem.as_bytes()).filter_map(certificate)),
            None => RootCerts::PlatformVerifier,
        };
        let connect_timeout = needs.connect_timeout;
        Ok(Arc::new(UreqTransport { roots, connect_timeout, proxy }))
    }

    fn exceptions(&self) -> &[Exception] {
        self.exceptions
    }

    fn captured_logs(&self) -> Option<String> {
        Some(mem::take(&mut *HEARD.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn certificate(item: Result<PemItem<'static>, ureq::Error>) -> Option<Certificate<'static>> {
    match item.expect("the suite's PEM is in order") {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    }
}

static HEARD: Mutex<String> = Mutex::new(String::new());

/// How many bytes ureq logs in each row of a dump, which ends in the same bytes as text.
const ROW: usize = 16;

/// A logger that captures everything, but only up to this level from ureq.
struct Listener(Level);

fn listen(level: Level) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_boxed_logger(Box::new(Listener(level))).expect("nobody else logs here");
        log::set_max_level(LevelFilter::Trace);
    });
}

impl Log for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !metadata.target().starts_with("ureq") || metadata.level() <= self.0
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
        match text.split_at_checked(text.len().saturating_sub(ROW)) {
            // Joined, since a search finds only what is in one piece.
            Some((_, row)) if record.target() == "ureq_proto::util" => heard.push_str(row),
            _ => heard.push_str(&format!("\n{} {}: {text}\n", record.level(), record.target())),
        }
    }

    fn flush(&self) {}
}

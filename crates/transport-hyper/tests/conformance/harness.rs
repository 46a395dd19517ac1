//! The harness that builds a `HyperTransport` for the conformance suite.

use std::sync::Arc;

use easemob_token_transport::Transport;
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_testkit::{Executor, Harness, Needs, Parking, Task, Unable};
use tokio::runtime::{Builder, Runtime};

pub(crate) struct Hyper;

impl Harness for Hyper {
    fn name(&self) -> &str {
        "hyper"
    }

    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable> {
        let mut builder = HyperTransport::builder()
            .connect_timeout(needs.connect_timeout)
            .proxy(needs.proxy.clone());
        if let Some(pem) = &needs.roots_pem {
            builder = builder.roots_pem(pem.as_str());
        }
        let transport = builder.build();
        Ok(Arc::new(transport.map_err(|error| Unable::because(error.to_string()))?))
    }

    fn reports_connection_use(&self) -> bool {
        true
    }

    fn executor(&self) -> Box<dyn Executor> {
        // It turns only inside `block_on`: the hardest case for idle connections.
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => Box::new(Tokio(runtime)),
            // Without a runtime every call fails, and the report shows it.
            Err(_) => Box::new(Parking),
        }
    }
}

struct Tokio(Runtime);

impl Executor for Tokio {
    fn block_on(&self, task: Task<'_>) {
        self.0.block_on(task);
    }
}

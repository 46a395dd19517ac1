//! The list of hosts (`GET /easemob/server.json`), which names the emulator alone.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Call, Service};

/// Where clients ask for the list.
pub(super) const PATH: &str = "/easemob/server.json";

/// How long the list is valid, on the emulator's clock.
const VALID: Duration = Duration::from_secs(24 * 60 * 60);

impl Service {
    /// The same list for every App Key: numbers are text, as the service sends them too.
    pub(super) fn discovery(&self, call: &Call<'_>) -> Value {
        let seen = self.seen(call.host);
        // The official Web SDK takes the hosts of its own protocol, for its socket too.
        let hosts = json!({ "hosts": [{
                "protocol": if seen.is_https { "https" } else { "http" },
                "domain": seen.host,
                "port": seen.port.to_string(),
                "priority": "1",
            }] });
        let valid_before = self.clock.now().saturating_add(VALID).as_secs();
        json!({
            "rest": hosts,
            "msync-wx": hosts,
            "valid_before": valid_before.to_string(),
        })
    }
}

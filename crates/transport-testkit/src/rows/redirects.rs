//! Row 20: redirects are responses like any other.

use easemob_token_transport::http::HeaderValue;

use crate::outcome::Outcome::Ok;
use crate::scene::setup::Setup;
use crate::server::ScriptedServer;
use crate::server::reply;
use crate::server::script::Script;
use crate::trial::Trial;

/// Row 20, 300 to 304, 307, 308, to any location: `Ok`; 0 bytes reach the target; sent once.
pub(crate) fn row_20_redirects(trial: &mut Trial<'_>) {
    for status in ["300", "301", "302", "303", "304", "307", "308"] {
        redirect(trial, &format!("{status} to another server"), status, |target| {
            format!("http://{}/org/app/token", target.address())
        });
    }
    for status in ["302", "307"] {
        redirect(trial, &format!("{status} to the same server"), status, |_| {
            "/another/app/token".to_owned()
        });
        redirect(trial, &format!("{status} to https"), status, |target| {
            format!("https://{}/org/app/token", target.address())
        });
        redirect(trial, &format!("{status} to nowhere"), status, |_| "::\\//".to_owned());
    }
}

fn redirect(
    trial: &mut Trial<'_>,
    label: &str,
    status: &str,
    place: impl Fn(&ScriptedServer) -> String,
) {
    let target = ScriptedServer::start(Script::new().serve());
    let location = place(&target);
    let field = format!("Location: {location}\r\n");
    let bytes = reply::with_fields(&format!("{status} Elsewhere"), &field, b"");
    // A second response, so that a client that follows the redirect is noticed.
    let script = Script::new().request().write(bytes.clone()).request().write(bytes);
    trial.case(label, Setup::new(script), |scene| {
        let call = scene.send();
        scene.expect(&call, &[Ok]);
        if let Some(response) = &call.response {
            if response.status().as_str() != status {
                scene.problem(format!("the response has status {}", response.status().as_u16()));
            }
            let given = response.headers().get("location").map(HeaderValue::as_bytes);
            if given != Some(location.as_bytes()) {
                scene.problem("the Location is not the one that the server sent".to_owned());
            }
        }
        if !target.connections().is_empty() {
            scene.problem("the target of the redirect was connected to".to_owned());
        }
    });
}

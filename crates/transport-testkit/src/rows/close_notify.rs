//! Row 53: whole responses, after which the server closes TLS without `close_notify`.

use std::time::Duration;

use crate::outcome::Outcome::Interrupted;
use crate::scene::AMPLE;
use crate::scene::setup::Setup;
use crate::server::certificates::{Authority, LOOPBACK};
use crate::server::reply;
use crate::server::script::{Plan, Script};
use crate::server::tls::ServerTls;
use crate::trial::Trial;

/// Row 53, whole response by length or chunks, close without `close_notify`: `Ok`, sent once.
///
/// The end of such a response does not depend on the close, so nobody can fake it. A body that ends with
/// such a close may be cut: `Interrupted`.
pub(crate) fn row_53_no_close_notify(trial: &mut Trial<'_>) {
    let authority = Authority::new();
    let tls = || ServerTls::new(authority.issue(LOOPBACK));
    type Framing = fn(&[u8]) -> Vec<u8>;
    for (version, tls) in [("TLS 1.3", tls().only_tls13()), ("TLS 1.2", tls().only_tls12())] {
        let asked = Script::new().tls(tls.clone()).request();
        let setup = Setup::new(asked.clone().cut_after(reply::unframed(b"{}")));
        let label = format!("{version}, the body ends with the close");
        trial.outcome(&label, setup.roots(&authority.pem()), &[Interrupted]);
        for (framing, respond) in [("length", reply::ok as Framing), ("chunks", reply::chunked)] {
            let body = b"{\"access_token\":\"x\"}";
            let whole = respond(body);
            let setup = Setup::new(asked.clone().cut_after(&*whole)).roots(&authority.pem());
            trial.case(&format!("{version}, {framing}"), setup, |scene| {
                let call = scene.send();
                scene.expect_body(&call, body);
            });
            // The last bytes arrive with the close, and everything before them earlier.
            let (first, last) = whole.split_at(whole.len() - 3);
            let script = asked.clone().write(first).drip(&last[..1], Duration::from_millis(5));
            let setup = Setup::new(script.cut_after(&last[1..])).roots(&authority.pem());
            trial.case(&format!("{version}, {framing}, in two parts"), setup, |scene| {
                let call = scene.send();
                scene.expect_body(&call, body);
            });
            let later = asked.clone().write(whole).gate(0).cut();
            let next = Script::new().tls(tls.clone()).serve();
            let setup = Setup::new(Plan::in_order([later, next])).roots(&authority.pem()).sent(2);
            trial.case(&format!("{version}, {framing}, closed later"), setup, |scene| {
                let call = scene.send();
                scene.expect_body(&call, body);
                scene.settle();
                scene.server.open_gate(0);
                // After the gate, or after the adapter closed the connection itself.
                scene.server.wait_until(AMPLE, |connections| {
                    connections[0].steps() >= 4 || connections[0].is_over()
                });
                scene.settle();
                scene.expect_echo();
            });
        }
    }
}

//! Rule 9: what would cross the network in clear is refused unless somebody asked for it.

use super::{LOOPBACK_NAME, UNKNOWN_HOST};
use crate::harness::Needs;
use crate::outcome::Outcome::{Connect, Unsupported};
use crate::scene::exchange_to;
use crate::scene::setup::Setup;
use crate::server::certificates::Authority;
use crate::server::script::Script;
use crate::trial::Trial;

/// Rule 9: plain `http://` is refused unless the host is loopback or the caller opted in by name;
/// nothing is sent. A loopback name reaches this machine without a look-up.
pub(crate) fn rule_09_plain_http(trial: &mut Trial<'_>) {
    let none = || Setup::new(Script::new()).sent(0);
    let plain = format!("http://{UNKNOWN_HOST}/org/app/token");
    trial.case("another host", none(), |scene| {
        let answer = scene.send_exchange(exchange_to(&plain));
        scene.expect(&answer, &[Unsupported]);
    });
    trial.case("another host, permitted", none(), |scene| {
        let answer = scene.send_exchange(exchange_to(&plain).allow_plain_http());
        scene.expect(&answer, &[Connect]);
    });
    for (label, url) in [
        ("looks like loopback", "http://127.0.0.1.invalid/"),
        ("ftp", "ftp://127.0.0.1/"),
        ("no host", "/org/app/token"),
    ] {
        trial.case(label, none(), |scene| {
            let answer = scene.send_exchange(exchange_to(url));
            scene.expect(&answer, &[Unsupported]);
        });
    }
    trial.case("credentials in the URL", none(), |scene| {
        let port = scene.server.address().port();
        let answer = scene.send_exchange(exchange_to(&format!("http://me:pw@127.0.0.1:{port}/")));
        scene.expect(&answer, &[Unsupported]);
        if !scene.server.connections().is_empty() {
            scene.problem("a refused exchange opened a connection".to_owned());
        }
    });
    // No resolver knows the first one, so it was not asked.
    for host in [LOOPBACK_NAME, "localhost", "localhost.", "IM.LOCALHOST"] {
        trial.case(host, Setup::new(Script::new().serve()), |scene| {
            let port = scene.server.address().port();
            let answer = scene.send_exchange(exchange_to(&format!("http://{host}:{port}/")));
            scene.expect_own(&answer);
        });
    }
    let authority = Authority::new();
    let host = "nobody.knows.localhost";
    let script = Script::new().tls(authority.issue(host)).serve();
    let needs = Needs::default().roots(&authority.pem());
    trial.case("a name below .localhost inside TLS", Setup::new(script).needs(needs), |scene| {
        let url = scene.url_at(host, scene.server.address().port());
        let answer = scene.send_exchange(exchange_to(&url));
        scene.expect_own(&answer);
    });
}

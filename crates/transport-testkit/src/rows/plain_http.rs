//! Rule 9: plain HTTP is refused unless the host is loopback or the caller permitted it.

use super::{LOOPBACK_NAME, UNKNOWN_HOST};
use crate::outcome::Outcome::{Connect, Tls, Unsupported};
use crate::scene::exchange_to;
use crate::scene::setup::Setup;
use crate::server::certificates::{Authority, LOOPBACK};
use crate::server::script::Script;
use crate::trial::Trial;

/// Rule 9: plain `http://` is refused, and nothing sent, unless the host is loopback or the caller
/// permitted it. A loopback name reaches this machine without a look-up.
pub(crate) fn rule_09_plain_http(trial: &mut Trial<'_>) {
    let none = || Setup::new(Script::new()).sent(0);
    let plain = format!("http://{UNKNOWN_HOST}/org/app/token");
    trial.case("another host", none(), |scene| {
        scene.send_expecting(exchange_to(&plain), &[Unsupported]);
    });
    trial.case("another host, permitted", none(), |scene| {
        scene.send_expecting(exchange_to(&plain).allow_plain_http(), &[Connect]);
    });
    for (label, url) in [
        ("looks like loopback", "http://127.0.0.1.invalid/"),
        ("ftp", "ftp://127.0.0.1/"),
        ("no host", "/org/app/token"),
    ] {
        trial.case(label, none(), |scene| {
            scene.send_expecting(exchange_to(url), &[Unsupported]);
        });
    }
    trial.case("credentials in the URL", none(), |scene| {
        let port = scene.server.address().port();
        scene.send_expecting(
            exchange_to(&format!("http://me:pw@127.0.0.1:{port}/")),
            &[Unsupported],
        );
        if !scene.server.connections().is_empty() {
            scene.problem("a refused exchange opened a connection".to_owned());
        }
    });
    // No resolver knows the first two names.
    let absolute = format!("{LOOPBACK_NAME}.");
    for host in [LOOPBACK_NAME, &absolute, "localhost", "localhost.", "IM.LOCALHOST"] {
        trial.case(host, Setup::new(Script::new().serve()), |scene| {
            let port = scene.server.address().port();
            scene.expect_echo_of(exchange_to(&format!("http://{host}:{port}/")));
        });
    }
    let authority = Authority::new();
    let host = "nobody.knows.localhost";
    for (label, dot) in
        [("a name below .localhost inside TLS", ""), ("the same with a dot at the end", ".")]
    {
        let script = Script::new().tls(authority.issue(host)).serve();
        let setup = Setup::new(script).roots(&authority.pem());
        trial.case(label, setup, |scene| {
            let url = scene.url_at(&format!("{host}{dot}"), scene.server.address().port());
            scene.expect_echo_of(exchange_to(&url));
        });
    }
    let script = Script::new().tls(authority.issue(LOOPBACK)).serve();
    let setup = Setup::new(script).roots(&authority.pem());
    trial.case("a certificate for the address instead of the name", setup.sent(0), |scene| {
        let url = scene.url_at(host, scene.server.address().port());
        scene.send_expecting(exchange_to(&url), &[Tls]);
    });
}

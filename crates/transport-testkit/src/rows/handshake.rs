//! Rows 6 to 8 and rule 10: TLS handshakes that stall, fail or succeed.

use std::time::Duration;

use super::LIMIT;
use crate::outcome::Outcome::{Connect, Ok, Timeout, Tls};
use crate::scene::setup::Setup;
use crate::server::certificates::{Authority, Identity, LOOPBACK};
use crate::server::script::Script;
use crate::server::tls::{ALERT_PROTOCOL_VERSION, SERVER_HELLO_TLS10, ServerTls};
use crate::trial::Trial;

/// Row 6, TLS handshake stalls: `Timeout` after the connect limit, nothing sent.
pub(crate) fn row_06_handshake_stalls(trial: &mut Trial<'_>) {
    // A record of 8 KiB that is never complete.
    // Roots, so that the time to load the system's is not measured.
    let roots = Authority::new().pem();
    let slow = [&b"\x16\x03\x03\x20\x00"[..], &[0; 4096]].concat();
    for (label, script) in [
        ("no response", Script::new().read(1).wait_for_close()),
        ("dripped", Script::new().read(1).drip(slow, Duration::from_millis(10))),
    ] {
        let setup = Setup::new(script).roots(&roots).connect_within(LIMIT).sent(0);
        trial.case(label, setup, |scene| {
            scene.over_tls();
            let call = scene.send();
            scene.expect(&call, &[Timeout]);
            scene.expect_end_at(&call, LIMIT);
            scene.expect_closed_by(&call, LIMIT);
        });
    }
}

/// Row 7, certificate self-signed, expired, for another host, of an unknown issuer: `Tls`, nothing
/// sent.
pub(crate) fn row_07_bad_certificates(trial: &mut Trial<'_>) {
    let authority = Authority::new();
    let own_root = "its own root, ";
    for (label, identity) in [
        ("self-signed", Identity::self_signed(LOOPBACK)),
        ("expired", authority.issue_expired(LOOPBACK)),
        ("not yet valid", authority.issue_not_yet_valid(LOOPBACK)),
        ("for another host", authority.issue("a1.easemob.com")),
        ("for another address", authority.issue("127.0.0.2")),
        ("of an unknown issuer", Authority::new().issue(LOOPBACK)),
        ("unknown to the system", authority.issue(LOOPBACK)),
        ("its own root, expired", Identity::self_signed_authority_expired(LOOPBACK)),
        ("its own root, for another host", Identity::self_signed_authority("a1.easemob.com")),
    ] {
        let own_pem = identity.pem().to_owned();
        let setup = Setup::new(Script::new().tls(identity).serve()).sent(0);
        let setup = match label {
            "unknown to the system" => setup,
            label if label.starts_with(own_root) => setup.roots(&own_pem),
            _ => setup.roots(&authority.pem()),
        };
        trial.case(label, setup, |scene| {
            scene.send_expecting(scene.exchange(), &[Tls]);
            if scene.server.connections().iter().any(|own| !own.received().is_empty()) {
                scene.problem("something was sent to a server that is not trusted".to_owned());
            }
        });
    }
}

/// Row 8, old TLS only, closes during the handshake, plain text on the TLS port: `Connect` or `Timeout`,
/// nothing sent. A retry may succeed, so the kind must not be `Tls`, which means a refused certificate
/// and is not retried.
pub(crate) fn row_08_no_tls_we_know(trial: &mut Trial<'_>) {
    let hello = || Script::new().read(1);
    let plain = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    for (label, script) in [
        ("protocol_version alert", hello().write(ALERT_PROTOCOL_VERSION).wait_for_close()),
        ("TLS 1.0 server hello", hello().write(SERVER_HELLO_TLS10).wait_for_close()),
        ("HTTP in plain text", hello().write(plain).wait_for_close()),
        ("SSH", Script::new().write("SSH-2.0-OpenSSH_9.6\r\n").wait_for_close()),
        ("closes", hello()),
        ("closes at once", Script::new()),
        ("resets", hello().reset()),
    ] {
        trial.case(label, Setup::new(script).connect_within(LIMIT).sent(0), |scene| {
            scene.over_tls();
            scene.send_expecting(scene.exchange(), &[Connect, Timeout]);
        });
    }
}

/// Rule 10: a server whose certificate leads to a given root is trusted, over TLS 1.2 and 1.3.
pub(crate) fn rule_10_good_certificates(trial: &mut Trial<'_>) {
    let authority = Authority::new();
    let tls = || ServerTls::new(authority.issue(LOOPBACK));
    for (label, tls) in [("TLS 1.3", tls().only_tls13()), ("TLS 1.2", tls().only_tls12())] {
        let setup = Setup::new(Script::new().tls(tls).serve()).roots(&authority.pem());
        trial.case(label, setup.sent(2), |scene| {
            for _ in 0..2 {
                scene.expect_echo();
                scene.settle();
            }
        });
    }
    let two = format!("# two\n{}\n{}", Authority::new().pem(), authority.pem());
    let script = Script::new().tls(authority.issue(LOOPBACK)).serve();
    let setup = Setup::new(script).roots(&two);
    trial.echo("the second of two roots", setup);
}

/// Rule 10: a server that shows a given root itself is trusted, or its certificate is refused.
///
/// Many libraries refuse an authority's certificate as a server's, also if it is a given root.
pub(crate) fn rule_10_root_as_certificate(trial: &mut Trial<'_>) {
    let own = Identity::self_signed_authority(LOOPBACK);
    let setup = Setup::new(Script::new().tls(own.clone()).serve()).roots(own.pem());
    trial.case("its own root", setup.any_number_sent(), |scene| {
        scene.send_expecting(scene.exchange(), &[Ok, Tls]);
    });
}

//! Rule 11 and row 58: proxies that are given by URL open a tunnel and see nothing else.

use std::time::Duration;

use easemob_token_transport::Proxy;

use super::{LIMIT, PROXIED_HOST};
use crate::outcome::Outcome::{Connect, Interrupted, Timeout, Tls, Unsupported};
use crate::scene::exchange_to;
use crate::scene::secrets::IN_PROXY;
use crate::scene::setup::Setup;
use crate::scene::tunnel::{check_tunnel, grant_tunnel, tunnel_to};
use crate::server::ScriptedServer;
use crate::server::certificates::{Authority, LOOPBACK};
use crate::server::reply;
use crate::server::script::Script;
use crate::trial::Trial;

/// `me:MARK-PROXY-b3f5`, as Basic credentials.
const BASIC: &str = "Basic bWU6TUFSSy1QUk9YWS1iM2Y1";
/// `Aladdin:open sesame`, as Basic credentials.
const RFC_BASIC: &str = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

/// The case of a proxy over TLS whose certificate no root has signed.
const UNTRUSTED: &str = "over TLS by a stranger";

/// The case of a proxy whose response arrives byte by byte.
const DRIPPED: &str = "byte by byte";

/// A proxy that wants other credentials and ends the connection, as some do.
const BARE_407: &str = "HTTP/1.0 407 Proxy Authentication Required\r\n\
                        Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\
                        Connection: close\r\n\r\nlog in";

/// Rule 11: a proxy sees CONNECT with its own credentials and nothing of the exchange. Loopback is
/// reached directly, and plain `http://` is refused.
pub(crate) fn rule_11_proxy_sees_connect_only(trial: &mut Trial<'_>) {
    let authority = Authority::new();
    let own = format!("me:{IN_PROXY}@");
    for (label, scheme, credentials, host, basic) in [
        ("without credentials", "http", "", LOOPBACK, None),
        ("with credentials", "http", &own, LOOPBACK, Some(BASIC)),
        // RFC 7617, section 2: the example of the scheme.
        ("with a blank", "http", "Aladdin:open%20sesame@", LOOPBACK, Some(RFC_BASIC)),
        ("over TLS", "https", &own, LOOPBACK, Some(BASIC)),
        ("by a name that nobody looks up", "http", "", "proxy.nobody.knows.localhost", None),
    ] {
        let outer = match scheme {
            "https" => Script::new().tls(authority.issue(LOOPBACK)),
            _ => Script::new(),
        };
        let script = grant_tunnel(outer, authority.issue(PROXIED_HOST)).serve();
        let proxy = ScriptedServer::start(script);
        let setup = Setup::new(Script::new()).sent(0).roots(&authority.pem());
        let setup = setup.proxy(proxy_by_url(&proxy, &format!("{scheme}://{credentials}{host}")));
        trial.case(label, setup, |scene| {
            let url = format!("https://{PROXIED_HOST}/org/app/token");
            scene.expect_echo_of(exchange_to(&url));
            for problem in check_tunnel(&proxy, basic) {
                scene.problem(problem);
            }
        });
    }
    // Names that a TLS library could take for an address, or for no name. A certificate has no dot at the
    // end.
    for host in ["4b2c557fd0ad", "a1.4b2c557fd0ad.", "im_rest.10.invalid"] {
        let identity = authority.issue(host.trim_end_matches('.'));
        let proxy = ScriptedServer::start(tunnel_to(identity).serve());
        let setup = Setup::new(Script::new()).sent(0).roots(&authority.pem());
        let setup = setup.proxy(proxy_by_url(&proxy, &format!("http://{LOOPBACK}")));
        trial.case(host, setup, |scene| {
            scene.expect_echo_of(exchange_to(&format!("https://{host}/org/app/token")));
        });
    }
    let proxy = ScriptedServer::start(Script::new().serve());
    let url = format!("http://{LOOPBACK}");
    let setup = |script| Setup::new(script).proxy(proxy_by_url(&proxy, &url));
    trial.case("loopback", setup(Script::new().serve()), |scene| {
        scene.expect_echo();
        if !proxy.connections().is_empty() {
            scene.problem("loopback went through the proxy".to_owned());
        }
    });
    trial.case("plain http", setup(Script::new()).sent(0), |scene| {
        let url = format!("http://{PROXIED_HOST}/org/app/token");
        scene.send_expecting(exchange_to(&url).allow_plain_http(), &[Unsupported]);
        if !proxy.connections().is_empty() {
            scene.problem("plain http went to the proxy".to_owned());
        }
    });
}

/// Rule 11: a proxy that opens no tunnel is a failed connection.
///
/// A silent proxy uses up the connect limit. An untrusted server behind a proxy gets no request.
pub(crate) fn rule_11_proxy_faults(trial: &mut Trial<'_>) {
    let authority = Authority::new();
    let asked = || Script::new().request();
    let endless = asked().write("HTTP/1.1 200 OK\r\nX: ").endless("x".repeat(1000));
    let tls_by_a_stranger = Script::new().tls(Authority::new().issue(LOOPBACK)).serve();
    let refuses = |status: &str| asked().write(reply::status(status, b"{}"));
    for (label, script, allowed) in [
        ("401", refuses("401 No"), &[Connect][..]),
        ("403", refuses("403 No"), &[Connect]),
        ("407", refuses("407 No"), &[Connect]),
        ("407 and closes", asked().write(BARE_407), &[Connect]),
        ("502", refuses("502 No"), &[Connect]),
        ("503", refuses("503"), &[Connect]),
        ("redirects", asked().write("HTTP/1.1 302 No\r\nLocation: /\r\n\r\n"), &[Connect]),
        ("another protocol", asked().write("HTTP/1.1 101 No\r\n\r\n").serve(), &[Connect]),
        ("nonsense", asked().write("nonsense\r\n\r\n"), &[Connect]),
        ("half a head", asked().write("HTTP/1.1 200 OK\r\nX: "), &[Connect]),
        ("a head without end", endless, &[Connect]),
        (UNTRUSTED, tls_by_a_stranger, &[Tls]),
        ("closes", asked(), &[Connect, Interrupted]),
        ("says nothing", asked().wait_for_close(), &[Timeout]),
        ("says more", noisy("200 OK").tls(authority.issue(PROXIED_HOST)).serve(), &[Connect]),
        (
            "says more after 204",
            noisy("204 No").tls(authority.issue(PROXIED_HOST)).serve(),
            &[Connect],
        ),
        ("another host inside", tunnel_to(authority.issue("evil.invalid")).serve(), &[Tls]),
        ("a stranger inside", tunnel_to(Authority::new().issue(PROXIED_HOST)).serve(), &[Tls]),
    ] {
        let proxy = ScriptedServer::start(script);
        let scheme = if label == UNTRUSTED { "https" } else { "http" };
        let url = format!("{scheme}://me:{IN_PROXY}@{LOOPBACK}");
        let setup = Setup::new(Script::new()).sent(0).roots(&authority.pem());
        let is_silent = allowed == [Timeout];
        let setup = if is_silent { setup.connect_within(LIMIT) } else { setup };
        let setup = setup.proxy(proxy_by_url(&proxy, &url));
        trial.case(label, setup, |scene| {
            let url = format!("https://{PROXIED_HOST}/org/app/token");
            let call = scene.send_exchange(exchange_to(&url));
            scene.expect(&call, allowed);
            if is_silent {
                scene.expect_end_at(&call, LIMIT);
            }
            // A case that begins with a status is named after it, and so is its error.
            let status = label.split(' ').next().filter(|own| own.parse::<u16>().is_ok());
            if status.is_some_and(|status| !call.error.contains(status)) {
                scene.problem("the error does not show the proxy's status".to_owned());
            }
            let sent = proxy.requests();
            if sent.iter().any(|own| !own.line().starts_with("CONNECT ")) {
                scene.problem("the request was sent".to_owned());
            }
        });
    }
}

/// Row 58, CONNECT answered by any 2xx, in any form: a tunnel.
pub(crate) fn row_58_any_2xx_opens_a_tunnel(trial: &mut Trial<'_>) {
    let authority = Authority::new();
    let long = "x".repeat(9 * 1024);
    let many = "X-Node: a proxy\r\n".repeat(60);
    for (label, head) in [
        ("another phrase", "HTTP/1.1 200 Tunnel up, go ahead\r\n\r\n"),
        ("a Chinese phrase", "HTTP/1.1 200 连接已建立\r\n\r\n"),
        ("an empty phrase", "HTTP/1.1 200 \r\n\r\n"),
        ("no phrase", "HTTP/1.1 200\r\n\r\n"),
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n"),
        ("201", "HTTP/1.1 201 Created\r\n\r\n"),
        ("204", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("299", "HTTP/1.1 299 Odd\r\n\r\n"),
        ("a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("no length", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("wants to close", "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n"),
        ("a field of 9 KiB", &format!("HTTP/1.1 200 OK\r\nVia: {long}\r\n\r\n")),
        ("60 fields", &format!("HTTP/1.1 200 OK\r\n{many}\r\n")),
        (DRIPPED, "HTTP/1.1 200 OK\r\nVia: a\r\n\r\n"),
    ] {
        let script = Script::new().request();
        let script = match label {
            DRIPPED => script.drip(head, Duration::from_millis(2)),
            _ => script.write(head),
        };
        let proxy = ScriptedServer::start(script.tls(authority.issue(PROXIED_HOST)).serve());
        let setup = Setup::new(Script::new()).sent(0).roots(&authority.pem());
        let setup = setup.proxy(proxy_by_url(&proxy, &format!("http://{LOOPBACK}")));
        trial.case(label, setup, |scene| {
            scene.expect_echo_of(exchange_to(&format!("https://{PROXIED_HOST}/org/app/token")));
            for problem in check_tunnel(&proxy, None) {
                scene.problem(problem);
            }
        });
    }
}

/// A tunnel whose first bytes are not those of the server: they belong to the tunnel, so TLS fails.
fn noisy(status: &str) -> Script {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nnoise");
    Script::new().request().write(head)
}

/// The proxy at this URL without a port, which is the server's.
#[expect(clippy::expect_used, reason = "the URL is the suite's own")]
fn proxy_by_url(proxy: &ScriptedServer, url: &str) -> Proxy {
    let url = format!("{url}:{}", proxy.address().port());
    Proxy::Url(url.parse().expect("the URL is well formed"))
}

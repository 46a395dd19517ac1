//! Rule 2: one request is sent, as given, and its own response returned.

use easemob_token_transport::Exchange;
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::http::{Method, Request, Version};

use crate::scene::secrets::{IN_HEADER, IN_QUERY};
use crate::scene::setup::Setup;
use crate::scene::{AMPLE, Scene};
use crate::server::request::Received;
use crate::server::script::{Plan, Script};
use crate::trial::Trial;

/// Header fields that would change the response or reveal something.
const UNWANTED: [&str; 10] = [
    "accept-encoding",
    "te",
    "expect",
    "upgrade",
    "http2-settings",
    "cookie",
    "referer",
    "range",
    "proxy-authorization",
    "proxy-connection",
];

/// A body so large that some libraries ask first (`Expect: 100-continue`).
const LARGE: usize = 2 * 1024 * 1024;

/// Rule 2: exactly one request is sent, with method, target, fields and body as given.
///
/// No field is added that would change the response, such as `Accept-Encoding`.
pub(crate) fn rule_02_request_as_given(trial: &mut Trial<'_>) {
    let nothing = || Bytes::new();
    let binary = || (0..=255).collect::<Vec<u8>>().into();
    for (label, method, body) in [
        ("POST", Method::POST, Bytes::from_static(b"{\"grant_type\":\"password\"}")),
        ("POST of bytes", Method::POST, binary()),
        ("POST of 2 MiB", Method::POST, vec![b'x'; LARGE].into()),
        ("POST of nothing", Method::POST, nothing()),
        ("PUT", Method::PUT, Bytes::from_static(b"{}")),
        ("GET", Method::GET, nothing()),
        ("DELETE", Method::DELETE, nothing()),
    ] {
        trial.case(label, Setup::new(Script::new().serve()), |scene| {
            let request = Request::builder()
                .method(&method)
                .uri(scene.url())
                .header("content-type", "application/json")
                .header("authorization", format!("Bearer {IN_HEADER}"))
                .header("x-twice", "1")
                .header("x-twice", "2")
                .body(body.clone());
            let Ok(request) = request else {
                return scene.problem("the request could not be built".to_owned());
            };
            let exchange = Exchange::new(request).with_timeout(AMPLE);
            scene.expect_echo_of(exchange.with_max_response_bytes(LARGE));
            for received in scene.server.requests() {
                compare(scene, &received, &method, &body);
            }
        });
    }
    trial.case("framing of the caller's own", Setup::new(Script::new().serve()), |scene| {
        let request = Request::post(scene.url())
            .version(Version::HTTP_2)
            .header("content-length", "3")
            .header("transfer-encoding", "chunked")
            .body(Bytes::from_static(b"whole"));
        let Ok(request) = request else {
            return scene.problem("the request could not be built".to_owned());
        };
        let call = scene.send_exchange(Exchange::new(request));
        scene.expect_own(&call);
        for received in scene.server.requests() {
            check_framing(scene, &received, b"whole");
        }
    });
}

fn compare(scene: &mut Scene<'_>, received: &Received, method: &Method, body: &[u8]) {
    let line = format!("{method} /org/app/token?q={IN_QUERY} HTTP/1.1");
    if received.line() != line {
        scene.problem("the request line is not as given".to_owned());
    }
    if received.body() != body {
        scene.problem("the body is not as given".to_owned());
    }
    let host = scene.server.address().to_string();
    let bearer = format!("Bearer {IN_HEADER}");
    for (name, wanted) in [
        ("host", &[host.as_str()][..]),
        ("content-type", &["application/json"]),
        ("authorization", &[&bearer]),
        ("x-twice", &["1", "2"]),
    ] {
        if received.fields(name).collect::<Vec<_>>() != wanted {
            scene.problem(format!("{name} is not as given"));
        }
    }
    check_framing(scene, received, body);
}

/// The request's length is stated once, and no field changes what comes back.
fn check_framing(scene: &mut Scene<'_>, received: &Received, body: &[u8]) {
    for name in received.names() {
        if UNWANTED.iter().any(|unwanted| name.eq_ignore_ascii_case(unwanted)) {
            scene.problem(format!("{name} was sent and was not in the request"));
        }
    }
    let framed = received.fields("content-length").count();
    let chunked = received.fields("transfer-encoding").count();
    if framed + chunked > 1 || (!body.is_empty() && framed + chunked == 0) {
        scene.problem("the request must carry its length exactly once".to_owned());
    }
}

/// Rule 2: parallel calls get their own responses, in whatever order these arrive.
pub(crate) fn rule_02_parallel_calls(trial: &mut Trial<'_>) {
    for calls in [2, 16] {
        // The first connection gets its response after all requests have arrived.
        let first = Script::new().request().gather(calls).echo().serve();
        let plan = Plan::in_order([first, Script::new().serve()]);
        trial.case(&format!("{calls} at once"), Setup::new(plan).sent(calls), |scene| {
            let exchanges = (0..calls).map(|_| scene.exchange()).collect();
            for call in scene.send_all(exchanges) {
                scene.expect_own(&call);
            }
        });
    }
    trial.case("20 in a row", Setup::new(Script::new().serve()).sent(20), |scene| {
        for _ in 0..20 {
            scene.expect_echo();
        }
    });
}

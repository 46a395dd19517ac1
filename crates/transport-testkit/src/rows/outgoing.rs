//! Rule 2: one request goes out, as it was given, and its own answer comes back.

use easemob_token_transport::Exchange;
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::http::{Method, Request};

use crate::scene::secrets::{IN_HEADER, IN_QUERY};
use crate::scene::setup::Setup;
use crate::scene::{AMPLE, Scene};
use crate::server::request::Received;
use crate::server::script::{Plan, Script};
use crate::trial::Trial;

/// Fields that would change what comes back, or tell what nobody is to know.
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

/// Rule 2: exactly one request goes out, with its method, target, fields and body as given, and
/// nothing that would change the answer; no Accept-Encoding.
pub(crate) fn rule_02_request_as_given(trial: &mut Trial<'_>) {
    let nothing = || Bytes::new();
    let binary = || (0..=255).collect::<Vec<u8>>().into();
    for (label, method, body) in [
        ("POST", Method::POST, Bytes::from_static(b"{\"grant_type\":\"password\"}")),
        ("POST of bytes", Method::POST, binary()),
        ("POST of 100000 bytes", Method::POST, vec![b'x'; 100_000].into()),
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
            let exchange = exchange.with_max_response_bytes(200_000);
            let answer = scene.send_exchange(exchange);
            scene.expect_own(&answer);
            for received in scene.server.requests() {
                compare(scene, &received, &method, &body);
            }
        });
    }
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
    for name in received.names() {
        if UNWANTED.iter().any(|unwanted| name.eq_ignore_ascii_case(unwanted)) {
            scene.problem(format!("{name} was sent and not given"));
        }
    }
    let framed = received.fields("content-length").count();
    let chunked = received.fields("transfer-encoding").count();
    if framed + chunked > 1 || (!body.is_empty() && framed + chunked == 0) {
        scene.problem("the length of the request is not told once".to_owned());
    }
}

/// Rule 2: calls that are under way at once get their own answers, whatever the order of these.
pub(crate) fn rule_02_parallel_calls(trial: &mut Trial<'_>) {
    for calls in [2, 16] {
        // The first to be accepted is answered when all of them have asked.
        let first = Script::new().request().gather(calls).echo().serve();
        let plan = Plan::in_order([first, Script::new().serve()]);
        trial.case(&format!("{calls} at once"), Setup::new(plan).sent(calls), |scene| {
            let exchanges = (0..calls).map(|_| scene.exchange()).collect();
            for answer in scene.send_all(exchanges) {
                scene.expect_own(&answer);
            }
        });
    }
    trial.case("20 in a row", Setup::new(Script::new().serve()).sent(20), |scene| {
        for _ in 0..20 {
            let answer = scene.send();
            scene.expect_own(&answer);
        }
    });
}

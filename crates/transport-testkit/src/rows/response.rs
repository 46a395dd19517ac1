//! Rules 1 and 3: a complete response is returned unchanged, within its limits.

use easemob_token_transport::Exchange;
use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::http::{HeaderValue, Method, Request};

use crate::outcome::Outcome::{Ok, TooLarge};
use crate::scene::setup::Setup;
use crate::server::reply;
use crate::server::script::Script;
use crate::trial::Trial;

/// Rule 1: a complete response is `Ok`, whatever its status.
pub(crate) fn rule_01_any_status(trial: &mut Trial<'_>) {
    for status in [
        "200 OK",
        "201 Created",
        "206 Partial",
        "400 Bad",
        "401 No",
        "403 No",
        "404 No",
        "405 No",
        "407 No",
        "408 Slow",
        "413 Large",
        "417 No",
        "429 Many",
        "500 Broken",
        "502 Bad",
        "503 Busy",
        "599 Odd",
        "600 Odder",
        "999 Oddest",
    ] {
        expect_status(trial, status, reply::status(status, b"{}"), b"{}");
    }
    for (status, fields) in [
        ("204 Nothing", ""),
        ("304 Same", "Content-Length: 10\r\n"),
        ("503 Busy", "Content-Length: 0\r\n"),
        ("200 OK", "Content-Length: 0\r\n"),
    ] {
        let bytes = format!("HTTP/1.1 {status}\r\n{fields}\r\n");
        expect_status(trial, &format!("{status}, {fields:?} and no body"), bytes.into(), b"");
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    trial.case("HEAD", Setup::new(Script::new().request().write(head)), |scene| {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::HEAD;
        *request.uri_mut() = scene.exchange().uri().clone();
        let call = scene.send_exchange(Exchange::new(request));
        scene.expect_body(&call, b"");
    });
}

fn expect_status(trial: &mut Trial<'_>, label: &str, bytes: Vec<u8>, body: &[u8]) {
    let wanted = label.split([' ', ',']).next().unwrap_or_default();
    trial.case(label, Setup::new(Script::new().request().write(bytes)), |scene| {
        let call = scene.send();
        scene.expect_body(&call, body);
        if call.response.is_some_and(|own| own.status().as_str() != wanted) {
            scene.problem("the response has another status".to_owned());
        }
    });
}

/// Rule 3: the caller's limit of the body counts, to the byte.
pub(crate) fn rule_03_body_cap(trial: &mut Trial<'_>) {
    for (label, bytes) in [
        ("with a length", reply::ok(b"12345")),
        ("in a chunk", reply::chunked(b"12345")),
        ("without a length", reply::unframed(b"12345")),
    ] {
        for (cap, allowed) in [(6, Ok), (5, Ok), (4, TooLarge), (0, TooLarge)] {
            let script = Script::new().request().write(bytes.clone());
            trial.case(&format!("5 bytes {label}, {cap} allowed"), Setup::new(script), |scene| {
                let exchange = scene.exchange().with_max_response_bytes(cap);
                let call = scene.send_exchange(exchange);
                scene.expect(&call, &[allowed]);
                if call.response.is_some_and(|own| own.body() != "12345") {
                    scene.problem("the response has another body".to_owned());
                }
            });
        }
    }
    let script = Script::new().request().write(reply::ok(b""));
    trial.case("nothing, 0 allowed", Setup::new(script), |scene| {
        let exchange = scene.exchange().with_max_response_bytes(0);
        let call = scene.send_exchange(exchange);
        scene.expect_body(&call, b"");
    });
    // A caller that wants more than the default gets it.
    let large = vec![b'x'; 200_000];
    let script = Script::new().request().write(reply::ok(&large));
    trial.case("200000 bytes, as many allowed", Setup::new(script), |scene| {
        let exchange = scene.exchange().with_max_response_bytes(200_000);
        let call = scene.send_exchange(exchange);
        scene.expect_body(&call, &large);
    });
}

/// Rule 3: the fields of a head may have 32 KiB and not one byte more.
///
/// Names, values and four bytes for each field count.
pub(crate) fn rule_03_head_cap(trial: &mut Trial<'_>) {
    // `Content-Length: 2` and its line end are 19 bytes, `X: ` and its line end are 5.
    let filling = |bytes: usize| format!("X: {}\r\n", "v".repeat(bytes - 19 - 5));
    for (label, bytes, allowed) in
        [("32 KiB", 32 * 1024, Ok), ("one byte more", 32 * 1024 + 1, TooLarge)]
    {
        trial.reply(label, reply::with_fields("200 OK", &filling(bytes), b"{}"), &[allowed]);
    }
    // Each of the two limits counts by itself.
    let small: String = (0..99).map(|i| format!("X-{i:02}: {}\r\n", "v".repeat(300))).collect();
    trial.reply("100 fields, 31 KiB", reply::with_fields("200 OK", &small, b"{}"), &[Ok]);
    let large: String = (0..99).map(|i| format!("X-{i:02}: {}\r\n", "v".repeat(400))).collect();
    trial.reply("100 fields, 40 KiB", reply::with_fields("200 OK", &large, b"{}"), &[TooLarge]);
}

/// Rules 1 and 3: the body and all fields, repeated ones too, are unchanged.
pub(crate) fn rule_03_as_it_came(trial: &mut Trial<'_>) {
    let fields = "X-One: a\r\nX-Two: 1\r\nx-two: 2\r\nRetry-After: 30\r\n";
    let bytes = reply::with_fields("429 Many", fields, b"{\"error\":\"reach_limit\"}");
    trial.case("fields", Setup::new(Script::new().request().write(bytes)), |scene| {
        let call = scene.send();
        scene.expect_body(&call, b"{\"error\":\"reach_limit\"}");
        let Some(response) = &call.response else { return };
        let values = |name: &str| -> Vec<&[u8]> {
            response.headers().get_all(name).iter().map(HeaderValue::as_bytes).collect()
        };
        for (name, wanted) in
            [("x-one", &[&b"a"[..]][..]), ("x-two", &[b"1", b"2"]), ("retry-after", &[b"30"])]
        {
            if values(name) != wanted {
                scene.problem(format!("{name} was changed"));
            }
        }
    });
    let chunks = "2\r\n{\"\r\n3;extension=1\r\na\":\r\n2\r\n1}\r\n0\r\nX-Trailer: 1\r\n\r\n";
    let bytes = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    trial.reply_with_body("three chunks", bytes, b"{\"a\":1}");
    let all: Vec<u8> = (0..=255).collect();
    trial.reply_with_body("every byte there is", reply::ok(&all), &all);
}

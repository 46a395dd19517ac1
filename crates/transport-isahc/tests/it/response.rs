//! Rules 1 and 3: what goes out, and that a complete response comes back as it is.

use easemob_token_transport::Exchange;
use http::{HeaderMap, Method, Version};

use crate::server::{BODY, Server, exchange, reply, reports, send, transport};

#[test]
fn every_status_is_a_response() {
    for status in [
        "200 OK",
        "201 Created",
        "300 Multiple Choices",
        "400 Bad Request",
        "401 Unauthorized",
        "404 Not Found",
        "407 Proxy Authentication Required",
        "408 Request Timeout",
        "417 Expectation Failed",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "503 Service Unavailable",
        "600 Odd",
        "999 Odder",
    ] {
        let server = Server::answering(reply(status, "{}"));
        let response = server.call().unwrap();
        assert_eq!(response.status().as_str(), &status[..3]);
        assert_eq!(response.body(), "{}");
        assert_eq!(server.requests(), 1, "{status}");
    }
}

#[test]
fn statuses_without_a_body_need_none() {
    for head in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ] {
        let response = Server::answering(head).call().unwrap();
        assert!(response.body().is_empty(), "{head}");
    }
}

#[test]
fn redirects_are_given_back_and_their_target_sees_nothing() {
    let target = Server::answering(reply("200 OK", "{}"));
    for status in [300, 301, 302, 303, 304, 307, 308] {
        for location in [target.uri(), "/org/app/token".to_owned()] {
            let server = Server::answering(format!(
                "HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            ));
            let response = server.call().unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["location"], location);
            assert_eq!(server.requests(), 1);
        }
    }
    assert_eq!(target.connections(), 0);
}

#[test]
fn the_response_keeps_version_headers_and_body() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nX-One: a\r\nX-Two: 1\r\nX-Two: 2\r\nContent-Length: 5\r\n\r\nhello",
    );
    let response = server.call().unwrap();
    assert_eq!(response.version(), Version::HTTP_11);
    assert_eq!(response.headers()["x-one"], "a");
    assert_eq!(response.headers().get_all("x-two").iter().count(), 2);
    assert_eq!(response.body(), "hello");
}

#[test]
fn old_and_odd_heads_pass() {
    let latin = b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 2\r\n\r\n{}";
    let response = Server::answering(latin.as_slice()).call().unwrap();
    assert_eq!(response.headers()["x-name"].as_bytes(), b"caf\xe9");

    let folded = "HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\nContent-Length: 2\r\n\r\n{}";
    let response = Server::answering(folded).call().unwrap();
    assert_eq!(response.body(), "{}");

    let old = "HTTP/1.0 200 OK\r\n\r\n{}";
    let response = Server::answering(old).call().unwrap();
    assert_eq!(response.version(), Version::HTTP_10);
    assert_eq!(response.body(), "{}");
}

#[test]
fn chunks_become_one_body() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n3\r\na\":\r\n2\r\n1}\r\n0\r\n\r\n",
    );
    assert_eq!(server.call().unwrap().body(), "{\"a\":1}");
}

#[test]
fn interim_responses_are_passed_over() {
    for interim in
        ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"]
    {
        let response =
            Server::answering(format!("{interim}{}", reply("200 OK", "{}"))).call().unwrap();
        assert_eq!(response.status(), 200);
        assert!(!response.headers().contains_key("link"));
    }
}

/// The request as the server sees it: its line, its headers, its body.
fn seen(exchange: impl FnOnce(&str) -> Exchange) -> (String, HeaderMap, String) {
    let (sender, reports) = reports();
    let server = Server::start(move |connection, _| {
        let request = connection.read_request();
        connection.send(reply("200 OK", "{}"));
        sender.send(request).unwrap();
    });
    send(&transport(), exchange(&server.uri())).unwrap();
    let request = reports.next();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let (line, fields) = head.split_once("\r\n").unwrap();
    let headers = fields
        .lines()
        .map(|field| {
            let (name, value) = field.split_once(':').unwrap();
            (name.parse().unwrap(), value.trim().parse().unwrap())
        })
        .collect::<Vec<(http::HeaderName, http::HeaderValue)>>();
    (line.to_owned(), headers.into_iter().collect(), body.to_owned())
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn the_request_goes_out_as_given() {
    let (line, headers, body) = seen(|uri| {
        let request = http::Request::post(format!("{uri}?limit=1&x=%2e%2e"))
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("user-agent", "an app")
            .header("authorization", "Bearer token")
            .header("content-length", "3")
            .header("transfer-encoding", "chunked")
            .header("expect", "100-continue")
            .header("x-empty", "")
            .body(BODY)
            .unwrap();
        Exchange::new(request)
    });
    assert_eq!(line, "POST /org/app/token?limit=1&x=%2e%2e HTTP/1.1");
    assert_eq!(
        names(&headers),
        [
            "accept",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "x-empty",
        ]
    );
    assert_eq!(headers["accept"], "application/json");
    assert_eq!(headers["user-agent"], "an app");
    assert_eq!(headers["authorization"], "Bearer token");
    assert_eq!(headers["content-length"], BODY.len().to_string());
    assert_eq!(body, BODY);
}

#[test]
fn only_two_headers_are_added_and_none_asks_for_compression() {
    let (_, headers, _) = seen(exchange);
    assert_eq!(names(&headers), ["accept", "content-length", "content-type", "host", "user-agent"]);
    assert_eq!(headers["accept"], "*/*");
    let agent = headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("easemob-token-transport-isahc/"), "{agent}");
}

#[test]
fn a_large_request_goes_out_without_asking_first() {
    let large = "x".repeat(2 * 1024 * 1024);
    let length = large.len();
    let (_, headers, body) =
        seen(|uri| Exchange::new(http::Request::post(uri).body(large).unwrap()));
    assert!(!headers.contains_key("expect"));
    assert_eq!(body.len(), length);
}

#[test]
fn other_methods_and_no_body_work() {
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::POST] {
        let (line, headers, body) = seen(|uri| {
            let request = http::Request::builder().method(&method).uri(uri);
            Exchange::new(request.body("").unwrap())
        });
        assert!(line.starts_with(method.as_str()), "{line}");
        assert!(!headers.contains_key("transfer-encoding"), "{method}");
        assert_eq!(body, "");
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    let server = Server::answering(head);
    let request = http::Request::head(server.uri()).body("").unwrap();
    let response = send(&transport(), Exchange::new(request)).unwrap();
    assert!(response.body().is_empty());
}

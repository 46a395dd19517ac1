//! Tests of the scripted server: what it writes, what it records, and how it ends.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use easemob_token_transport_testkit::{Connection, Plan, Received, Script, ScriptedServer};

const SOON: Duration = Duration::from_secs(5);

fn connect(server: &ScriptedServer) -> TcpStream {
    let client = TcpStream::connect(server.address()).unwrap();
    client.set_read_timeout(Some(SOON)).unwrap();
    client
}

/// Waits until one connection came and went.
fn wait_for_one(server: &ScriptedServer) -> Connection {
    let over = |all: &[Connection]| all.iter().any(Connection::is_over);
    assert!(server.wait_until(SOON, over));
    server.connections().remove(0)
}

fn read_all(client: &mut TcpStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn every_byte_that_arrives_is_recorded() {
    let server = ScriptedServer::start(Script::new().request().request().wait_for_close());
    let mut client = connect(&server);
    let bytes = b"POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\n1GET /b HTTP/1.1\r\n\r\nPOS";
    client.write_all(bytes).unwrap();
    drop(client);
    let connection = wait_for_one(&server);
    assert_eq!(connection.received(), bytes);
    assert_eq!(connection.unfinished(), b"POS");
    let lines: Vec<_> = connection.requests().iter().map(Received::line).collect();
    assert_eq!(lines, ["POST /a HTTP/1.1", "GET /b HTTP/1.1"]);
}

#[test]
fn each_connection_has_its_script_and_the_last_one_is_for_the_rest() {
    let plan = Plan::in_order([Script::new().write("first"), Script::new().write("other")]);
    let server = ScriptedServer::start(plan);
    let texts: Vec<_> = (0..3).map(|_| read_all(&mut connect(&server))).collect();
    assert_eq!(texts, ["first", "other", "other"]);
}

#[test]
fn a_response_can_be_made_of_the_request_and_the_connection() {
    let line = |request: &Received, connection| format!("{connection} {}\n", request.line()).into();
    let server = ScriptedServer::start(Script::new().respond(line));
    for number in 0..2 {
        let mut client = connect(&server);
        client.write_all(b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let expected = format!("{number} GET /a HTTP/1.1\n{number} GET /b HTTP/1.1\n");
        assert_eq!(read_all(&mut client), expected);
    }
}

#[test]
fn a_close_is_recorded_with_its_time() {
    let server = ScriptedServer::start(Script::new().wait_for_close());
    let client = connect(&server);
    assert!(server.wait_until(SOON, |connections| connections.len() == 1));
    assert_eq!(server.connections()[0].closed(), None);
    let before = Instant::now();
    drop(client);
    assert!(server.wait_until_closed(SOON));
    let closed = server.connections()[0].closed().unwrap();
    assert!(closed >= before && closed - before < Duration::from_secs(1));
}

#[test]
fn a_reset_is_a_reset() {
    let server = ScriptedServer::start(Script::new().read(1).reset());
    let mut client = connect(&server);
    client.write_all(b"x").unwrap();
    let error = client.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn drips_arrive_one_by_one() {
    let pause = Duration::from_millis(20);
    let server = ScriptedServer::start(Script::new().drip("12345", pause));
    let begun = Instant::now();
    assert_eq!(read_all(&mut connect(&server)), "12345");
    assert!(begun.elapsed() >= pause * 5);
}

#[test]
fn a_gate_holds_until_it_is_opened() {
    let server = ScriptedServer::start(Script::new().gate(7).write("open"));
    let mut client = connect(&server);
    client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(client.read(&mut [0]).is_err());
    server.open_gate(7);
    client.set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(read_all(&mut client), "open");
}

#[test]
fn dropping_the_server_ends_every_script_at_once() {
    let plan = Plan::in_order([
        Script::new().request(),
        Script::new().gate(0),
        Script::new().endless("x"),
        Script::new().drip(vec![b'x'; 10_000], Duration::from_millis(10)),
        Script::new().gather(5),
    ]);
    let server = ScriptedServer::start(plan);
    let clients: Vec<_> = (0..5).map(|_| connect(&server)).collect();
    assert!(server.wait_until(SOON, |connections| connections.len() == 5));
    let begun = Instant::now();
    drop(server);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    drop(clients);
}

#[test]
fn a_handshake_that_fails_is_recorded() {
    let identity = easemob_token_transport_testkit::Identity::self_signed("localhost");
    let server = ScriptedServer::start(Script::new().tls(identity).serve());
    let mut client = connect(&server);
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let connection = wait_for_one(&server);
    assert!(matches!(connection.handshake(), Some(Err(_))));
    assert!(connection.received().is_empty());
}

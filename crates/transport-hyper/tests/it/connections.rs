//! Reused connections: at most one send, and nobody else's answer.

use std::sync::Mutex;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use easemob_token_transport::{Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use crate::server::{Peer, Seen, Server, ok};
use crate::{kind, post, text};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Lets the tasks of connections come to rest, so that idle ones are in the pool.
fn settle(runtime: &Runtime) {
    runtime.block_on(async {
        for _ in 0..16 {
            yield_now().await;
        }
    });
}

#[test]
fn a_healthy_connection_is_reused() {
    let mut server = Server::start(|mut peer: Peer| {
        while peer.request().is_some() {
            let body = format!("connection {}", peer.number);
            peer.answer(&body);
        }
    });
    let transport = HyperTransport::new();
    let url = server.url("http", "127.0.0.1");
    let runtime = current_thread();
    for _ in 0..3 {
        let response = runtime.block_on(transport.send(post(&url))).unwrap();
        assert_eq!(text(&response), "connection 0");
        settle(&runtime);
    }
    assert_eq!(server.requests(), 3);
}

#[test]
fn no_connection_is_reused_where_that_is_switched_off() {
    let mut server = Server::start(|mut peer: Peer| {
        if peer.request().is_some() {
            peer.answer(&format!("connection {}", peer.number));
            peer.wait_for_close();
        }
    });
    let transport = HyperTransport::builder().reuse_connections(false).build().unwrap();
    let url = server.url("http", "127.0.0.1");
    let runtime = current_thread();
    for number in 0..3 {
        let response = runtime.block_on(transport.send(post(&url))).unwrap();
        assert_eq!(text(&response), format!("connection {number}"));
        runtime.block_on(server.wait_until(|seen| *seen == Seen::Closed(number)));
    }
}

#[test]
fn an_unsolicited_response_is_nobodys_answer() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let mut server = Server::start(move |mut peer: Peer| {
        let number = peer.number;
        while peer.request().is_some() {
            peer.answer(&format!("connection {number}"));
            if number == 0 {
                gone.lock().unwrap().recv().unwrap();
                peer.answer("stranger");
                peer.point("unsolicited");
            }
        }
    });
    let transport = HyperTransport::new();
    let url = server.url("http", "127.0.0.1");
    let runtime = current_thread();
    let first = runtime.block_on(transport.send(post(&url))).unwrap();
    assert_eq!(text(&first), "connection 0");
    settle(&runtime);
    // While no runtime turns nobody can notice what arrives: the hardest case, and the common
    // one of a caller who blocks on each call.
    go.send(()).unwrap();
    server.wait_for_point("unsolicited");
    let second = runtime.block_on(transport.send(post(&url))).unwrap();
    assert_eq!(text(&second), "connection 1");
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_second_response_glued_to_the_first_is_nobodys_answer() {
    let server = Server::start(|mut peer: Peer| {
        while peer.request().is_some() {
            let own = ok(&format!("connection {}", peer.number));
            peer.write(own + &ok("stranger"));
        }
    });
    let transport = HyperTransport::new();
    let url = server.url("http", "127.0.0.1");
    let runtime = current_thread();
    for number in 0..3 {
        let response = runtime.block_on(transport.send(post(&url))).unwrap();
        assert_eq!(text(&response), format!("connection {number}"));
    }
}

#[test]
fn a_connection_that_died_idle_costs_nothing() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let mut server = Server::start(move |mut peer: Peer| {
        if peer.number == 0 {
            peer.request();
            peer.answer("connection 0");
            gone.lock().unwrap().recv().unwrap();
            peer.shut_down();
            peer.point("closed");
            peer.wait_for_close();
        } else if peer.request().is_some() {
            peer.answer("connection 1");
        }
    });
    let transport = HyperTransport::new();
    let url = server.url("http", "127.0.0.1");
    let runtime = current_thread();
    runtime.block_on(transport.send(post(&url))).unwrap();
    settle(&runtime);
    go.send(()).unwrap();
    server.wait_for_point("closed");
    let second = runtime.block_on(transport.send(post(&url))).unwrap();
    assert_eq!(text(&second), "connection 1");
}

#[test]
fn a_request_that_a_dying_connection_read_is_not_sent_again() {
    for with_reset in [false, true] {
        let mut server = Server::start(move |mut peer: Peer| {
            if peer.request().is_some() && peer.answer("first") && peer.request().is_some() {
                assert_eq!(peer.number, 0);
                if with_reset {
                    peer.reset();
                }
            }
        });
        let transport = HyperTransport::new();
        let url = server.url("http", "127.0.0.1");
        let runtime = current_thread();
        runtime.block_on(transport.send(post(&url))).unwrap();
        settle(&runtime);
        let second = runtime.block_on(transport.send(post(&url)));
        assert_eq!(kind(second), TransportErrorKind::Interrupted);
        settle(&runtime);
        assert_eq!(server.requests(), 2);
    }
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection() {
    let mut server = Server::start(|mut peer: Peer| {
        peer.request();
        if peer.number == 1 {
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
        }
        peer.point("asked");
        peer.wait_for_close();
    });
    let transport = HyperTransport::new();
    let url = server.url("http", "127.0.0.1");
    for number in 0..2 {
        let mut sending = transport.send(post(&url));
        tokio::select! {
            _ = &mut sending => panic!("nobody answered"),
            () = server.wait_until(|seen| *seen == Seen::Point("asked")) => {}
        }
        let dropped = Instant::now();
        drop(sending);
        assert_eq!(server.next().await, Seen::Closed(number));
        assert!(dropped.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn each_runtime_has_its_own_connections() {
    let mut server = Server::start(|mut peer: Peer| {
        while peer.request().is_some() {
            let body = format!("connection {}", peer.number);
            peer.answer(&body);
        }
    });
    let transport = HyperTransport::new();
    let url = server.url("http", "127.0.0.1");
    // The first runtime lives on, and nobody turns it: a connection of it would never move.
    let (standing, turning) = (current_thread(), current_thread());
    let response = standing.block_on(transport.send(post(&url))).unwrap();
    assert_eq!(text(&response), "connection 0");
    settle(&standing);
    let response = turning.block_on(transport.send(post(&url))).unwrap();
    assert_eq!(text(&response), "connection 1");
    // And one that is gone leaves nothing behind.
    drop(turning);
    let response = standing.block_on(transport.send(post(&url))).unwrap();
    assert_eq!(text(&response), "connection 2");
    assert_eq!(server.requests(), 3);
}

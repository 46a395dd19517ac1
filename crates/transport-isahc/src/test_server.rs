//! What the unit tests of pool and clients share: a server, and exchanges for it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use easemob_token_transport::ExchangeLimit;
use http::{Method, Request};

use crate::pooled_client::{Call, Ended, Job};
use crate::reply::{self, Waiting};

/// Answers `POST`, closes on `PUT`, and lets everybody else wait.
pub(crate) fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut head = [0; 4096];
                let length = stream.read(&mut head).unwrap();
                if head[..length].starts_with(b"POST") {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
                } else if !head[..length].starts_with(b"PUT") {
                    let _ = stream.read(&mut head);
                }
            });
        }
    });
    addr
}

pub(crate) fn job(method: Method, addr: SocketAddr) -> Job {
    let (body, begun) = crate::body::none();
    let request = Request::builder().method(method).uri(format!("http://{addr}/"));
    let request = request.body(body).unwrap();
    Job { request, begun, max_response_bytes: 100, client: None, files: None }
}

pub(crate) fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

pub(crate) async fn call(limit: &ExchangeLimit, job: Job) -> (Call, Waiting<Ended>) {
    let deadline = deadline();
    let permit = limit.acquire(deadline, easemob_token_transport::sleep).await.unwrap();
    let (reply, waiting) = reply::pair();
    (Call { job, deadline, reply, permit }, waiting)
}

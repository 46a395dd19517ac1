//! Exchanges for the unit tests of pool and clients.

use std::time::{Duration, Instant};

use easemob_token_transport::ExchangeLimit;
use easemob_token_transport_testkit::{LOOPBACK, Script, ScriptedServer, reply as response};
use http::Request;

use crate::call::{Call, Ended, Job};
use crate::reply::{self, Waiting};

pub(crate) fn responding() -> ScriptedServer {
    ScriptedServer::start(Script::new().request().write(response::ok(b"{}")))
}

pub(crate) fn silent() -> ScriptedServer {
    ScriptedServer::start(Script::new().request().wait_for_close())
}

pub(crate) fn job(server: &ScriptedServer) -> Job {
    let (body, begun) = crate::body::none();
    let request = Request::post(server.url("http", LOOPBACK)).body(body).unwrap();
    Job { request, begun, max_response_bytes: 100, is_proxied: false, client: None, files: None }
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

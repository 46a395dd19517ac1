//! The client's `app_token` over a transport that responds from memory.

use std::hint::black_box;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use easemob_token::Client;
use easemob_token::transport::{
    Exchange, Runtime, Task, Transport, TransportError, async_trait, http,
};

use super::at_once;
use crate::case::{Case, Run};
use crate::sample::{self, good};

pub(super) const CASE: Case = Case { name: "Client::app_token", prepare };

fn prepare() -> Run {
    let client = Client::builder(sample::BASE_URL, sample::APP_KEY)
        .client_credentials(sample::CLIENT_ID, sample::CLIENT_SECRET)
        .transport(Canned)
        .runtime(Inline)
        .build();
    let client = good(client);
    at_once(async { black_box(good(client.app_token().await).access_token()).expose().len() });
    Box::new(move |times| {
        at_once(async {
            for _ in 0..times {
                let token = good(client.app_token().await);
                black_box(token.access_token());
            }
        });
    })
}

/// Responds immediately with the documented app token.
#[derive(Debug)]
struct Canned;

#[async_trait]
impl Transport for Canned {
    async fn send(&self, _: Exchange) -> Result<http::Response<Bytes>, TransportError> {
        Ok(http::Response::new(Bytes::from_static(sample::APP_RESPONSE.as_bytes())))
    }
}

/// Polls a task once, which completes an acquisition over that transport.
#[derive(Debug)]
struct Inline;

#[async_trait]
impl Runtime for Inline {
    fn spawn(&self, mut task: Task) -> Result<(), TransportError> {
        let mut context = Context::from_waker(Waker::noop());
        if task.as_mut().poll(&mut context).is_pending() {
            // A background task, which must not be dropped.
            std::mem::forget(task);
        }
        Ok(())
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

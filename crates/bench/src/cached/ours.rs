//! The client's `app_token` over a transport that responds from memory.

use std::hint::black_box;

use easemob_token::Client;

use crate::case::{Case, Run};
use crate::inline::{Inline, Service, at_once};
use crate::sample::{self, good};

pub(super) const CASE: Case = Case { name: "Client::app_token", prepare };

fn prepare() -> Run {
    let client = Client::builder(sample::BASE_URL, sample::APP_KEY)
        .client_credentials(sample::CLIENT_ID, sample::CLIENT_SECRET)
        .transport(Service)
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

//! Clients that share the rate of their requests for user tokens, as the transport gets the requests.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use easemob_token::Client;
use easemob_token::hyper::HyperTransport;
use easemob_token::transport::{
    Exchange, Runtime, Transport, TransportError, async_trait, bytes::Bytes, http::Response,
};
use easemob_token_emulator::Emulator;
use easemob_token_store_file::FileStore;
use tempfile::TempDir;

const LIMIT: usize = 200;
const CLIENTS: usize = 8;
const SECOND: Duration = Duration::from_secs(1);

/// A transport that notes when it gets a request for a user token.
#[derive(Debug)]
struct Noting {
    hyper: HyperTransport,
    sent: Arc<Mutex<Vec<Instant>>>,
}

#[async_trait]
impl Transport for Noting {
    async fn send(&self, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
        // Only they carry an app token.
        if exchange.request().headers().contains_key("authorization") {
            self.sent.lock().unwrap().push(Instant::now());
        }
        self.hyper.send(exchange).await
    }

    fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        self.hyper.runtime()
    }
}

#[expect(clippy::print_stdout, reason = "docs/fleet.md states these figures")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_with_one_store_stay_under_the_limit_of_the_app_and_use_it() {
    let builder = Emulator::builder().app_key("easemob-demo", "testapp").client("id", "secret");
    let emulator = builder.no_request_limit().start().await.unwrap();
    emulator.add_user_without_password("alice").unwrap();
    let (directory, sent) = (TempDir::new().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let clients: Vec<Client> = (0..CLIENTS)
        .map(|_| {
            let transport = Noting { hyper: HyperTransport::new(), sent: Arc::clone(&sent) };
            Client::builder(emulator.base_url(), "easemob-demo#testapp")
                .client_credentials("id", "secret")
                .transport(transport)
                .requests_per_second(u32::try_from(LIMIT).unwrap())
                .token_store(FileStore::open(directory.path().join("tokens")).unwrap())
                .build()
                .unwrap()
        })
        .collect();
    // The clients see each other before the demand begins.
    let one_each = |client: Client| async move { client.user_token("alice").await.map(drop) };
    for client in &clients {
        one_each(client.clone()).await.unwrap();
    }
    tokio::time::sleep(2 * SECOND).await;
    let enough = 3 * LIMIT * 8 / 10;
    let mut used = 0;
    // A machine that is busy with other tests may leave slots unused, but not each time.
    for _ in 0..3 {
        sent.lock().unwrap().clear();
        let calls: Vec<_> = clients
            .iter()
            .flat_map(|client| (0..100).map(|_| tokio::spawn(one_each(client.clone()))))
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        let mut sent = sent.lock().unwrap().clone();
        sent.sort();
        let within = |start: Instant, time: Duration| {
            sent.iter().filter(|at| (start..start + time).contains(*at)).count()
        };
        let busiest = sent.iter().map(|start| within(*start, SECOND)).max().unwrap();
        used = within(sent[0], 3 * SECOND);
        println!("busiest second: {busiest} of {LIMIT}; first three seconds: {used}");
        assert!(busiest <= LIMIT, "{busiest}");
        if used > enough {
            break;
        }
    }
    assert!(used > enough, "{used}");
}

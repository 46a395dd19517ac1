//! The tasks of all callers: their number, start and end.

mod noise;
mod ordinary;
mod unpolled;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::clients::ClientKind;
use crate::shared::{Clients, Shared};

/// Longer than any call: 20 s for the app token, and as much for the user token.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// Callers of the noisy client that request user tokens as fast as its rate permits.
pub(crate) const AT_THE_LIMIT: u32 = 40;

/// The tasks of all callers.
#[derive(Debug)]
pub(crate) struct Callers {
    tasks: Vec<JoinHandle<()>>,
    clients: Arc<Clients>,
    runtime: Handle,
    seeds: fastrand::Rng,
}

impl Callers {
    pub(crate) fn start(runtime: &Handle, clients: &Arc<Clients>, seed: u64) -> Self {
        let mut callers = Self {
            tasks: Vec::new(),
            clients: Arc::clone(clients),
            runtime: runtime.clone(),
            seeds: fastrand::Rng::with_seed(seed),
        };
        let kind = ClientKind::ShortLived;
        callers.spawn(kind, 240, ordinary::patient);
        callers.spawn(kind, 60, ordinary::hasty);
        callers.spawn(kind, 1, ordinary::reporter);
        callers.spawn(kind, 40, ordinary::by_user_id);
        callers.spawn(kind, 20, ordinary::by_password);
        callers.spawn(kind, 5, unpolled::polled_rarely);

        let kind = ClientKind::Noisy;
        callers.spawn(kind, 20, ordinary::patient);
        callers.spawn(kind, AT_THE_LIMIT, ordinary::by_user_id_at_the_limit);
        callers.spawn(kind, 3, noise::refused_by_an_endpoint);
        callers.spawn(kind, 2, noise::refused_user);
        callers.spawn(kind, 1, unpolled::polled_once);
        callers.spawn(kind, 5, unpolled::polled_rarely);

        for kind in [ClientKind::OneAttempt, ClientKind::CachedUsers] {
            callers.spawn(kind, 20, ordinary::patient);
            callers.spawn(kind, 20, ordinary::by_user_id);
            callers.spawn(kind, 1, noise::refused_by_an_endpoint);
            callers.spawn(kind, 1, noise::refused_user);
            callers.spawn(kind, 1, unpolled::polled_once);
        }
        callers
    }

    fn spawn<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        kind: ClientKind,
        count: u32,
        caller: fn(Arc<Shared>, fastrand::Rng) -> F,
    ) {
        for _ in 0..count {
            let shared = Arc::clone(self.clients.get(kind));
            self.tasks.push(self.runtime.spawn(caller(shared, self.seeds.fork())));
        }
    }

    /// Stops the callers and waits for their last calls. Returns how many did not return.
    pub(crate) async fn stop(self) -> usize {
        for shared in self.clients.all() {
            shared.stop();
        }
        let last = Instant::now() + LONGEST_CALL;
        let mut lost = 0;
        for mut task in self.tasks {
            let left = last.saturating_duration_since(Instant::now());
            if !matches!(timeout(left, &mut task).await, Ok(Ok(()))) {
                task.abort();
                lost += 1;
            }
        }
        lost
    }
}

fn millis(chance: &mut fastrand::Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(chance.u64(range))
}

//! The service in its own process: an emulator that is controlled by standard input.

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};

use easemob_token_emulator::{Emulator, ReceivedRequest};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::clients::ClientKind;
use crate::faults::{Behavior, REFUSED_USER};
use crate::record::Record;

/// The number of users.
pub(crate) const USERS: usize = 60;

pub(crate) fn user(number: usize) -> (String, String) {
    (format!("user{number}"), format!("password-of-{number}"))
}

/// An order to the service, sent as a line of JSON.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Order {
    Healthy,
    Flaky { seed: u64 },
    Refusing,
    Revoke,
    Stop,
}

/// The first line of output of a service that listens.
pub(crate) const LISTENING: &str = "listening";

/// Serves until it gets the order to stop, or its standard input is closed.
pub(crate) fn serve(listen: &str) -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(listen))
}

async fn run(listen: &str) -> Result<(), Box<dyn Error>> {
    let mut builder = Emulator::builder().listen(listen).keep_requests(0);
    for (user, password) in (0..USERS).map(user) {
        builder = builder.user(user, &password);
    }
    builder = builder.user_without_password(REFUSED_USER);
    for kind in ClientKind::ALL {
        builder = builder.client(kind.name(), &kind.secret());
    }
    let emulator = builder.start().await?;
    let mut behavior = Behavior::Healthy;
    behavior.apply(&emulator);
    let mut requests = emulator.subscribe();
    let mut out = io::stdout();
    writeln!(out, "{LISTENING}")?;

    let mut orders = orders();
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Healthy) => behavior = Behavior::Healthy,
                Some(Order::Flaky { seed }) => behavior = Behavior::Flaky(fastrand::Rng::with_seed(seed)),
                Some(Order::Refusing) => behavior = Behavior::Refusing,
                Some(Order::Revoke) => { emulator.revoke_app_tokens(); continue; }
                Some(Order::Stop) | None => break,
            },
            Some(request) = requests.next() => {
                write_record(&mut out, &request)?;
                behavior.refill(&emulator);
                continue;
            }
        }
        behavior.apply(&emulator);
    }
    // Every response is reported, so that every issued token is known.
    emulator.shutdown().await;
    while let Some(request) = requests.next().await {
        write_record(&mut out, &request)?;
    }
    Ok(())
}

fn write_record(out: &mut io::Stdout, request: &ReceivedRequest) -> io::Result<()> {
    writeln!(out, "{}", serde_json::to_string(&Record::of(request))?)
}

/// Reads orders from standard input in a thread, since that blocks.
fn orders() -> mpsc::UnboundedReceiver<Order> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Some(order) = line.ok().and_then(|line| serde_json::from_str(&line).ok()) else {
                break;
            };
            if sender.send(order).is_err() {
                break;
            }
        }
    });
    receiver
}

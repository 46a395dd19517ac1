//! The service in a process of its own: the emulator, told what to be like on its standard input.

use std::error::Error;
use std::io::{self, BufRead as _, Write as _};

use easemob_token_emulator::Emulator;
use tokio::sync::mpsc;

use crate::clients::ClientKind;
use crate::faults::{Mood, REFUSED_USER};
use crate::record::Record;

/// How many users there are, and who they are.
pub(crate) const USERS: usize = 60;

pub(crate) fn user(number: usize) -> (String, String) {
    (format!("user{number}"), format!("password-of-{number}"))
}

/// What the service is told, a line each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Well,
    Flaky { seed: u64 },
    Refusing,
    Revoke,
    Stop,
}

impl Order {
    pub(crate) fn to_line(self) -> String {
        match self {
            Self::Well => "well".to_owned(),
            Self::Flaky { seed } => format!("flaky {seed}"),
            Self::Refusing => "refusing".to_owned(),
            Self::Revoke => "revoke".to_owned(),
            Self::Stop => "stop".to_owned(),
        }
    }

    fn from_line(line: &str) -> Option<Self> {
        Some(match line.split_once(' ') {
            None => match line {
                "well" => Self::Well,
                "refusing" => Self::Refusing,
                "revoke" => Self::Revoke,
                "stop" => Self::Stop,
                _ => return None,
            },
            Some(("flaky", seed)) => Self::Flaky { seed: seed.parse().ok()? },
            Some(_) => return None,
        })
    }
}

/// What the first line of a service that listens says.
pub(crate) const LISTENING: &str = "listening";

/// Serves until it is told to stop, or nobody is left to tell it.
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
    let mut mood = Mood::Well;
    mood.begin(&emulator);
    let mut requests = emulator.subscribe();
    let mut out = io::stdout();
    writeln!(out, "{LISTENING}")?;

    let mut orders = orders();
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Well) => mood = Mood::Well,
                Some(Order::Flaky { seed }) => mood = Mood::Flaky(fastrand::Rng::with_seed(seed)),
                Some(Order::Refusing) => mood = Mood::Refusing,
                Some(Order::Revoke) => { emulator.revoke_app_tokens(); continue; }
                Some(Order::Stop) | None => break,
            },
            Some(request) = requests.next() => {
                writeln!(out, "{}", Record::of(&request).to_line())?;
                mood.go_on(&emulator);
                continue;
            }
        }
        mood.begin(&emulator);
    }
    // Every answer that was given is told, so that no token is taken for one that was never made.
    emulator.shutdown().await;
    while let Some(request) = requests.next().await {
        writeln!(out, "{}", Record::of(&request).to_line())?;
    }
    Ok(())
}

/// Standard input, read by a thread: it has no end that could be waited for otherwise.
fn orders() -> mpsc::UnboundedReceiver<Order> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Some(order) = line.ok().as_deref().and_then(Order::from_line) else { break };
            if sender.send(order).is_err() {
                break;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_survives_the_way_between_the_processes() {
        let all =
            [Order::Well, Order::Flaky { seed: 3 }, Order::Refusing, Order::Revoke, Order::Stop];
        for order in all {
            assert_eq!(Order::from_line(&order.to_line()), Some(order));
        }
        assert_eq!(Order::from_line("sing"), None);
    }
}

//! Rows 1 to 5: connections that are not established, or closed at once.

use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::{LIMIT, UNKNOWN_HOST};
use crate::outcome::Outcome::{Connect, Interrupted, Timeout};
use crate::scene::exchange_to;
use crate::scene::setup::Setup;
use crate::server::closed_port::ClosedPort;
use crate::server::script::Script;
use crate::trial::Trial;

/// Row 1, port closed: `Connect`, nothing sent.
pub(crate) fn row_01_port_closed(trial: &mut Trial<'_>) {
    for scheme in ["http", "https"] {
        trial.case(scheme, Setup::new(Script::new()).sent(0), |scene| {
            let port = ClosedPort::new();
            let url = format!("{scheme}://{}/", port.address());
            scene.send_expecting(exchange_to(&url), &[Connect]);
        });
    }
}

/// Row 2, unknown host: `Connect`, nothing sent.
pub(crate) fn row_02_unknown_host(trial: &mut Trial<'_>) {
    for scheme in ["http", "https"] {
        trial.case(scheme, Setup::new(Script::new()).sent(0), |scene| {
            let exchange = exchange_to(&format!("{scheme}://{UNKNOWN_HOST}/")).allow_plain_http();
            scene.send_expecting(exchange, &[Connect]);
        });
    }
}

/// Row 3, accepts, resets at once: `Connect` or `Interrupted`, nothing sent.
pub(crate) fn row_03_resets_at_once(trial: &mut Trial<'_>) {
    let setup = Setup::new(Script::new().reset()).sent(0);
    trial.racing_outcome("reset", setup, &[Connect, Interrupted]);
}

/// Row 4, accepts, closes at once: `Interrupted`, nothing sent.
pub(crate) fn row_04_closes_at_once(trial: &mut Trial<'_>) {
    trial.racing_outcome("close", Setup::new(Script::new()).sent(0), &[Interrupted]);
}

/// Row 5, connection is never established: `Timeout` after the connect limit, nothing sent.
pub(crate) fn row_05_never_connects(trial: &mut Trial<'_>) {
    let setup = || Setup::new(Script::new()).sent(0);
    trial.case("the connect limit", setup().connect_within(LIMIT), |scene| {
        let Some(full) = FullPort::new() else {
            return scene.problem("no port whose queue is full".to_owned());
        };
        let call = scene.send_exchange(exchange_to(&full.url()));
        scene.expect(&call, &[Timeout]);
        scene.expect_end_at(&call, LIMIT);
    });
    trial.case("a shorter limit of the exchange", setup(), |scene| {
        let Some(full) = FullPort::new() else {
            return scene.problem("no port whose queue is full".to_owned());
        };
        let limit = LIMIT - Duration::from_millis(100);
        let call = scene.send_exchange(exchange_to(&full.url()).with_timeout(limit));
        scene.expect(&call, &[Timeout]);
        scene.expect_end_at(&call, limit);
    });
}

/// A port whose queue is full, so that the system does not respond to connection attempts.
struct FullPort {
    port: u16,
    _sockets: Vec<Socket>,
}

impl FullPort {
    fn new() -> Option<Self> {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
        let any: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
        listener.bind(&any.into()).ok()?;
        listener.listen(0).ok()?;
        let address = listener.local_addr().ok()?;
        let port = address.as_socket()?.port();
        let mut sockets = vec![listener];
        for _ in 0..4 {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
            filler.set_nonblocking(true).ok()?;
            // It only has to be in progress.
            let _ = filler.connect(&address);
            sockets.push(filler);
        }
        Some(Self { port, _sockets: sockets })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

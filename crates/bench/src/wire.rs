//! The group `wire`: whole exchanges over the loopback, compared with the bare HTTP libraries.

mod careful;
pub(crate) mod clients;
pub(crate) mod load;
pub(crate) mod server;

use self::clients::{
    BARE_HYPER, BARE_ISAHC, CAREFUL_HYPER, CAREFUL_ISAHC, OAUTH2, OURS_HYPER, OURS_ISAHC, REQWEST,
    UREQ,
};
use self::load::Load;
use self::server::Server;
use crate::callgrind::Callgrind;
use crate::goals::Goal;
use crate::median::Median;
use crate::table::{Table, number};

/// Many short rounds: some of them are not disturbed by other work of the machine.
const ROUNDS: usize = 15;
const IN_FLIGHT: &[usize] = &[1, 16, 64];

/// Groups of clients; the table compares each with the first of its group.
const FAMILIES: &[&[&str]] = &[
    &[BARE_HYPER, CAREFUL_HYPER, OURS_HYPER, REQWEST, OAUTH2, UREQ],
    &[BARE_ISAHC, CAREFUL_ISAHC, OURS_ISAHC],
];

/// Measures the clients alternately.
pub(crate) fn run(callgrind: Option<&Callgrind>) -> Result<Vec<Goal>, String> {
    let mut goals = Vec::new();
    for scheme in ["http", "https"] {
        let server = Server::start(scheme);
        if let Some(callgrind) = callgrind {
            instructions(callgrind, scheme, &server)?;
        }
        for &in_flight in IN_FLIGHT {
            let mut table = Table::new(&[
                "",
                "requests/s",
                "against the library alone",
                "p50, µs",
                "p99, µs",
                "CPU, µs a request",
                "against",
                "peak, MiB",
            ]);
            for names in FAMILIES {
                let loads = rounds(names, &server, in_flight);
                let figures: Vec<_> = names
                    .iter()
                    .zip(&loads)
                    .map(|(name, own)| (*name, Figures::new(own, &loads[0])))
                    .collect();
                for (name, figures) in &figures {
                    table.row(figures.cells(name));
                }
                if in_flight == 16 {
                    goals.extend(judge(scheme, names, &loads));
                }
            }
            table.print(&format!("{scheme}, {in_flight} in flight"));
        }
    }
    Ok(goals)
}

/// Counts the instructions of a whole exchange outside of the kernel, which vary little.
fn instructions(callgrind: &Callgrind, scheme: &str, server: &Server) -> Result<(), String> {
    let mut table = Table::new(&["", "instructions a request", "against hyper-util alone"]);
    let mut alone = None;
    for name in [BARE_HYPER, CAREFUL_HYPER, OURS_HYPER, REQWEST, OAUTH2] {
        let certificate = server.certificate.display().to_string();
        let counted = callgrind.difference(1_000, |requests| {
            // One connection, so that the difference contains no handshake.
            let words = ["load", name, &server.url, &certificate, "1", requests];
            words.map(str::to_owned).to_vec()
        })?;
        let ratio = counted / *alone.get_or_insert(counted);
        table.row([name.to_owned(), number(counted), format!("{ratio:.2}")]);
    }
    table.print(&format!("{scheme}, a whole exchange without the system's part, 1 in flight"));
    Ok(())
}

fn rounds(names: &[&str], server: &Server, in_flight: usize) -> Vec<Vec<Load>> {
    let mut loads = vec![Vec::new(); names.len()];
    for _ in 0..ROUNDS {
        for (name, loads) in names.iter().zip(&mut loads) {
            // Each exchange over isahc opens a connection, whose port stays in use for a while.
            let requests = match (*name, in_flight) {
                (BARE_ISAHC | CAREFUL_ISAHC | OURS_ISAHC, _) => 500,
                (_, 1) => 3_000,
                _ => 10_000,
            };
            loads.push(Load::of(name, server, in_flight, requests));
        }
    }
    loads
}

/// The goals of one group of clients: requests per second as a multiple of another client's.
fn judge(scheme: &str, names: &[&str], loads: &[Vec<Load>]) -> Vec<Goal> {
    let goals = [
        (OURS_HYPER, CAREFUL_HYPER, 0.97),
        (OURS_HYPER, REQWEST, 1.0),
        (OURS_ISAHC, CAREFUL_ISAHC, 0.95),
    ];
    let find = |wanted: &str| names.iter().position(|name| *name == wanted);
    let goal = |(ours, base, least)| {
        let rate = Figures::new(&loads[find(ours)?], &loads[find(base)?]).rate;
        let what = format!("{scheme}: requests/s, {ours} against {base}");
        Some(Goal::mostly_at_least(&what, rate, least))
    };
    goals.into_iter().filter_map(goal).collect()
}

/// Figures of the least disturbed rounds: other work only slows a round down.
struct Figures {
    /// The fastest round, with the least processor time of all rounds.
    best: Load,
    /// The ratio of the fastest rounds.
    rate: Median,
    /// The ratio of the least processor times.
    cpu_ratio: f64,
}

impl Figures {
    fn new(own: &[Load], base: &[Load]) -> Self {
        let least = |of: &[Load]| of.iter().map(|load| load.cpu).fold(f64::INFINITY, f64::min);
        let seconds = |of: &[Load]| of.iter().map(|load| 1.0 / load.rate).collect::<Vec<_>>();
        let fastest = own.iter().max_by(|one, other| one.rate.total_cmp(&other.rate));
        Self {
            best: Load { cpu: least(own), ..*fastest.unwrap_or(&own[0]) },
            // The ratio of rates is the inverse ratio of times.
            rate: Median::of_fastest(&seconds(base), &seconds(own)),
            cpu_ratio: least(own) / least(base),
        }
    }

    fn cells(&self, name: &str) -> Vec<String> {
        vec![
            name.to_owned(),
            number(self.best.rate),
            self.rate.to_string(),
            number(self.best.p50),
            number(self.best.p99),
            number(self.best.cpu),
            format!("{:.2}", self.cpu_ratio),
            number(self.best.peak),
        ]
    }
}

//! The failure table: what happens to a fleet, and the bounds of what it costs.

use std::time::Duration;

use easemob_token_core::{
    BaseUrl, ClientCredentials, FleetTrouble, ResponseError, TokenEndpoint, TtlUnits,
};

use super::simulation::{Service, Simulation, StoreFault};

/// One row of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Runs it with so many processes and this seed.
    pub(crate) run: fn(usize, u64) -> Costs,
    /// The most requests with so many processes.
    pub(crate) requests: fn(usize) -> usize,
    /// The most requests in any minute.
    pub(crate) in_a_minute: usize,
    /// The longest wait of a caller, in milliseconds.
    pub(crate) wait: u64,
    /// Whether callers may get errors.
    pub(crate) fails: bool,
}

/// What a row cost.
#[derive(Debug)]
pub(crate) struct Costs {
    pub(crate) requests: usize,
    pub(crate) in_a_minute: usize,
    pub(crate) wait: u64,
    pub(crate) failed: u64,
    /// A bound of this row alone that was broken.
    pub(crate) broken: Option<&'static str>,
}

const BASE: Row = Row {
    name: "",
    run: cold,
    requests: |_| 1,
    in_a_minute: usize::MAX,
    wait: 1_000,
    fails: false,
};

pub(crate) const ROWS: &[Row] = &[
    Row { name: "cold start", ..BASE },
    Row { name: "cold start, the store cannot tell times", run: cold_mute, ..BASE },
    Row {
        name: "store hangs at the cold start",
        run: |size, seed| cold_with(size, seed, StoreFault::Fails(FleetTrouble::Timeout)),
        requests: |size| size,
        wait: 600,
        ..BASE
    },
    Row {
        name: "store refused at the cold start",
        run: |size, seed| cold_with(size, seed, StoreFault::Fails(FleetTrouble::Unreachable)),
        requests: |size| size,
        wait: 600,
        ..BASE
    },
    Row {
        name: "no memory, no rights, a replica: swaps are refused",
        run: |size, seed| cold_with(size, seed, StoreFault::RefusesSwaps),
        requests: |size| size,
        wait: 600,
        ..BASE
    },
    Row { name: "store down while tokens are good", run: down_while_good, requests: |_| 0, ..BASE },
    Row { name: "record evicted or garbage, then a renewal", run: evicted, ..BASE },
    Row {
        name: "holder killed in its request",
        run: |size, seed| holder(size, seed, |it, _| it.is_dead = true),
        requests: |_| 2,
        wait: 15_000,
        ..BASE
    },
    Row {
        name: "holder suspended for 40 s, then writes",
        run: |size, seed| holder(size, seed, |it, now| it.suspended_until = now + 40_000),
        requests: |_| 2,
        // The callers of the suspended process wait as long as it is suspended.
        wait: 41_000,
        ..BASE
    },
    Row { name: "failover that loses the last write", run: failover, requests: |_| 2, ..BASE },
    Row { name: "token revoked, all meet 401", run: revoked, ..BASE },
    Row { name: "a new token revokes older ones", run: war, ..BASE },
    Row {
        name: "service refuses every token for 5 min",
        run: always_401,
        requests: |_| 50,
        in_a_minute: 10,
        wait: 20_000,
        fails: true,
    },
    Row {
        name: "one worker's endpoint refuses every token for 10 min",
        run: one_endpoint,
        requests: |_| 12,
        in_a_minute: 3,
        wait: 20_000,
        fails: true,
    },
    Row {
        name: "outage of 10 min, token usable",
        run: |size, seed| outage(size, seed, true),
        requests: |_| 101,
        in_a_minute: 10,
        ..BASE
    },
    Row {
        name: "outage of 10 min, no token",
        run: |size, seed| outage(size, seed, false),
        requests: |_| 101,
        in_a_minute: 10,
        wait: 20_000,
        fails: true,
    },
    Row {
        name: "credentials refused for 10 min",
        run: refused_credentials,
        requests: |_| 11,
        in_a_minute: 2,
        wait: 1_000,
        fails: true,
    },
    Row { name: "ten lives of 2 h", run: ten_lives, requests: |_| 14, ..BASE },
    Row { name: "host clock 3 h off, two lives", run: clock_off, requests: |_| 3, ..BASE },
];

fn costs(simulation: &Simulation, before: usize) -> Costs {
    let requests = &simulation.requests[before..];
    let in_a_minute = requests
        .iter()
        .map(|start| requests.iter().filter(|it| (start..&(start + 60_000)).contains(it)).count())
        .max()
        .unwrap_or(0);
    let broken = (simulation.late_writes > 0).then_some("a late write was accepted");
    Costs {
        requests: requests.len(),
        in_a_minute,
        wait: simulation.longest_wait,
        failed: simulation.failed,
        broken,
    }
}

/// A fleet with a token.
fn warm(size: usize, seed: u64) -> Simulation {
    let mut simulation = Simulation::new(size, seed);
    simulation.pass(100);
    simulation
}

fn cold(size: usize, seed: u64) -> Costs {
    costs(&warm(size, seed), 0)
}

fn cold_mute(size: usize, seed: u64) -> Costs {
    let mut simulation = Simulation::new(size, seed);
    simulation.tells_time = false;
    simulation.pass(100);
    costs(&simulation, 0)
}

fn cold_with(size: usize, seed: u64, fault: StoreFault) -> Costs {
    let mut simulation = Simulation::new(size, seed);
    simulation.store = fault;
    simulation.pass(100);
    costs(&simulation, 0)
}

fn down_while_good(size: usize, seed: u64) -> Costs {
    let mut simulation = warm(size, seed);
    let (before, operations) = (simulation.requests.len(), simulation.operations);
    simulation.store = StoreFault::Fails(FleetTrouble::Timeout);
    simulation.pass(3_600);
    let mut costs = costs(&simulation, before);
    if simulation.operations > operations {
        costs.broken = Some("the store was asked");
    }
    costs
}

fn evicted(size: usize, seed: u64) -> Costs {
    let mut simulation = warm(size, seed);
    let before = simulation.requests.len();
    simulation.record =
        (seed % 2 == 0).then(|| (b"garbage".to_vec(), simulation.now, Duration::from_secs(9_999)));
    simulation.pass(7_100);
    costs(&simulation, before)
}

fn holder(size: usize, seed: u64, fault: fn(&mut super::simulation::Process, u64)) -> Costs {
    let mut simulation = Simulation::new(size, seed);
    simulation.on_send = Some(fault);
    simulation.pass(100);
    costs(&simulation, 0)
}

fn failover(size: usize, seed: u64) -> Costs {
    let mut simulation = Simulation::new(size, seed);
    // The lease is lost while the request is under way, or the token right after it was written.
    simulation.pass_millis(100 + seed % 400);
    simulation.record = None;
    for _ in 0..size / 10 {
        simulation.add();
    }
    simulation.pass(100);
    costs(&simulation, 0)
}

fn revoke(simulation: &mut Simulation) {
    for number in 0..=simulation.requests.len() {
        simulation.revoked.insert(format!("t{number}"));
    }
}

fn revoked(size: usize, seed: u64) -> Costs {
    let mut simulation = warm(size, seed);
    let before = simulation.requests.len();
    revoke(&mut simulation);
    simulation.pass(100);
    costs(&simulation, before)
}

fn war(size: usize, seed: u64) -> Costs {
    let mut simulation = warm(size, seed);
    let before = simulation.requests.len();
    simulation.revokes_older = true;
    // Somebody outside of the fleet gets a token.
    revoke(&mut simulation);
    simulation.pass(3_600);
    costs(&simulation, before)
}

fn always_401(size: usize, seed: u64) -> Costs {
    let mut simulation = warm(size, seed);
    let before = simulation.requests.len();
    simulation.refuses_all = true;
    simulation.pass(300);
    costs(&simulation, before)
}

fn one_endpoint(size: usize, seed: u64) -> Costs {
    let mut simulation = warm(size, seed);
    let before = simulation.requests.len();
    simulation.processes[0].meets_401 = true;
    simulation.pass(600);
    let mut costs = costs(&simulation, before);
    // Only this process makes calls that fail: at most one each 2.5 s.
    if costs.failed > 250 {
        costs.broken = Some("calls of other processes failed");
    }
    costs
}

fn outage(size: usize, seed: u64, has_token: bool) -> Costs {
    let mut simulation = if has_token { warm(size, seed) } else { Simulation::new(size, seed) };
    if has_token {
        // Some are due during the outage, and the token is usable until after it.
        simulation.pass(5_200);
    }
    let before = simulation.requests.len();
    simulation.service = Service::Unreachable;
    simulation.pass(600);
    simulation.service = Service::Works;
    let (during, end) = (simulation.requests.len(), simulation.now);
    let failed = simulation.failed;
    simulation.pass(60);
    let recovered = simulation.requests.get(during).map_or(0, |first| first - end);
    let mut costs = costs(&simulation, before);
    if !has_token && recovered > 11_000 {
        costs.broken = Some("the first request came late after the end");
    }
    // Callers get the remembered error of their process for ten seconds at most.
    simulation.failed = 0;
    let _ = failed;
    simulation.pass(60);
    if simulation.failed > 0 {
        costs.broken = Some("callers failed long after the end");
    }
    costs
}

fn refused_credentials(size: usize, seed: u64) -> Costs {
    let mut simulation = Simulation::new(size, seed);
    simulation.service = Service::Refuses(refusal());
    simulation.pass(600);
    costs(&simulation, 0)
}

#[expect(clippy::expect_used, reason = "these are fixed texts")]
fn refusal() -> ResponseError {
    let base: BaseUrl = "https://a1.easemob.com".parse().expect("a URL");
    let app = "easemob-demo#testapp".parse().expect("an app key");
    let endpoint = TokenEndpoint::new(&base, &app, TtlUnits::STANDARD).expect("an endpoint");
    let grant = ClientCredentials::new("id", "secret").expect("credentials");
    let body = br#"{"error":"invalid_grant","error_description":"client_secret"}"#;
    let response = http::Response::builder().status(400).body(&body[..]).expect("a response");
    endpoint.parse(&grant, response, std::time::SystemTime::UNIX_EPOCH).expect_err("a refusal")
}

fn ten_lives(size: usize, seed: u64) -> Costs {
    let mut simulation = warm(size, seed);
    let (before, operations) = (simulation.requests.len(), simulation.operations);
    simulation.pass(72_000);
    let mut costs = costs(&simulation, before);
    // A life ends for the fleet when its first process renews the token.
    let lives = costs.requests as u64;
    if simulation.operations - operations >= 2 * size as u64 * lives {
        costs.broken = Some("two store operations a process and life");
    }
    costs
}

fn clock_off(size: usize, seed: u64) -> Costs {
    let mut simulation = Simulation::new(size, seed);
    for process in simulation.processes.iter_mut().step_by(3) {
        process.wall_ahead = 3 * 3_600_000;
    }
    simulation.pass(14_000);
    costs(&simulation, 0)
}

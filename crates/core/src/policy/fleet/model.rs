//! Model check: every order of reads, swaps, crashes, time-outs, suspensions and losses of a few processes.

mod world;

use std::collections::{BTreeSet, VecDeque};

use self::world::{Budget, World};

/// Visits every world; returns how many there are.
fn explore(world: World) -> Result<usize, String> {
    let mut visited = BTreeSet::from([world.number()]);
    let mut queue = VecDeque::from([world]);
    while let Some(world) = queue.pop_front() {
        for next in world.next()? {
            if visited.insert(next.number()) {
                queue.push_back(next);
            }
        }
    }
    Ok(visited.len())
}

const NONE: Budget = Budget {
    crashes: 0,
    timeouts: 0,
    losses: 0,
    failures: 0,
    refusals: 0,
    late: 0,
    suspensions: 0,
};

#[test]
fn every_order_of_events_keeps_the_promises_of_the_fleet() {
    let budgets = [
        (2, 0, Budget { crashes: 1, ..NONE }),
        (2, 0, Budget { timeouts: 1, suspensions: 1, ..NONE }),
        (2, 0, Budget { losses: 1, suspensions: 1, ..NONE }),
        (2, 30_000, Budget { failures: 1, late: 1, ..NONE }),
        (2, 0, Budget { refusals: 1, suspensions: 1, ..NONE }),
        (2, 30_000, Budget { suspensions: 1, ..NONE }),
        (3, 0, Budget { failures: 1, ..NONE }),
    ];
    for tells_time in [true, false] {
        for (size, level, budget) in budgets.clone() {
            let shown =
                format!("{size} processes, {level} ms, {budget:?}, tells time: {tells_time}");
            let found = explore(World::new(size, level, budget, tells_time));
            let count = found.unwrap_or_else(|fault| panic!("{shown}: {fault}"));
            assert!(count > 400, "{shown}: the search ended early");
        }
    }
}

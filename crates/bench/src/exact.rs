//! The groups `grant` and `cached` as tables: instructions, allocations and time of each case.

use crate::callgrind::Callgrind;
use crate::case::{Case, Cost, growth_with_a_second_thread, times};
use crate::goals::Goal;
use crate::table::{Table, number};
use crate::{cached, grant};

/// Measures the group `grant`.
pub(crate) fn grant(callgrind: Option<&Callgrind>) -> Result<Vec<Goal>, String> {
    let cases = grant::cases();
    let costs = costs("grant", &cases, callgrind)?;
    let mut table = Table::new(&["", "instructions", "allocations", "bytes", "ns"]);
    for ((case, cost), time) in cases.iter().zip(&costs).zip(times(&cases)) {
        table.row([
            case.name.to_owned(),
            instructions(cost),
            number(cost.allocations),
            number(cost.bytes),
            number(time.nanos),
        ]);
    }
    table.print("Build a request and parse its response, without I/O");

    let find = |name: &str| cases.iter().zip(&costs).find(|(case, _)| case.name == name);
    let mut goals = Vec::new();
    if let Some((_, ours)) = find(grant::PASSWORD) {
        let ratio = |name: &str| Some(ours.instructions? / find(name)?.1.instructions?);
        if let Some(ratio) = ratio(grant::FLOOR) {
            goals.push(Goal::at_most("instructions as a multiple of the floor", ratio, 1.15));
        }
        if let Some(ratio) = ratio(grant::OAUTH2) {
            goals.push(Goal::at_most("instructions as a multiple of oauth2", ratio, 0.5));
        }
        goals.push(Goal::at_most("allocations of a password grant", ours.allocations, 10.0));
    }
    Ok(goals)
}

/// Measures the group `cached`.
pub(crate) fn cached(callgrind: Option<&Callgrind>) -> Result<Vec<Goal>, String> {
    let cases = cached::cases();
    let costs = costs("cached", &cases, callgrind)?;
    let times = times(&cases);
    let mut table = Table::new(&[
        "",
        "instructions",
        "allocations",
        "ns",
        "against the floor",
        "two threads against one",
    ]);
    let mut goals = Vec::new();
    let mut fastest_sdk = f64::INFINITY;
    let (mut floor_grows, mut ours_grows) = (None, None);
    for ((case, cost), time) in cases.iter().zip(&costs).zip(&times) {
        let growth = growth_with_a_second_thread(*case);
        if cached::CLOUD_SDKS.contains(&case.name) {
            fastest_sdk = fastest_sdk.min(time.ratio.middle);
        }
        if case.name == cached::FLOOR {
            floor_grows = Some(growth);
        }
        if case.name == cached::OURS {
            goals.push(Goal::mostly_at_most("time against the floor", time.ratio, 1.5));
            goals.push(Goal::at_most("allocations of a cached token", cost.allocations, 0.0));
            ours_grows = Some(growth);
        }
        table.row([
            case.name.to_owned(),
            instructions(cost),
            number(cost.allocations),
            number(time.nanos),
            time.ratio.to_string(),
            growth.to_string(),
        ]);
    }
    table.print("A call for a token while one is cached");
    match (floor_grows, ours_grows) {
        (Some(floor), Some(ours)) if floor.middle >= 1.5 => {
            goals.push(Goal::mostly_at_least("two threads against one", ours, 1.2));
        }
        _ => println!(
            "\nNOT CHECKED: the cached token on two threads, since the machine has no two free \
             processors"
        ),
    }

    let ours = cases.iter().zip(&times).find(|(case, _)| case.name == cached::OURS);
    if let (Some((_, ours)), true) = (ours, fastest_sdk.is_finite()) {
        let times_faster = crate::median::Median {
            low: fastest_sdk / ours.ratio.high,
            middle: fastest_sdk / ours.ratio.middle,
            high: fastest_sdk / ours.ratio.low,
        };
        let what = "times faster than the fastest cloud SDK";
        goals.push(Goal::mostly_at_least(what, times_faster, 4.0));
    }
    Ok(goals)
}

fn costs(group: &str, cases: &[Case], callgrind: Option<&Callgrind>) -> Result<Vec<Cost>, String> {
    cases.iter().map(|case| case.cost(group, callgrind)).collect()
}

fn instructions(cost: &Cost) -> String {
    cost.instructions.map_or_else(|| "not counted".to_owned(), number)
}

//! The gate: compares build, parse and the cached token with the baseline.

use crate::baseline::{Baseline, Measured, compiler};
use crate::callgrind::Callgrind;
use crate::table::{Table, number};
use crate::{cached, grant, users};

/// Returns the faults. With `keep`, replaces the baseline instead.
pub(crate) fn run(callgrind: Option<&Callgrind>, keep: bool) -> Result<Vec<String>, String> {
    let measured = measure(callgrind)?;
    if keep {
        Baseline::save(&measured)?;
        print(&measured, &Baseline::load()?);
        println!("\nthe baseline was replaced");
        return Ok(Vec::new());
    }
    let baseline = Baseline::load()?;
    print(&measured, &baseline);
    let compiler = compiler();
    println!();
    if compiler != baseline.compiler && callgrind.is_some() {
        println!(
            "The baseline is of {}, and this is {compiler}: instructions are compared as ratios to \
             the floor.",
            baseline.compiler
        );
    }
    let faults = baseline.faults(&measured, &compiler);
    let gains = baseline.gains(&measured, &compiler);
    if faults.is_empty() && !gains.is_empty() {
        println!(
            "cheaper than the baseline: {}; `cargo xtask bench gate --keep` updates it",
            gains.join("; ")
        );
    }
    Ok(faults)
}

fn measure(callgrind: Option<&Callgrind>) -> Result<Vec<Measured>, String> {
    let mut measured = Vec::new();
    let groups = [
        ("grant", grant::own_cases()),
        ("cached", cached::own_cases()),
        ("users", users::own_cases()),
    ];
    for (group, cases) in groups {
        for (case, floor) in cases {
            measured.push(Measured {
                name: format!("{group}: {}", case.name),
                cost: case.cost(group, callgrind)?,
                floor: floor.map(|floor| format!("{group}: {floor}")),
            });
        }
    }
    Ok(measured)
}

fn print(measured: &[Measured], baseline: &Baseline) {
    let mut table = Table::new(&[
        "",
        "instructions",
        "baseline",
        "allocations",
        "baseline",
        "bytes",
        "baseline",
    ]);
    for now in measured {
        let old = baseline.cases.get(&now.name);
        let was = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), number);
        table.row([
            now.name.clone(),
            was(now.cost.instructions),
            was(old.map(|old| old.instructions)),
            number(now.cost.allocations),
            was(old.map(|old| old.allocations)),
            number(now.cost.bytes),
            was(old.map(|old| old.bytes)),
        ]);
    }
    table.print("The cost of the hot paths, per call");
}

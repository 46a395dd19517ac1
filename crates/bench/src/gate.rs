//! The gate: build, parse and the kept token against the kept figures.

use crate::callgrind::Callgrind;
use crate::kept::{Kept, Measured, compiler};
use crate::table::{Table, number};
use crate::{cached, grant};

/// What was found wrong, in words. With `keep` the figures are kept instead of judged.
pub(crate) fn run(callgrind: Option<&Callgrind>, keep: bool) -> Result<Vec<String>, String> {
    let measured = measure(callgrind)?;
    if keep {
        Kept::save(&measured)?;
        print(&measured, &Kept::load()?);
        println!("\nkept");
        return Ok(Vec::new());
    }
    let kept = Kept::load()?;
    print(&measured, &kept);
    let compiler = compiler();
    println!();
    if compiler != kept.compiler && callgrind.is_some() {
        println!(
            "The figures were kept under {}, and this is {compiler}: instructions are judged as \
             multiples of the floor.",
            kept.compiler
        );
    }
    let faults = kept.faults(&measured, &compiler);
    let gains = kept.gains(&measured, &compiler);
    if faults.is_empty() && !gains.is_empty() {
        println!(
            "cheaper than is kept: {}; `cargo xtask bench gate --keep` makes it stay so",
            gains.join("; ")
        );
    }
    Ok(faults)
}

fn measure(callgrind: Option<&Callgrind>) -> Result<Vec<Measured>, String> {
    let mut measured = Vec::new();
    let groups = [("grant", grant::of_our_own()), ("cached", cached::of_our_own())];
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

fn print(measured: &[Measured], kept: &Kept) {
    let mut table =
        Table::new(&["", "instructions", "kept", "allocations", "kept", "bytes", "kept"]);
    for now in measured {
        let kept = kept.cases.get(&now.name);
        let was = |figure: Option<f64>| figure.map_or_else(|| "-".to_owned(), number);
        table.row([
            now.name.clone(),
            was(now.cost.instructions),
            was(kept.map(|kept| kept.instructions)),
            number(now.cost.allocations),
            was(kept.map(|kept| kept.allocations)),
            number(now.cost.bytes),
            was(kept.map(|kept| kept.bytes)),
        ]);
    }
    table.print("What the hot paths cost, each time");
}

//! The baseline: the accepted costs of the hot paths, and the tolerance of the gate.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::case::Cost;

/// The tolerated growth of instructions.
const TOLERANCE: f64 = 0.03;
/// The tolerated growth of the ratio to the floor, with another compiler or processor.
const TOLERANCE_ELSEWHERE: f64 = 0.10;

/// The file `kept.json`.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Baseline {
    /// The compiler and processor of these figures.
    pub(crate) compiler: String,
    /// The costs by group and name.
    pub(crate) cases: BTreeMap<String, Figures>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
    pub(crate) bytes: f64,
}

/// A case that was measured now, and its floor.
pub(crate) struct Measured {
    /// Group and name.
    pub(crate) name: String,
    pub(crate) cost: Cost,
    /// The name of its floor; `None` for a floor.
    pub(crate) floor: Option<String>,
}

impl Baseline {
    fn path() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("kept.json")
    }

    pub(crate) fn load() -> Result<Self, String> {
        let path = Self::path();
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Replaces the baseline.
    pub(crate) fn save(measured: &[Measured]) -> Result<(), String> {
        let figures = |measured: &Measured| {
            let instructions = measured
                .cost
                .instructions
                .ok_or("instructions cannot be counted without valgrind")?;
            let Cost { allocations, bytes, .. } = measured.cost;
            let rounded = |value: f64| (value * 10.0).round() / 10.0;
            Ok((
                measured.name.clone(),
                Figures {
                    instructions: rounded(instructions),
                    allocations: rounded(allocations),
                    bytes: rounded(bytes),
                },
            ))
        };
        let cases: Result<_, &str> = measured.iter().map(figures).collect();
        let old = Self { compiler: compiler(), cases: cases? };
        let text = serde_json::to_string_pretty(&old).map_err(|error| error.to_string())?;
        let path = Self::path();
        std::fs::write(&path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Describes every cost that has grown too far.
    pub(crate) fn faults(&self, measured: &[Measured], compiler: &str) -> Vec<String> {
        let mut faults = Vec::new();
        for now in measured {
            let Some(old) = self.cases.get(&now.name) else {
                faults.push(format!("`{}` is not in the baseline", now.name));
                continue;
            };
            // A floor is not our code.
            if now.floor.is_none() {
                continue;
            }
            if now.cost.allocations > old.allocations + 0.05 {
                faults.push(format!(
                    "`{}` allocates {:.1} times, baseline {:.1}",
                    now.name, now.cost.allocations, old.allocations
                ));
            }
            if now.cost.bytes > old.bytes * (1.0 + TOLERANCE) + 0.5 {
                faults.push(format!(
                    "`{}` allocates {:.0} bytes, baseline {:.0}",
                    now.name, now.cost.bytes, old.bytes
                ));
            }
            faults.extend(self.too_many_instructions(now, old, measured, compiler));
        }
        let gone = self.cases.keys().filter(|name| !measured.iter().any(|now| now.name == **name));
        faults.extend(
            gone.map(|name| format!("`{name}` is in the baseline, but not measured any more")),
        );
        faults
    }

    fn too_many_instructions(
        &self,
        now: &Measured,
        old: &Figures,
        measured: &[Measured],
        compiler: &str,
    ) -> Option<String> {
        let instructions = now.cost.instructions?;
        if compiler == self.compiler {
            let grown = instructions / old.instructions - 1.0;
            return (grown > TOLERANCE).then(|| {
                format!(
                    "`{}` takes {instructions:.0} instructions, baseline {:.0}: {:+.1} %, allowed are \
                     {:.0} %",
                    now.name,
                    old.instructions,
                    grown * 100.0,
                    TOLERANCE * 100.0
                )
            });
        }
        // Another compiler changes the floor too.
        let floor = now.floor.as_ref()?;
        let floor_kept = self.cases.get(floor)?.instructions;
        let floor_now = measured.iter().find(|other| other.name == *floor)?.cost.instructions?;
        let (old, ratio) = (old.instructions / floor_kept, instructions / floor_now);
        (ratio > old * (1.0 + TOLERANCE_ELSEWHERE)).then(|| {
            format!(
                "`{}` takes {ratio:.2} times the instructions of its floor, baseline {old:.2}, \
                 allowed are {:.0} % more",
                now.name,
                TOLERANCE_ELSEWHERE * 100.0
            )
        })
    }

    /// Names every cost that has fallen so far that the baseline should be updated.
    pub(crate) fn gains(&self, measured: &[Measured], compiler: &str) -> Vec<String> {
        let better = |now: &&Measured| {
            let Some(old) = self.cases.get(&now.name) else { return false };
            let fewer = now.cost.instructions.is_some_and(|instructions| {
                instructions < old.instructions * (1.0 - TOLERANCE) && compiler == self.compiler
            });
            fewer || now.cost.allocations + 0.05 < old.allocations
        };
        measured
            .iter()
            .filter(|now| now.floor.is_some())
            .filter(better)
            .map(|now| now.name.clone())
            .collect()
    }
}

/// The compiler and the processor of this program.
pub(crate) fn compiler() -> String {
    format!("{}, {}", env!("COMPILER"), std::env::consts::ARCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &str, instructions: f64, allocations: f64, floor: Option<&str>) -> Measured {
        let cost = Cost { instructions: Some(instructions), allocations, bytes: 100.0 };
        Measured { name: name.to_owned(), cost, floor: floor.map(str::to_owned) }
    }

    fn baseline() -> Baseline {
        let figures = |instructions| Figures { instructions, allocations: 2.0, bytes: 100.0 };
        let cases = [("a".to_owned(), figures(1_100.0)), ("f".to_owned(), figures(1_000.0))];
        Baseline { compiler: "here".to_owned(), cases: cases.into() }
    }

    fn faults(a: f64, allocations: f64, f: f64, compiler: &str) -> usize {
        let now = [measured("a", a, allocations, Some("f")), measured("f", f, 2.0, None)];
        baseline().faults(&now, compiler).len()
    }

    #[test]
    fn three_per_cent_pass_and_four_fail() {
        assert_eq!(faults(1_130.0, 2.0, 1_000.0, "here"), 0);
        assert_eq!(faults(1_145.0, 2.0, 1_000.0, "here"), 1);
    }

    #[test]
    fn one_allocation_more_fails_with_or_without_instructions() {
        assert_eq!(faults(1_100.0, 3.0, 1_000.0, "here"), 1);
        let mut now = measured("a", 0.0, 3.0, Some("f"));
        now.cost.instructions = None;
        assert_eq!(baseline().faults(&[now, measured("f", 1.0, 2.0, None)], "here").len(), 1);
    }

    #[test]
    fn with_another_compiler_the_ratio_to_the_floor_counts() {
        assert_eq!(faults(2_200.0, 2.0, 2_000.0, "elsewhere"), 0);
        assert_eq!(faults(2_200.0, 2.0, 1_000.0, "elsewhere"), 1);
    }

    #[test]
    fn a_floor_may_move() {
        assert_eq!(faults(1_100.0, 2.0, 3_000.0, "here"), 0);
    }

    #[test]
    fn a_new_or_missing_case_is_a_fault() {
        let stranger = [measured("a", 1_100.0, 2.0, None), measured("b", 1.0, 1.0, None)];
        assert_eq!(baseline().faults(&stranger, "here").len(), 2);
    }

    #[test]
    fn gains_are_named() {
        let now = [measured("a", 1_000.0, 2.0, Some("f")), measured("f", 900.0, 1.0, None)];
        assert_eq!(baseline().gains(&now, "here"), ["a"]);
    }
}

//! The kept figures: what the hot paths cost when somebody last looked, and how far off is too far.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::case::Cost;

/// Instructions may grow so far, as a share.
const TOLERANCE: f64 = 0.03;
/// The same for the multiple of the floor, under another compiler or processor, which change both.
const TOLERANCE_ELSEWHERE: f64 = 0.10;

/// The file `kept.json`.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Under which the instructions hold to the last per cent.
    pub(crate) compiler: String,
    /// By group and name.
    pub(crate) cases: BTreeMap<String, Figures>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
    pub(crate) bytes: f64,
}

/// A case, measured now, and the floor that it is a multiple of.
pub(crate) struct Measured {
    /// Group and name.
    pub(crate) name: String,
    pub(crate) cost: Cost,
    /// The name of its floor; `None` where it is one itself.
    pub(crate) floor: Option<String>,
}

impl Kept {
    fn path() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("kept.json")
    }

    pub(crate) fn load() -> Result<Self, String> {
        let path = Self::path();
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes what was measured in place of what was kept.
    pub(crate) fn save(measured: &[Measured]) -> Result<(), String> {
        let figures = |measured: &Measured| {
            let instructions =
                measured.cost.instructions.ok_or("without valgrind there are none")?;
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
        let kept = Self { compiler: compiler(), cases: cases? };
        let text = serde_json::to_string_pretty(&kept).map_err(|error| error.to_string())?;
        let path = Self::path();
        std::fs::write(&path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
    }

    /// What has become worse than is kept, in words; empty where all is well.
    pub(crate) fn faults(&self, measured: &[Measured], compiler: &str) -> Vec<String> {
        let mut faults = Vec::new();
        for now in measured {
            let Some(kept) = self.cases.get(&now.name) else {
                faults.push(format!("`{}` has no kept figures", now.name));
                continue;
            };
            // A floor is a measure and nothing of ours.
            if now.floor.is_none() {
                continue;
            }
            if now.cost.allocations > kept.allocations + 0.05 {
                faults.push(format!(
                    "`{}` allocates {:.1} times, kept are {:.1}",
                    now.name, now.cost.allocations, kept.allocations
                ));
            }
            if now.cost.bytes > kept.bytes * (1.0 + TOLERANCE) + 0.5 {
                faults.push(format!(
                    "`{}` allocates {:.0} bytes, kept are {:.0}",
                    now.name, now.cost.bytes, kept.bytes
                ));
            }
            faults.extend(self.too_many_instructions(now, kept, measured, compiler));
        }
        let gone = self.cases.keys().filter(|name| !measured.iter().any(|now| now.name == **name));
        faults.extend(gone.map(|name| format!("`{name}` is kept, and not measured any more")));
        faults
    }

    fn too_many_instructions(
        &self,
        now: &Measured,
        kept: &Figures,
        measured: &[Measured],
        compiler: &str,
    ) -> Option<String> {
        let instructions = now.cost.instructions?;
        if compiler == self.compiler {
            let grown = instructions / kept.instructions - 1.0;
            return (grown > TOLERANCE).then(|| {
                format!(
                    "`{}` takes {instructions:.0} instructions, kept are {:.0}: {:+.1} %, and \
                     {:.0} % are allowed",
                    now.name,
                    kept.instructions,
                    grown * 100.0,
                    TOLERANCE * 100.0
                )
            });
        }
        // Another compiler changes the floor too.
        let floor = now.floor.as_ref()?;
        let floor_kept = self.cases.get(floor)?.instructions;
        let floor_now = measured.iter().find(|other| other.name == *floor)?.cost.instructions?;
        let (kept, now_) = (kept.instructions / floor_kept, instructions / floor_now);
        (now_ > kept * (1.0 + TOLERANCE_ELSEWHERE)).then(|| {
            format!(
                "`{}` takes {now_:.2} times the instructions of its floor, kept are {kept:.2}, and \
                 {:.0} % more are allowed",
                now.name,
                TOLERANCE_ELSEWHERE * 100.0
            )
        })
    }

    /// What has become so much better that the kept figures would let it slip back.
    pub(crate) fn gains(&self, measured: &[Measured], compiler: &str) -> Vec<String> {
        let better = |now: &&Measured| {
            let Some(kept) = self.cases.get(&now.name) else { return false };
            let fewer = now.cost.instructions.is_some_and(|instructions| {
                instructions < kept.instructions * (1.0 - TOLERANCE) && compiler == self.compiler
            });
            fewer || now.cost.allocations + 0.05 < kept.allocations
        };
        measured
            .iter()
            .filter(|now| now.floor.is_some())
            .filter(better)
            .map(|now| now.name.clone())
            .collect()
    }
}

/// The compiler that built this program, and for what processor.
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

    fn kept() -> Kept {
        let figures = |instructions| Figures { instructions, allocations: 2.0, bytes: 100.0 };
        let cases = [("a".to_owned(), figures(1_100.0)), ("f".to_owned(), figures(1_000.0))];
        Kept { compiler: "here".to_owned(), cases: cases.into() }
    }

    fn faults(a: f64, allocations: f64, f: f64, compiler: &str) -> usize {
        let now = [measured("a", a, allocations, Some("f")), measured("f", f, 2.0, None)];
        kept().faults(&now, compiler).len()
    }

    #[test]
    fn three_per_cent_pass_and_four_do_not() {
        assert_eq!(faults(1_130.0, 2.0, 1_000.0, "here"), 0);
        assert_eq!(faults(1_145.0, 2.0, 1_000.0, "here"), 1);
    }

    #[test]
    fn one_allocation_more_fails_with_or_without_instructions() {
        assert_eq!(faults(1_100.0, 3.0, 1_000.0, "here"), 1);
        let mut now = measured("a", 0.0, 3.0, Some("f"));
        now.cost.instructions = None;
        assert_eq!(kept().faults(&[now, measured("f", 1.0, 2.0, None)], "here").len(), 1);
    }

    #[test]
    fn under_another_compiler_the_floor_is_the_measure() {
        assert_eq!(faults(2_200.0, 2.0, 2_000.0, "elsewhere"), 0);
        assert_eq!(faults(2_200.0, 2.0, 1_000.0, "elsewhere"), 1);
    }

    #[test]
    fn a_floor_may_move() {
        assert_eq!(faults(1_100.0, 2.0, 3_000.0, "here"), 0);
    }

    #[test]
    fn a_case_cannot_come_or_go_unnoticed() {
        let stranger = [measured("a", 1_100.0, 2.0, None), measured("b", 1.0, 1.0, None)];
        assert_eq!(kept().faults(&stranger, "here").len(), 2);
    }

    #[test]
    fn what_became_cheaper_is_named() {
        let now = [measured("a", 1_000.0, 2.0, Some("f")), measured("f", 900.0, 1.0, None)];
        assert_eq!(kept().gains(&now, "here"), ["a"]);
    }
}

//! The step `layers`: the rules of who depends on whom, and the purity of the core.

mod boundary;
mod core_bans;
mod trees;

use anyhow::Result;

use crate::context::Context;
use crate::crates;
use crate::problem::report;

pub(crate) fn run(context: &Context) -> Result<()> {
    let contributing = context.sh.read_file("CONTRIBUTING.md")?;
    let architecture = context.sh.read_file("docs/architecture.md")?;
    let mut problems = crates::check(&context.workspace, &contributing, &architecture);
    problems.extend(trees::check(&context.sh)?);
    problems.extend(boundary::check(&context.workspace.root)?);
    problems.extend(core_bans::check(context)?);
    report(problems, "dependency rules")
}

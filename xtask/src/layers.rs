//! The step `layers`: the doors between our crates, each shown to be shut.

mod boundary;
mod crates;
mod probes;
mod purity;
mod trees;

use crate::context::Context;
use crate::failure::{Failure, report};

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    let mut problems = crates::check(&context.members);
    problems.extend(trees::check()?);
    problems.extend(boundary::check(&context.root)?);
    problems.extend(purity::check(context)?);
    report(problems, "doors")
}

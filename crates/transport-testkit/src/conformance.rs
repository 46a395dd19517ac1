//! The macro that makes one test of every rule.

use std::process::Command;

use crate::harness::Harness;
use crate::rule::Rule;
use crate::subprocess;
use crate::suite::Suite;
use crate::table::RULES;

/// Expands to one `#[test]` for every rule, named like the rule.
///
/// `adapter` is an expression of a type that implements [`Harness`]. Put it into an integration test
/// of its own: the suite looks for threads and descriptors that a rule leaves behind, and other tests
/// in the same process would disturb that.
///
/// ```
/// # use std::sync::Arc;
/// # use easemob_token_transport::Transport;
/// # use easemob_token_transport_testkit::{Harness, Needs, Unable};
/// # struct MyAdapter;
/// # impl Harness for MyAdapter {
/// #     fn name(&self) -> &str { "mine" }
/// #     fn transport(&self, _: &Needs) -> Result<Arc<dyn Transport>, Unable> {
/// #         Err(Unable::because("it is not written yet"))
/// #     }
/// # }
/// easemob_token_transport_testkit::conformance! { adapter = MyAdapter }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    (adapter = $adapter:expr $(,)?) => {
        $crate::__every_rule! { [$crate::__one_test_each] { $adapter } }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __one_test_each {
    ({ $adapter:expr } $($module:ident :: $name:ident, $id:literal, $spread:ident, $what:literal;)*) => {
        $(
            #[test]
            fn $name() {
                $crate::__assert_rule(&$adapter, stringify!($name), module_path!());
            }
        )*
    };
}

#[doc(hidden)]
#[expect(clippy::print_stdout, reason = "the test harness captures it")]
pub fn __assert_rule(harness: &dyn Harness, name: &str, module: &str) {
    let Some(rule) = RULES.iter().find(|rule| rule.name() == name) else {
        panic!("there is no rule {name}");
    };
    let suite = Suite::new(harness).subprocess(|rule| test_of(rule, module));
    let report = suite.run_rule(rule);
    // Also if the adapter passes: its exceptions are shown.
    print!("{report}");
    assert!(
        report.passes(),
        "{} breaks the contract of the transport port:\n{report}",
        harness.name()
    );
}

/// Builds the command that runs the test of one rule, which is in this module.
fn test_of(rule: &Rule, module: &str) -> Command {
    // The module path begins with the name of the crate, which names of tests leave out.
    let inner = module.split_once("::").map(|(_, inner)| format!("{inner}::"));
    subprocess::command(&format!("{}{}", inner.unwrap_or_default(), rule.name()))
}

//! Tests in a process of their own: that they run there, and that a failure there is a failure here.

use std::env;
use std::panic::catch_unwind;

use easemob_token_transport_testkit::subprocess;

#[test]
fn a_test_runs_again_with_the_variables_of_its_process() {
    if subprocess::is_child() {
        assert_eq!(env::var("PART").as_deref(), Ok("second"));
        return;
    }
    let test = "subprocess::a_test_runs_again_with_the_variables_of_its_process";
    subprocess::run(subprocess::command(test).env("PART", "second"));
    let wrong = || subprocess::run(subprocess::command(test).env("PART", "third"));
    assert!(catch_unwind(wrong).is_err(), "a failure in the other process went unnoticed");
    let unknown = || subprocess::run(&mut subprocess::command("subprocess::no_such_test"));
    assert!(catch_unwind(unknown).is_err(), "a test that does not exist passed");
}

//! The step `signatures`: dynamic tokens against OpenSSL, found or installed first.

use crate::command::Tool;
use crate::context::Context;
use crate::debian::Program;
use crate::failure::Failure;
use crate::test::run_counted;

const TESTS: &str = "cargo test --locked -p easemob-token-cli --test openssl";
const OPENSSL: Program = Program { name: "openssl", package: "openssl", variable: "OPENSSL" };

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    let openssl = OPENSSL.find_or_install()?.display().to_string();
    run_counted(context, &Tool::parse(TESTS).env(OPENSSL.variable, openssl))
}

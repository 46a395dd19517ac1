//! The step `schedules`: the facade's own tests in thousands of schedules, built with `--cfg shuttle`.

use serde_json::Value;

use crate::command::Tool;
use crate::context::Context;
use crate::failure::Failure;
use crate::test::run_counted;

/// `--cfg shuttle` goes to the facade alone, so that everything below it is compiled once.
const BUILD: &str = "cargo rustc --locked --quiet -p easemob-token --no-default-features --lib \
                     --profile test --message-format json-render-diagnostics -- --cfg shuttle";

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    let build = Tool::parse(BUILD);
    let built = build.capture()?;
    if !built.success {
        return Err(Failure::caused(build.to_string(), built.stderr.trim()));
    }
    let program = executable(&built.stdout)
        .ok_or_else(|| Failure::new(format!("`{build}` names no executable")))?;
    // All else in the facade's unit tests knows no scheduler.
    run_counted(context, &Tool::parse("").arg(program).arg("schedules::"))
}

/// The test program, as one of cargo's messages names it.
fn executable(messages: &str) -> Option<String> {
    let message = |line: &str| serde_json::from_str::<Value>(line).ok();
    let program = |message: Value| message["executable"].as_str().map(str::to_owned);
    messages.lines().filter_map(message).filter_map(program).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_program_is_found_among_the_messages_of_cargo() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"/target/it\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages).as_deref(), Some("/target/it"));
        assert_eq!(executable("{\"executable\":null}\nno json\n"), None);
    }
}

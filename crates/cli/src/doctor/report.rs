//! The report of `doctor`: one line for each step, or one JSON object.

use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;

use crate::args::Format;
use crate::failure::Failure;
use crate::output;

/// A step on the way to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    Settings,
    Name,
    Connection,
    Tls,
    Clock,
    AppToken,
    Unit,
    User,
}

impl Step {
    const ALL: [Self; 8] = [
        Self::Settings,
        Self::Name,
        Self::Connection,
        Self::Tls,
        Self::Clock,
        Self::AppToken,
        Self::Unit,
        Self::User,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Name => "name look-up",
            Self::Connection => "connection",
            Self::Tls => "TLS",
            Self::Clock => "clock",
            Self::AppToken => "app token",
            Self::Unit => "ttl unit",
            Self::User => "user",
        }
    }
}

/// The steps so far. Text is printed at once, JSON at the end.
pub(super) struct Report {
    format: Format,
    has_colours: bool,
    done: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    step: Step,
    result: &'static str,
    found: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

impl Report {
    pub(super) fn new(format: Format) -> Self {
        Self { format, has_colours: output::has_colours(), done: Vec::new() }
    }

    pub(super) fn ok(
        &mut self,
        step: Step,
        found: impl IntoIterator<Item = String>,
    ) -> Result<(), Failure> {
        self.add(step, "ok", found.into_iter().collect(), None)
    }

    /// Something that works now and may not work later.
    pub(super) fn warning(&mut self, step: Step, found: String) -> Result<(), Failure> {
        self.add(step, "warning", vec![found], None)
    }

    pub(super) fn skipped(&mut self, step: Step, why: &str) -> Result<(), Failure> {
        self.add(step, "skipped", vec![why.to_owned()], None)
    }

    /// Ends the report with the first fault, if there is one. Its exit code is that of the process.
    pub(super) fn finish(mut self, fault: Option<(Step, Failure)>) -> Result<ExitCode, Failure> {
        let mut code = ExitCode::SUCCESS;
        let is_ok = fault.is_none();
        if let Some((step, failure)) = fault {
            code = failure.exit_code();
            self.add(step, "fault", vec![failure.message().to_owned()], Some(failure))?;
            for later in Step::ALL.into_iter().filter(|it| *it as u8 > step as u8) {
                if self.done.iter().all(|line| line.step != later) {
                    self.skipped(later, "not reached")?;
                }
            }
        }
        if self.format == Format::Json {
            output::line(json!({ "ok": is_ok, "steps": self.done }))?;
        }
        Ok(code)
    }

    /// The code of a terminal's colour, if there is one that takes colours.
    fn colour(&self, result: &str) -> Option<u8> {
        let code = match result {
            "ok" => 32,
            "warning" => 33,
            "fault" => 31,
            _ => return None,
        };
        self.has_colours.then_some(code)
    }

    fn add(
        &mut self,
        step: Step,
        result: &'static str,
        found: Vec<String>,
        error: Option<Failure>,
    ) -> Result<(), Failure> {
        if self.format == Format::Text {
            let mut lines = found.iter().flat_map(|text| text.lines());
            let sign = if result == "skipped" { "-" } else { result };
            let (title, first) = (step.title(), lines.next().unwrap_or_default());
            let sign = format!("{sign:<8}");
            let sign = self
                .colour(result)
                .map(|code| format!("\u{1b}[{code}m{sign}\u{1b}[0m"))
                .unwrap_or(sign);
            output::line(format_args!("{sign} {title:<13} {first}"))?;
            for line in lines {
                output::line(format_args!("{:<22} {line}", ""))?;
            }
        }
        self.done.push(Line { step, result, found, error });
        Ok(())
    }
}

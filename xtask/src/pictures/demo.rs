//! A recording of the command `demo`: its text and its times, kept as an asciicast, drawn as a terminal.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use xshell::cmd;

use super::svg::{MONO, Svg};
use crate::context::Context;
use crate::crates::COMMAND;
use crate::shell;

/// The recording (asciicast, version 2), which a test of the command compares with its output.
pub(super) const RECORDING: &str = "docs/pictures/demo.cast";
/// Where the picture ends.
const END: &str = "Next steps:";
/// How many characters of a line the picture shows.
const COLUMNS: usize = 98;
const WIDTH: f64 = 800.0;
const EDGE: f64 = 22.0;
const ROW: f64 = 17.0;

/// Runs the command and returns what it prints, and when.
pub(super) fn record(context: &Context) -> Result<String> {
    let header =
        json!({ "version": 2, "width": 140, "height": 72, "command": "easemob-token demo" });
    let mut recording = format!("{header}\n");
    let mut start = None;
    let command = cmd!(context.sh, "cargo run --locked --quiet -p {COMMAND} -- demo");
    shell::run_reading(command, |line| {
        let time = start.get_or_insert_with(Instant::now).elapsed().as_millis();
        let event = json!([time as f64 / 1000.0, "o", format!("{line}\r\n")]);
        recording.push_str(&format!("{event}\n"));
    })?;
    Ok(recording)
}

/// Reads the lines of a recording with their times in seconds.
fn read(recording: &str) -> Result<Vec<(f64, String)>> {
    let event = |line: &str| {
        let event: Value = serde_json::from_str(line).ok()?;
        let text = event[2].as_str()?.trim_end().to_owned();
        Some((event[0].as_f64()?, text))
    };
    let lines: Option<Vec<_>> = recording.lines().skip(1).map(event).collect();
    lines.with_context(|| format!("{RECORDING} is no asciicast"))
}

pub(super) fn draw(recording: &str) -> Result<Vec<(String, String)>> {
    let lines = read(recording)?;
    ensure!(lines.iter().any(|(_, line)| line == END), "{RECORDING} has no line `{END}`");
    let is_token = |line: &str| line.trim_start().starts_with("YWMt");
    let lines = lines.iter().take_while(|(_, line)| line != END);
    let mut lines: Vec<_> = lines.filter(|(_, line)| !is_token(line)).collect();
    while lines.last().is_some_and(|(_, line)| line.is_empty()) {
        lines.pop();
    }
    let described = lines.iter().filter(|(_, line)| !line.is_empty() && class(line) != "soft");
    let described: Vec<_> = described.map(|(_, line)| line.trim()).collect();
    let mut svg = Svg::new("The command easemob-token demo", &described.join(" "));
    svg.style = format!(
        "text{{font:12.5px {MONO}}}@media (prefers-reduced-motion:no-preference)\
         {{.show{{animation:show .2s 1s backwards}}}}@keyframes show{{from{{opacity:0}}}}"
    );
    for (index, color) in ["red", "amber", "green"].into_iter().enumerate() {
        let x = EDGE + 6.0 + 20.0 * index as f64;
        svg.add(format_args!(r#"<circle class="{color}" cx="{x}" cy="20" r="6"/>"#));
    }
    svg.text(
        WIDTH / 2.0,
        24.5,
        "soft middle",
        "real output and times; tokens and next steps are left out",
    );
    svg.text(EDGE, 60.0, "ink bold", "$ easemob-token demo");
    let (mut y, mut shown) = (60.0, None);
    for (time, line) in lines {
        // Lines of the same tenth of a second appear together.
        let tenth = (time * 10.0).round();
        if shown != Some(tenth) {
            if shown.is_some() {
                svg.add("</g>");
            }
            let delay = 1.0 + tenth / 10.0;
            svg.add(format_args!(r#"<g class="show" style="animation-delay:{delay}s">"#));
            shown = Some(tenth);
        }
        y += if line.is_empty() { ROW / 2.0 } else { ROW };
        if !line.is_empty() {
            let indent = line.len() - line.trim_start().len();
            let mut text: String = line.trim_start().chars().take(COLUMNS - indent).collect();
            if text.len() < line.trim_start().len() {
                text.pop();
                text.push('…');
            }
            svg.text(EDGE + 7.5 * indent as f64, y, class(line), &text);
        }
    }
    svg.add("</g>");
    Ok(vec![("demo".to_owned(), svg.finish(WIDTH, y + EDGE))])
}

/// Returns the color of a line by how it begins.
fn class(line: &str) -> &'static str {
    let text = line.trim_start();
    match text.chars().next() {
        Some('>') => "blue",
        Some('<') if text.starts_with("< 2") => "green",
        Some('<') => "red",
        Some('=') if text != line => "ink bold",
        Some('{') => "soft",
        _ if text.starts_with("Authorization:") => "soft",
        _ => "ink",
    }
}

//! Bars for the tables of the page about benchmarks, which has the figures.

use anyhow::{Context as _, Result, ensure};

use super::svg::Svg;

pub(super) const PAGE: &str = "docs/benchmarks.md";

/// The name of each table's picture and the columns that it shows, in the order of the page.
const PICTURES: [(&str, &[&str]); 15] = [
    ("grant", &["instructions", "allocations", "ns"]),
    ("cached", &["instructions", "ns", "two threads against one"]),
    ("instructions-http", &["instructions a request"]),
    ("instructions-https", &["instructions a request"]),
    ("http-1", WIRE),
    ("http-16", WIRE),
    ("http-64", WIRE),
    ("https-1", WIRE),
    ("https-16", WIRE),
    ("https-64", WIRE),
    ("first-http", &["first token, ms", "allocated, KiB"]),
    ("first-https", &["first token, ms", "allocated, KiB"]),
    ("weight", &["crates", "clean release build, s", "stripped, KiB"]),
    ("users", &[GOAL]),
    ("maps", &["read, any of 1 M, ns", "read, of 1 000, ns", "bytes an entry"]),
];
const WIRE: &[&str] = &["requests/s", "p99, µs", "CPU, µs a request", "peak, MiB"];
/// The column of goals: the picture shows the figures as multiples of them.
const GOAL: &str = "goal";
/// The columns in which a longer bar is better.
const MORE_IS_BETTER: [&str; 2] = ["requests/s", "two threads against one"];
/// How the labels of our own rows start.
const OURS: [&str; 6] = [
    "easemob-token",
    "Client::",
    "the same with `dynamic`",
    "password, ",
    "client_credentials, ",
    "inherit, ",
];
/// What the rows of the minimum have in their labels.
const FLOORS: [&str; 2] = ["floor", " alone"];

const WIDTH: f64 = 880.0;
const EDGE: f64 = 20.0;
const LABELS: f64 = 290.0;
const ROW: f64 = 24.0;
/// The colors, and what they stand for.
const LEGEND: [(&str, &str); 3] =
    [("gray", "the minimum, or the bare library"), ("blue", "this library"), ("other", "others")];

/// A table of the page with the text that names it.
struct Table<'a> {
    title: String,
    /// The line of the page before the table.
    before: &'a str,
    columns: Vec<&'a str>,
    rows: Vec<Vec<&'a str>>,
}

pub(super) fn draw(page: &str) -> Result<Vec<(String, String)>> {
    let tables = read(page);
    let (wanted, found) = (PICTURES.len(), tables.len());
    ensure!(wanted == found, "{PAGE} has {found} tables, xtask/src/pictures/bars.rs {wanted}");
    let mut pictures = Vec::new();
    for (table, (name, columns)) in tables.iter().zip(PICTURES) {
        let name = format!("bench-{name}");
        ensure!(
            table.before.contains(&format!("(pictures/{name}.svg)")),
            "{PAGE}: link pictures/{name}.svg in the line above its table ({})",
            table.title
        );
        let svg = picture(table, columns).with_context(|| format!("{PAGE}: {}", table.title))?;
        pictures.push((name, svg));
    }
    Ok(pictures)
}

fn read(page: &str) -> Vec<Table<'_>> {
    let mut tables: Vec<Table<'_>> = Vec::new();
    let (mut heading, mut before) = ("", "");
    // The last paragraph, if it is one line that ends in a colon.
    let mut lead = None;
    let mut previous = "";
    for line in page.lines() {
        let cells = line.strip_prefix('|').and_then(|line| line.strip_suffix('|'));
        if let Some(cells) = cells {
            let cells: Vec<_> = cells.split('|').map(str::trim).collect();
            let is_rule = cells.iter().all(|cell| cell.starts_with('-'));
            match tables.last_mut() {
                Some(table) if previous.starts_with('|') && !is_rule => table.rows.push(cells),
                _ if is_rule => {}
                _ => {
                    let lead = lead.map(|lead| format!(": {lead}")).unwrap_or_default();
                    let title = format!("{heading}{lead}");
                    tables.push(Table { title, before, columns: cells, rows: Vec::new() });
                }
            }
        } else if let Some(text) = line.strip_prefix("## ") {
            (heading, lead) = (text, None);
        } else if !line.is_empty() {
            if !line.starts_with("![") {
                lead = line.strip_suffix(':').filter(|_| previous.is_empty());
            }
            before = line;
        }
        previous = line;
    }
    tables
}

/// Reads `1 802`, `0.84 (0.84 to 0.84)`, `at most 2: **missed**` and the like.
fn number(cell: &str) -> Option<f64> {
    let cell = cell.split('(').next().unwrap_or_default().trim_start_matches("at most ");
    let cell = cell.trim_start_matches("at least ").replace(' ', "");
    let end = cell.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(cell.len());
    cell[..end].parse().ok()
}

fn picture(table: &Table<'_>, columns: &[&str]) -> Result<String> {
    let mut panels = Vec::new();
    for name in columns {
        let at = table.columns.iter().position(|it| it == name);
        let at = at.with_context(|| format!("has no column `{name}`"))?;
        panels.push(panel(table, at, name)?);
    }
    let is_shown = |row: usize| panels.iter().any(|(_, cells)| cells[row].is_some());
    let rows: Vec<usize> = (0..table.rows.len()).filter(|row| is_shown(*row)).collect();
    let described: Vec<String> = rows.iter().map(|row| table.rows[*row].join(", ")).collect();
    let described = format!("{}: {}.", table.columns[1..].join(", "), described.join("; "));
    let mut svg = Svg::new(&table.title, &plain(&described));
    svg.text(EDGE, 34.0, "ink big", &plain(&table.title));
    let is_goal = columns == [GOAL];
    legend(&mut svg, table, is_goal);
    let top = 110.0;
    let width = (WIDTH - 2.0 * EDGE - LABELS) / panels.len() as f64;
    for (index, (name, cells)) in panels.iter().enumerate() {
        let left = EDGE + LABELS + width * index as f64;
        svg.text(left, top - 30.0, "ink bold small", name);
        let is_more = MORE_IS_BETTER.contains(&name.as_str());
        let better = if is_more { "more is better" } else { "less is better" };
        svg.text(left, top - 14.0, "soft small", if is_goal { "1 is the goal" } else { better });
        let most =
            cells.iter().flatten().map(|(value, _)| *value).fold(f64::MIN_POSITIVE, f64::max);
        let longest = cells.iter().flatten().map(|(_, text)| text.chars().count()).max();
        let space = width - 20.0 - 7.0 * longest.unwrap_or_default() as f64;
        for (line, row) in rows.iter().enumerate() {
            let Some((value, text)) = &cells[*row] else { continue };
            let y = top + ROW * line as f64;
            let length = (space * value / most).max(1.0);
            let class = if is_goal { "blue" } else { class(table.rows[*row][0]) };
            svg.rect([left, y, length, ROW - 8.0], class);
            svg.text(left + length + 5.0, y + 12.5, "ink small", text);
        }
    }
    for (line, row) in rows.iter().enumerate() {
        let label = table.rows[*row][0];
        let weight = if class(label) == "blue" { "ink bold" } else { "ink" };
        svg.text(EDGE, top + ROW * line as f64 + 12.5, weight, &plain(label));
    }
    Ok(svg.finish(WIDTH, top + ROW * rows.len() as f64 + 12.0))
}

fn legend(svg: &mut Svg, table: &Table<'_>, is_goal: bool) {
    let mut x = EDGE;
    let is_ours = table.rows.iter().any(|row| class(row[0]) == "blue");
    for (color, text) in LEGEND {
        if is_ours && !is_goal && table.rows.iter().any(|row| class(row[0]) == color) {
            svg.rect([x, 48.0, 12.0, 12.0], color);
            svg.text(x + 18.0, 58.5, "soft small", text);
            x += 40.0 + 6.6 * text.len() as f64;
        }
    }
}

type Panel = (String, Vec<Option<(f64, String)>>);

/// Returns the heading of a column, and the value and the text of each row that has a number.
fn panel(table: &Table<'_>, at: usize, name: &str) -> Result<Panel> {
    let cell = |row: &Vec<&str>| {
        let text = *row.get(at)?;
        let value = number(text)?;
        if name != GOAL {
            let text = text.split('(').next().unwrap_or_default().trim();
            return Some((value, text.to_owned()));
        }
        let actual = number(row[1])? / value;
        Some((actual, format!("{actual:.2} (goal {})", plain(text))))
    };
    let cells: Vec<_> = table.rows.iter().map(cell).collect();
    ensure!(cells.iter().any(Option::is_some), "has no number in the column `{name}`");
    let name = if name == GOAL { "the client, against the goal" } else { name };
    Ok((name.to_owned(), cells))
}

fn class(label: &str) -> &'static str {
    let label = label.trim_start_matches('`');
    if FLOORS.iter().any(|it| label.contains(it)) {
        "gray"
    } else if OURS.iter().any(|it| label.starts_with(it)) {
        "blue"
    } else {
        "other"
    }
}

/// Removes the marks of Markdown.
fn plain(text: &str) -> String {
    text.replace(['`', '*'], "")
}

//! The published crates and their dependencies, from `cargo metadata` and the list of crates.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use super::svg::Svg;
use crate::context::Workspace;
use crate::crates::{self, CRATES};

/// The words of the picture in one language.
struct Words {
    name: &'static str,
    language: &'static str,
    title: &'static str,
    legend: [&'static str; 2],
    /// How many characters fit in a line of a box.
    line: usize,
}

const LANGUAGES: [Words; 2] = [
    Words {
        name: "crates",
        language: "en",
        title: "The published crates, and which of them each depends on",
        legend: ["always", "with a feature"],
        line: 23,
    },
    Words {
        name: "crates.zh-CN",
        language: "zh-CN",
        title: "对外发布的 crate 及其依赖关系",
        legend: ["总是依赖", "启用特性时依赖"],
        line: 12,
    },
];
/// The jobs in Chinese; the list of crates has the English ones.
const JOBS: [(&str, &str); 13] = [
    (crates::HOST, "检查用户填写的文本：主机名、异常字符"),
    (crates::CORE, "发送什么、如何解析响应、下一步做什么；不做 I/O"),
    (crates::TRANSPORT, "传输接口：发送一次请求、派生任务、休眠"),
    (crates::STORE, "存储接口：读取和替换多进程共享的一条记录"),
    (crates::STORE_FILE, "基于目录的存储，供同一台主机的多个进程使用"),
    (crates::STORE_REDIS, "基于 Redis 的存储，供多台主机的进程使用"),
    (crates::HYPER, "基于 hyper 和 rustls 的传输层实现，运行于 tokio"),
    (crates::ISAHC, "基于 isahc（libcurl）的传输层实现，适用于任何执行器"),
    (crates::REQWEST, "使用你自己的 reqwest::ClientBuilder 的传输层实现"),
    (crates::TESTKIT, "一致性测试套件，可检验任何传输层实现"),
    (crates::FACADE, "应用程序直接依赖的 crate"),
    (crates::EMULATOR, "模拟服务，用于测试和入门"),
    (crates::COMMAND, "命令行工具 easemob-token"),
];

const PREFIX: &str = "easemob-token-";
const WIDTH: f64 = 910.0;
const TOP: f64 = 84.0;
const BOX: [f64; 2] = [156.0, 92.0];
const GAP: f64 = 14.0;
/// From one row to the next.
const STEP: f64 = 144.0;

/// A published crate, or a place where an arrow passes a row.
#[derive(Clone, Default)]
struct Node {
    /// Empty if an arrow passes here.
    name: &'static str,
    job: &'static str,
    /// Indices of its dependencies, and whether each needs a feature.
    needs: Vec<(usize, bool)>,
    /// 0 is the top.
    row: usize,
    /// The middle of its box.
    x: f64,
}

impl Node {
    fn short(&self) -> &'static str {
        self.name.strip_prefix(PREFIX).unwrap_or(self.name)
    }

    fn width(&self) -> f64 {
        if self.name.is_empty() { 0.0 } else { BOX[0] }
    }

    fn top(&self) -> f64 {
        TOP + STEP * self.row as f64
    }
}

pub(super) fn draw(workspace: &Workspace) -> Result<Vec<(String, String)>> {
    let crates = read(workspace)?;
    let mut nodes = crates.clone();
    place(&mut nodes);
    let needs = |node: &Node| -> Vec<_> {
        node.needs.iter().map(|(needed, _)| crates[*needed].short()).collect()
    };
    let described = crates.iter().filter(|node| !node.needs.is_empty());
    let described: Vec<_> =
        described.map(|node| format!("{} → {}", node.short(), needs(node).join(", "))).collect();
    let described = described.join("; ");
    let draw = |words: &Words| Ok((words.name.to_owned(), picture(&nodes, &described, words)?));
    LANGUAGES.iter().map(draw).collect()
}

fn read(workspace: &Workspace) -> Result<Vec<Node>> {
    let rows: Vec<_> = CRATES.iter().filter(|row| row.published).collect();
    let mut nodes = Vec::new();
    for row in &rows {
        let package = workspace.packages.iter().find(|it| it.name == row.name);
        let package = package.with_context(|| format!("{} is not in the workspace", row.name))?;
        let mut needs = BTreeMap::new();
        for dependency in package.dependencies.iter().filter(|it| it.kind.is_none()) {
            if let Some(at) = rows.iter().position(|it| it.name == dependency.name) {
                *needs.entry(at).or_insert(true) &= dependency.optional;
            }
        }
        let needs = needs.into_iter().collect();
        nodes.push(Node { name: row.name, job: row.job, needs, ..Node::default() });
    }
    Ok(nodes)
}

/// Puts each crate just below those that depend on it, and near them.
fn place(nodes: &mut Vec<Node>) {
    // The distance from the top, which grows at most as often as there are crates.
    for _ in 0..nodes.len() {
        for at in 0..nodes.len() {
            for (needed, _) in nodes[at].needs.clone() {
                nodes[needed].row = nodes[needed].row.max(nodes[at].row + 1);
            }
        }
    }
    // An arrow over several rows gets a place in each row between.
    let mut at = 0;
    while at < nodes.len() {
        for index in 0..nodes[at].needs.len() {
            let ((needed, is_optional), row) = (nodes[at].needs[index], nodes[at].row + 1);
            if nodes[needed].row > row {
                nodes[at].needs[index].0 = nodes.len();
                nodes.push(Node { needs: vec![(needed, is_optional)], row, ..Node::default() });
            }
        }
        at += 1;
    }
    let last = nodes.iter().map(|node| node.row).max().unwrap_or_default();
    for round in 0..24 {
        for row in 0..=last {
            let mut places: Vec<_> = (0..nodes.len()).filter(|at| nodes[*at].row == row).collect();
            if round > 0 {
                places.sort_by(|a, b| middle(nodes, *a).total_cmp(&middle(nodes, *b)));
            }
            let width = |places: &[usize]| -> f64 {
                places.iter().map(|at| nodes[*at].width() + GAP).sum()
            };
            let mut x = (WIDTH - width(&places) + GAP) / 2.0;
            for at in places {
                let half = nodes[at].width() / 2.0;
                nodes[at].x = x + half;
                x += 2.0 * half + GAP;
            }
        }
    }
}

/// Returns the mean place of what a crate depends on and of what depends on it.
fn middle(nodes: &[Node], at: usize) -> f64 {
    let above = nodes.iter().filter(|it| it.needs.iter().any(|(needed, _)| *needed == at));
    let below = nodes[at].needs.iter().map(|(needed, _)| nodes[*needed].x);
    let around: Vec<f64> = below.chain(above.map(|it| it.x)).collect();
    around.iter().sum::<f64>() / around.len().max(1) as f64
}

fn picture(nodes: &[Node], described: &str, words: &Words) -> Result<String> {
    let mut svg = Svg::new(words.title, described).in_language(words.language);
    svg.style.push_str(".dashed{stroke-dasharray:5 4}.stroke{stroke-width:1.5}");
    svg.style.push_str("text.job{font-size:11.5px}");
    svg.text(20.0, 34.0, "ink big", words.title);
    for (index, (text, dash)) in words.legend.into_iter().zip(["", " dashed"]).enumerate() {
        let x = 20.0 + 150.0 * index as f64;
        svg.line(&format!("gray{dash}"), &format!("M{x:.1} 55H{:.1}", x + 30.0));
        svg.text(x + 38.0, 59.5, "soft small", text);
    }
    for node in nodes {
        for (needed, is_optional) in &node.needs {
            arrow(&mut svg, node, &nodes[*needed], *is_optional);
        }
    }
    for node in nodes.iter().filter(|node| !node.name.is_empty()) {
        let [width, height] = BOX;
        let (left, y) = (node.x - width / 2.0, node.top());
        let class = if node.name == crates::FACADE { "dim-blue" } else { "dim" };
        svg.rect([left, y, width, height], class);
        svg.text(left + 10.0, y + 20.0, "ink bold", node.short());
        let chinese = JOBS.iter().find(|(name, _)| *name == node.name);
        let job = match words.language {
            "en" => node.job,
            _ => chinese.with_context(|| format!("{} has no Chinese job", node.name))?.1,
        };
        let lines = wrap(job, words.line);
        ensure!(lines.len() <= 4, "the job of {} does not fit: {job}", node.name);
        for (index, line) in lines.iter().enumerate() {
            svg.text(left + 10.0, y + 38.0 + 15.0 * index as f64, "soft job", line);
        }
    }
    let bottom = nodes.iter().map(Node::top).fold(0.0, f64::max);
    Ok(svg.finish(WIDTH, bottom + BOX[1] + 20.0))
}

fn arrow(svg: &mut Svg, from: &Node, to: &Node, is_optional: bool) {
    let class = if is_optional { "gray dashed" } else { "gray" };
    let is_end = !to.name.is_empty();
    let (x, y, end) = (from.x, from.top() + BOX[1], to.top() - if is_end { 7.0 } else { 0.0 });
    let (middle, to) = ((y + end) / 2.0, to.x);
    // Where it passes a row, it starts at the row's top.
    let start = if from.name.is_empty() { from.top() } else { y };
    svg.line(
        class,
        &format!(
            "M{x:.1} {start:.1}V{y:.1}C{x:.1} {middle:.1} {to:.1} {middle:.1} {to:.1} {end:.1}"
        ),
    );
    if is_end {
        svg.add(format_args!(r#"<path class="gray" d="M{to:.1} {:.1}l-4.5 -8h9z"/>"#, end + 7.0));
    }
}

/// Breaks a text at spaces, and beside Han characters; a Latin letter is half as wide as a Han one.
fn wrap(text: &str, most: usize) -> Vec<String> {
    let is_han = |c: char| c as u32 > 0x2e80;
    let unit = if text.chars().any(is_han) { 2 } else { 1 };
    let width = |text: &str| -> usize {
        text.chars().map(|c| if is_han(c) { 2 } else { 1 }).sum::<usize>().div_ceil(unit)
    };
    let mut words = Vec::new();
    for c in text.replace('`', "").chars() {
        let is_joined = |last: &String| {
            let last = last.chars().next_back().unwrap_or(' ');
            last != ' ' && (!is_han(last) && !is_han(c) || "，、；：）".contains(c) || last == '（')
        };
        match words.last_mut().filter(|last| is_joined(last)) {
            Some(last) => last.push(c),
            None => words.push(c.to_string()),
        }
    }
    let mut lines = vec![String::new()];
    for word in words {
        let last = lines.last().map_or(0, |line| width(&format!("{line}{}", word.trim_end())));
        if last > most {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if line.is_empty() { word.trim_start() } else { &word });
        }
    }
    lines
}

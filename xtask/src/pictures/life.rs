//! The life of a token, drawn from the numbers of a test of the core.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};

use super::svg::Svg;

/// The numbers, in seconds, which a test of the core compares with its policy.
pub(super) const NUMBERS: &str = "crates/core/tests/it/snapshots/it__life__life.snap";

/// The words of the picture in one language; `{}` takes a number.
struct Words {
    name: &'static str,
    language: &'static str,
    title: &'static str,
    minutes: &'static str,
    anatomy: &'static str,
    /// In use, renewal starts, not used any more.
    phases: [&'static str; 3],
    /// For each scene: without failure, a short outage, a long one.
    scenes: [&'static str; 3],
    results: [&'static str; 3],
    callers: &'static str,
    requests: &'static str,
    token: &'static str,
    errors: &'static str,
    down: &'static str,
}

const LANGUAGES: [Words; 2] = [
    Words {
        name: "life",
        language: "en",
        title: "The life of an app token that is valid for an hour",
        minutes: "{} min",
        anatomy: "The token",
        phases: ["in use", "renewal starts", "the last {} s: not used"],
        scenes: [
            "Every day",
            "The service is down for {} minutes",
            "The service is down for {} minutes",
        ],
        results: [
            "renewed in the background after {} min; no caller waits",
            "callers notice nothing; the retries slow down to one a minute; a new token {} s after the outage",
            "callers get errors for {} min: a request at least every 10 s, so that the errors end with the outage",
        ],
        callers: "callers get",
        requests: "requests",
        token: "token {}",
        errors: "errors",
        down: "the service is down",
    },
    Words {
        name: "life.zh-CN",
        language: "zh-CN",
        title: "App Token 的生命周期（以有效期一小时为例）",
        minutes: "{} 分",
        anatomy: "Token",
        phases: ["使用中", "开始续期", "最后 {} 秒：不再使用"],
        scenes: ["平时", "服务中断 {} 分钟", "服务中断 {} 分钟"],
        results: [
            "{} 分钟后在后台续期，调用方无需等待",
            "调用方毫无察觉；重试逐渐放缓到每分钟一次，服务恢复 {} 秒后换上新 Token",
            "调用方有 {} 分钟收到错误；此时至少每 10 秒重试一次，服务一恢复，错误随即结束",
        ],
        callers: "调用方得到",
        requests: "请求",
        token: "Token {}",
        errors: "错误",
        down: "服务中断",
    },
];

const LEFT: f64 = 110.0;
const WIDTH: f64 = 900.0;
const BAR: f64 = 24.0;
/// How many seconds the picture shows, and how wide one is.
const END: f64 = 5_400.0;
const SECOND: f64 = (WIDTH - LEFT - 34.0) / END;

/// What happens in one simulation.
struct Scene {
    down: [f64; 2],
    good: Vec<f64>,
    failed: Vec<f64>,
    /// The number of the token from each time on; 0 for none.
    in_use: Vec<(u32, f64)>,
}

struct Numbers {
    due: [f64; 2],
    unusable: [f64; 2],
    scenes: Vec<Scene>,
}

pub(super) fn draw(snapshot: &str) -> Result<Vec<(String, String)>> {
    let numbers = read(snapshot).with_context(|| format!("cannot read {NUMBERS}"))?;
    ensure!(numbers.scenes.len() == 3, "{NUMBERS} needs three simulations");
    let draw = |words: &Words| (words.name.to_owned(), picture(&numbers, words));
    Ok(LANGUAGES.iter().map(draw).collect())
}

fn read(snapshot: &str) -> Option<Numbers> {
    let text = snapshot.splitn(3, "---\n").nth(2)?;
    let (mut all, mut scenes) = (HashMap::new(), Vec::new());
    let seconds = |text: &str| text.split_whitespace().map(|it| it.parse().ok()).collect();
    for line in text.lines() {
        let (name, values) = line.split_once(':')?;
        if name != "in use" {
            let values: Option<Vec<f64>> = seconds(values);
            all.insert(name, values?);
            continue;
        }
        let token = |it: &str| {
            let (number, time) = it.split_once('@')?;
            Some((number.parse().ok()?, time.parse().ok()?))
        };
        scenes.push(Scene {
            down: all.get("down")?.as_slice().try_into().ok()?,
            good: all.remove("good")?,
            failed: all.remove("failed")?,
            in_use: values.split_whitespace().map(token).collect::<Option<_>>()?,
        });
    }
    let pair = |name| all.get(name)?.as_slice().try_into().ok();
    Some(Numbers { due: pair("due")?, unusable: pair("unusable")?, scenes })
}

fn at(second: f64) -> f64 {
    LEFT + second * SECOND
}

/// Puts the number in its place in the text, without a fraction of zero.
fn fill(text: &str, number: f64) -> String {
    text.replace("{}", &((number * 10.0).round() / 10.0).to_string())
}

fn picture(numbers: &Numbers, words: &Words) -> String {
    let colon = if words.language == "en" { ": " } else { "：" };
    let described = numbers.scenes.iter().enumerate();
    let described =
        described.map(|it| [&scene_name(it, words), colon, &result(it, words)].concat());
    let described = described.collect::<Vec<_>>().join(if colon == ": " { "; " } else { "；" });
    let mut svg = Svg::new(words.title, &described).in_language(words.language);
    svg.text(20.0, 34.0, "ink big", words.title);
    for minute in (0..=90).step_by(10) {
        let minute = f64::from(minute);
        svg.text(at(minute * 60.0), 62.0, "soft small middle", &fill(words.minutes, minute));
    }
    anatomy(&mut svg, numbers, words);
    let mut y = 172.0;
    for (index, scene) in numbers.scenes.iter().enumerate() {
        let texts = [scene_name((index, scene), words), result((index, scene), words)];
        y += draw_scene(&mut svg, scene, y, &texts, words);
    }
    svg.finish(WIDTH, y - 14.0)
}

fn grid(svg: &mut Svg, y: f64, height: f64) {
    for minute in (0..=90).step_by(10) {
        svg.line("line", &format!("M{:.1} {y:.1}v{height}", at(f64::from(minute) * 60.0)));
    }
}

fn scene_name((index, scene): (usize, &Scene), words: &Words) -> String {
    fill(words.scenes[index.min(2)], (scene.down[1] - scene.down[0]) / 60.0)
}

/// Returns what a simulation shows, in words with its numbers.
fn result((index, scene): (usize, &Scene), words: &Words) -> String {
    let renewed = scene.good.get(1).copied().unwrap_or_default();
    let failing = scene.in_use.windows(2).find(|pair| pair[0].0 == 0);
    let failing = failing.map_or(0.0, |pair| pair[1].1 - pair[0].1);
    let number = [renewed / 60.0, renewed - scene.down[1], failing / 60.0][index.min(2)];
    fill(words.results[index.min(2)], number)
}

fn bar(svg: &mut Svg, [from, to]: [f64; 2], y: f64, class: &str) {
    svg.rect([at(from), y, (to - from) * SECOND - 1.0, BAR], class);
}

fn anatomy(svg: &mut Svg, numbers: &Numbers, words: &Words) {
    let (y, [due, latest], [unusable, end]) = (84.0, numbers.due, numbers.unusable);
    svg.text(20.0, y + 16.5, "ink bold", words.anatomy);
    grid(svg, y - 14.0, 42.0);
    for (times, class) in [
        ([0.0, due], "dim-green"),
        ([due, latest], "dim-amber"),
        ([latest, unusable], "dim-green"),
        ([unusable, end], "dim-red"),
    ] {
        bar(svg, times, y, class);
    }
    svg.text(at(due / 2.0), y + 16.5, "green middle", words.phases[0]);
    svg.text(at(f64::midpoint(due, latest)), y + BAR + 18.0, "amber middle", words.phases[1]);
    let percent = |time: f64| (100.0 * time / end).round();
    let range = format!("{}–{} %", percent(due), percent(latest));
    svg.text(at(f64::midpoint(due, latest)), y + 16.5, "amber middle small", &range);
    svg.text(at(end) + 6.0, y + 16.5, "red", &fill(words.phases[2], end - unusable));
}

/// Draws a simulation and returns its height.
fn draw_scene(svg: &mut Svg, scene: &Scene, y: f64, texts: &[String; 2], words: &Words) -> f64 {
    svg.text(20.0, y, "ink bold", &texts[0]);
    svg.text(20.0, y + 19.0, "soft", &texts[1]);
    let [callers, requests] = [y + 34.0, y + 66.0];
    let [start, end] = scene.down;
    let is_down = end > start;
    if is_down {
        svg.rect([at(start), callers - 4.0, (end - start) * SECOND, 82.0], "dim-red");
        svg.text(at(f64::midpoint(start, end)), callers + 73.0, "red middle small", words.down);
    }
    grid(svg, callers - 4.0, 64.0);
    svg.text(20.0, callers + 16.5, "soft", words.callers);
    let ends = scene.in_use.iter().skip(1).map(|(_, time)| *time).chain([END]);
    for ((token, from), to) in scene.in_use.iter().zip(ends) {
        let class = ["red", "blue", "green"][(*token as usize).min(2)];
        bar(svg, [*from, to], callers, class);
        let name = fill(words.token, f64::from(*token));
        let name = if *token == 0 { words.errors } else { &name };
        svg.text(at(f64::midpoint(*from, to)), callers + 16.5, "card bold middle", name);
    }
    svg.text(20.0, requests + 16.5, "soft", words.requests);
    for (times, class) in [(&scene.failed, "red"), (&scene.good, "blue")] {
        for time in times {
            svg.line(class, &format!("M{:.1} {requests:.1}v{BAR}", at(*time)));
        }
    }
    if is_down { 150.0 } else { 128.0 }
}

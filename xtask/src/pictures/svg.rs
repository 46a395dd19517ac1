//! An SVG file that follows the reader's light or dark theme and names its content for screen readers.

use std::fmt::{self, Write as _};

pub(super) const SANS: &str = "-apple-system,'Segoe UI','Noto Sans','Noto Sans CJK SC',\
    'PingFang SC','Microsoft YaHei',Helvetica,Arial,sans-serif";
pub(super) const MONO: &str = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',\
    'DejaVu Sans Mono',monospace";

/// The classes of shapes and text, and their colors in the light and in the dark theme.
///
/// Every picture has its own background, so that it can be read on a page of the other theme.
const COLORS: [(&str, &str, &str); 15] = [
    ("card", "#ffffff", "#0d1117"),
    ("line", "#d1d9e0", "#3d444d"),
    ("ink", "#1f2328", "#f0f6fc"),
    ("soft", "#59636e", "#9198a1"),
    ("blue", "#0757ba", "#4493f8"),
    ("green", "#116329", "#3fb950"),
    ("amber", "#8a5a00", "#d29922"),
    ("red", "#b3151f", "#f85149"),
    ("gray", "#818b98", "#6e7681"),
    ("other", "#b8763e", "#b3824a"),
    ("dim", "#eff2f5", "#1c2129"),
    ("dim-blue", "#ddf4ff", "#12243d"),
    ("dim-green", "#dafbe1", "#10271a"),
    ("dim-amber", "#fff8c5", "#2b2410"),
    ("dim-red", "#ffebe9", "#301418"),
];

/// A drawing; coordinates are in pixels from the left upper corner.
pub(super) struct Svg {
    title: String,
    description: String,
    language: &'static str,
    /// What comes after the colors.
    pub(super) style: String,
    body: String,
}

impl Svg {
    pub(super) fn new(title: &str, description: &str) -> Self {
        let [title, description] = [title, description].map(escape);
        let style = format!("text{{font:13px {SANS}}}");
        Self { title, description, language: "en", style, body: String::new() }
    }

    pub(super) fn in_language(mut self, language: &'static str) -> Self {
        self.language = language;
        self
    }

    /// Adds a piece of SVG.
    pub(super) fn add(&mut self, piece: impl fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{piece}");
    }

    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        self.add(format_args!(
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{}</text>"#,
            escape(text)
        ));
    }

    pub(super) fn rect(&mut self, [x, y, width, height]: [f64; 4], class: &str) {
        let radius = 3.0_f64.min(width / 2.0);
        self.add(format_args!(
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="{radius:.1}"/>"#
        ));
    }

    pub(super) fn line(&mut self, class: &str, d: &str) {
        self.add(format_args!(r#"<path class="{class} stroke" d="{d}"/>"#));
    }

    /// Returns the whole file for a drawing of this size.
    pub(super) fn finish(self, width: f64, height: f64) -> String {
        let used = |class: &str| self.body.contains(class) || class == "card" || class == "line";
        let colors = |dark: bool| -> String {
            let used = COLORS.iter().filter(|(class, ..)| used(class));
            used.map(|(class, light, night)| {
                let color = if dark { night } else { light };
                format!(".{class}{{fill:{color}}}.{class}.stroke{{stroke:{color}}}")
            })
            .collect()
        };
        let Self { title, description, language, style, body } = &self;
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc" xml:lang="{language}">
<title id="title">{title}</title>
<desc id="desc">{description}</desc>
<style>
{}
@media (prefers-color-scheme:dark){{{}}}
.stroke{{fill:none}}.end{{text-anchor:end}}.middle{{text-anchor:middle}}text.big{{font-size:16px;font-weight:600}}text.bold{{font-weight:600}}text.small{{font-size:12px}}
{style}
</style>
<rect class="card" width="{width}" height="{height}" rx="8"/>
<rect class="line stroke" x="0.5" y="0.5" width="{}" height="{}" rx="8"/>
{body}</svg>
"#,
            colors(false),
            colors(true),
            width - 1.0,
            height - 1.0
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of WCAG 2.
    fn luminance(color: &str) -> f64 {
        let part = |at: usize, weight: f64| {
            let part = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            weight * if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        part(1, 0.2126) + part(3, 0.7152) + part(5, 0.0722)
    }

    /// 4.5 for text, 3 for bars and lines (WCAG 2, level AA), on every background.
    #[test]
    fn the_contrast_is_enough_in_both_themes() {
        for dark in [false, true] {
            let color = |it: &(&str, &'static str, &'static str)| if dark { it.2 } else { it.1 };
            let is_background = |name: &str| name == "card" || name.starts_with("dim");
            for ground in COLORS.iter().filter(|it| is_background(it.0)) {
                for ink in COLORS.iter().filter(|it| !is_background(it.0) && it.0 != "line") {
                    let [a, b] = [ground, ink].map(|it| luminance(color(it)) + 0.05);
                    let least = match ink.0 {
                        "gray" | "other" if ground.0 == "card" => 3.0,
                        "gray" | "other" => continue,
                        _ => 4.5,
                    };
                    let contrast = a.max(b) / a.min(b);
                    assert!(contrast >= least, "{} on {}: {contrast:.2}", ink.0, ground.0);
                }
            }
        }
    }
}

//! Markdown as its readers see it: code blocks, headings with anchors, links, paragraphs.

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::SourceFile;
use crate::problem::Problem;

const OPTIONS: Options =
    Options::ENABLE_TABLES.union(Options::ENABLE_FOOTNOTES).union(Options::ENABLE_GFM);

/// A fenced or indented block of code.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) line: usize,
    /// The text after the fence, such as `rust,no_run`.
    pub(crate) info: String,
    pub(crate) code: String,
}

impl Block {
    pub(crate) fn language(&self) -> &str {
        self.info.split([',', ' ']).next().unwrap_or_default()
    }

    /// Whether rustdoc tests it: a block without a language is Rust too.
    pub(crate) fn is_rust(&self) -> bool {
        ["", "rust", "no_run", "should_panic", "compile_fail", "ignore"].contains(&self.language())
    }
}

#[derive(Debug)]
pub(super) struct Heading {
    pub(super) line: usize,
    /// 1 to 6.
    pub(super) level: usize,
    pub(super) text: String,
}

/// The contents of a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) blocks: Vec<Block>,
    pub(super) headings: Vec<Heading>,
    /// Lines and targets.
    pub(super) links: Vec<(usize, String)>,
    pub(super) anchors: Vec<String>,
    /// The text with its lines; a space takes the place of a code span.
    paragraphs: Vec<Vec<(char, usize)>>,
}

pub(crate) fn code_blocks(text: &str) -> Vec<Block> {
    read(text).blocks
}

pub(super) fn paragraphs(text: &str) -> Vec<Vec<(char, usize)>> {
    read(text).paragraphs
}

/// Returns each link and picture with its place in the text.
pub(crate) fn links(text: &str) -> Vec<(Range<usize>, String)> {
    let links = Parser::new_ext(text, OPTIONS).into_offset_iter().filter_map(|(event, range)| {
        let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event else {
            return None;
        };
        Some((range, dest_url.to_string()))
    });
    links.collect()
}

pub(super) fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut block: Option<Block> = None;
    let mut heading: Option<Heading> = None;
    let mut paragraph = Vec::new();
    let line_of = |offset: usize| text[..offset].matches('\n').count() + 1;
    for (event, range) in Parser::new_ext(text, OPTIONS).into_offset_iter() {
        let line = line_of(range.start);
        match &event {
            Event::Text(text) if block.is_none() => {
                paragraph.extend(text.chars().map(|c| (c, line)));
            }
            Event::Code(_) => paragraph.push(('`', line)),
            Event::SoftBreak | Event::HardBreak => paragraph.push(('\n', line)),
            Event::Start(tag) if is_inline(&tag.to_end()) => {}
            Event::End(tag) if is_inline(tag) => {}
            _ => page.paragraphs.push(std::mem::take(&mut paragraph)),
        }
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                block = Some(Block { line, info, code: String::new() });
            }
            Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
            Event::Start(Tag::Heading { level, .. }) => {
                heading = Some(Heading { line, level: level as usize, text: String::new() });
            }
            Event::End(TagEnd::Heading(_)) => page.headings.extend(heading.take()),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push((line, dest_url.to_string()));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(block) = &mut block {
                    block.code.push_str(&text);
                } else if let Some(heading) = &mut heading {
                    heading.text.push_str(&text);
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for key in ["id=\"", "name=\""] {
                    let values = html.split(key).skip(1).filter_map(|rest| rest.split('"').next());
                    page.anchors.extend(values.map(str::to_owned));
                }
            }
            _ => {}
        }
    }
    page.anchors.extend(slugs(&page.headings));
    page
}

fn is_inline(tag: &TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image
    )
}

/// Returns each heading's anchor as the usual hosts make it.
///
/// That is in lower case, with words joined by `-` and a number after the second of a name.
fn slugs(headings: &[Heading]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut slug = |heading: &Heading| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let slug: String = heading.text.trim().to_lowercase().chars().filter(kept).collect();
        let slug = slug.replace(' ', "-");
        let count = seen.entry(slug.clone()).or_default();
        *count += 1;
        if *count == 1 { slug } else { format!("{slug}-{}", *count - 1) }
    };
    headings.iter().map(&mut slug).collect()
}

/// Every block names its language, since rustdoc takes the others for Rust.
pub(super) fn check_blocks(file: &SourceFile) -> Vec<Problem> {
    let blocks = code_blocks(&file.text).into_iter();
    let text = "name the language of the code block (`text`, `console`, `json`, …)";
    blocks
        .filter(|block| block.info.trim().is_empty())
        .map(|block| Problem::new(&file.path, block.line, text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_as_its_readers_see_it() {
        let page = read(
            "# One `code` title\n\n[a](b.md#c) and `[not](a-link.md)`\n\n\
             ```rust,no_run\nlet x = \"[no](link.md)\";\n# hidden\n```\n\n## 用户 Token?\n\n## One\n\n## One\n\
             <a id=\"here\"></a>\n",
        );
        assert_eq!(page.links, [(3, "b.md#c".to_owned())]);
        assert_eq!(page.anchors, ["here", "one-code-title", "用户-token", "one", "one-1"]);
        let levels: Vec<_> = page.headings.iter().map(|heading| heading.level).collect();
        assert_eq!(levels, [1, 2, 2, 2]);
        assert_eq!((page.blocks.len(), page.blocks[0].line), (1, 5));
        assert_eq!(page.blocks[0].code, "let x = \"[no](link.md)\";\n# hidden\n");
        let text: Vec<String> =
            page.paragraphs.iter().map(|it| it.iter().map(|(c, _)| *c).collect()).collect();
        assert!(text.contains(&"a and `".to_owned()), "{text:?}");
    }

    #[test]
    fn a_block_names_its_language() {
        let problems = |text: &str| check_blocks(&SourceFile::new("a.md", text)).len();
        assert_eq!(problems("```\nx\n```\n"), 1);
        assert_eq!(problems("text\n\n    indented\n"), 1);
        assert_eq!(problems("```text\nx\n```\n\n```rust\nx\n```\n"), 0);
        let rust = |text| code_blocks(text)[0].is_rust();
        assert!(rust("```\n```") && rust("```no_run\n```") && !rust("```json\n```"));
    }
}

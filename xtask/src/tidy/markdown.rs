//! Markdown as its readers see it: code blocks, headings with their anchors, links.

use std::collections::HashMap;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::SourceFile;
use crate::failure::Problem;

/// A fenced or indented block of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) line: usize,
    /// What stands behind the fence, such as `rust,no_run`.
    pub(crate) info: String,
    pub(crate) code: String,
}

impl Block {
    pub(crate) fn language(&self) -> &str {
        self.info.split([',', ' ']).next().unwrap_or_default()
    }

    /// As rustdoc sees it: a block without a language is Rust too.
    pub(crate) fn is_rust(&self) -> bool {
        matches!(
            self.language(),
            "" | "rust" | "no_run" | "should_panic" | "compile_fail" | "ignore"
        )
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) line: usize,
    /// 1 to 6.
    pub(crate) level: usize,
    pub(crate) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) line: usize,
    pub(super) target: String,
}

/// What one page holds.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) blocks: Vec<Block>,
    pub(super) headings: Vec<Heading>,
    pub(super) links: Vec<Link>,
    pub(super) anchors: Vec<String>,
}

pub(crate) fn code_blocks(text: &str) -> Vec<Block> {
    read(text).blocks
}

pub(super) fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut block: Option<Block> = None;
    let mut heading: Option<Heading> = None;
    let line_of = |offset: usize| text[..offset].matches('\n').count() + 1;
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_GFM;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let line = line_of(range.start);
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
                page.links.push(Link { line, target: dest_url.to_string() });
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(block) = &mut block {
                    block.code.push_str(&text);
                } else if let Some(heading) = &mut heading {
                    heading.text.push_str(&text);
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                page.anchors.extend(html_anchors(&html));
            }
            _ => {}
        }
    }
    page.anchors.extend(slugs(&page.headings));
    page
}

/// Each heading's anchor, as the usual hosts make it: lower case, words joined by `-`, a number
/// behind the second of a name.
fn slugs(headings: &[Heading]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    headings
        .iter()
        .map(|heading| {
            let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
            let slug: String =
                heading.text.trim().to_lowercase().chars().filter(kept).collect::<String>();
            let slug = slug.replace(' ', "-");
            let count = seen.entry(slug.clone()).or_default();
            *count += 1;
            if *count == 1 { slug } else { format!("{slug}-{}", *count - 1) }
        })
        .collect()
}

fn html_anchors(html: &str) -> Vec<String> {
    ["id=\"", "name=\""]
        .iter()
        .flat_map(|key| html.split(key).skip(1).filter_map(|rest| rest.split('"').next()))
        .map(str::to_owned)
        .collect()
}

/// Every block says its language, since rustdoc takes one that does not for Rust; and no Rust block
/// is left out of the tests.
pub(super) fn check_blocks(file: &SourceFile) -> Vec<Problem> {
    code_blocks(&file.text)
        .into_iter()
        .filter_map(|block| {
            let text = if block.info.trim().is_empty() {
                "a code block without a language (`text`, `console`, `json`, …)"
            } else if block.info.split([',', ' ']).any(|word| word.starts_with("ignore")) {
                "an ignored example is never tested: `no_run` compiles it, `text` is honest"
            } else {
                return None;
            };
            Some(Problem::new(&file.path, block.line, text))
        })
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
        assert_eq!(page.links, [Link { line: 3, target: "b.md#c".to_owned() }]);
        assert_eq!(page.anchors, ["here", "one-code-title", "用户-token", "one", "one-1"]);
        let levels: Vec<_> = page.headings.iter().map(|heading| heading.level).collect();
        assert_eq!(levels, [1, 2, 2, 2]);
        assert_eq!(page.blocks.len(), 1);
        assert_eq!(page.blocks[0].line, 5);
        assert_eq!(page.blocks[0].code, "let x = \"[no](link.md)\";\n# hidden\n");
        assert!(page.blocks[0].is_rust());
    }

    #[test]
    fn a_block_says_its_language_and_is_not_ignored() {
        let problems = |text: &str| {
            check_blocks(&SourceFile { path: "a.md".to_owned(), text: text.to_owned() }).len()
        };
        assert_eq!(problems("```\nx\n```\n"), 1);
        assert_eq!(problems("text\n\n    indented\n"), 1);
        assert_eq!(problems("```rust,ignore\nx\n```\n"), 1);
        assert_eq!(problems("```text\nx\n```\n\n```rust\nx\n```\n"), 0);
    }

    #[test]
    fn a_block_of_another_language_is_no_rust() {
        for (text, is_rust) in
            [("```json\n```", false), ("```\n```", true), ("```no_run\n```", true)]
        {
            assert_eq!(code_blocks(text)[0].is_rust(), is_rust, "{text}");
        }
    }
}

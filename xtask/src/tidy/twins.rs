//! A page and its translation have the same structure: the same headings, the same code but for comments.

use super::SourceFile;
use super::markdown::{self, Block};
use crate::problem::Problem;

/// The suffix of a page in Chinese; without it, the page's name is that of the page in English.
pub(crate) const CHINESE: &str = ".zh-CN.md";

pub(super) fn check(files: &[SourceFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for chinese in files {
        let Some(name) = chinese.path.strip_suffix(CHINESE) else { continue };
        let name = format!("{name}.md");
        match files.iter().find(|file| file.path == name) {
            Some(english) => problems.extend(differences(english, chinese)),
            None => problems.push(Problem::new(&chinese.path, 0, format!("has no page {name}"))),
        }
    }
    problems
}

fn differences(english_file: &SourceFile, chinese_file: &SourceFile) -> Vec<Problem> {
    let name = &english_file.path;
    let (english, chinese) =
        (markdown::read(&english_file.text), markdown::read(&chinese_file.text));
    let mut problems = Vec::new();
    let mut problem = |line, text| problems.push(Problem::new(&chinese_file.path, line, text));

    let mut headings = english.headings.iter().zip(&chinese.headings);
    if let Some((a, b)) = headings.find(|(a, b)| a.level != b.level) {
        let (line, text) = (a.line, &a.text);
        problem(b.line, format!("heading of another level than `{text}` ({name}:{line})"));
    } else if english.headings.len() != chinese.headings.len() {
        let (ours, theirs) = (chinese.headings.len(), english.headings.len());
        problem(0, format!("{ours} headings, but {name} has {theirs}"));
    }
    let alike = |a: &Block, b: &Block| a.info == b.info && code(a) == code(b);
    let mut blocks = english.blocks.iter().zip(&chinese.blocks);
    if let Some((a, b)) = blocks.find(|(a, b)| !alike(a, b)) {
        let line = a.line;
        problem(b.line, format!("code that differs from {name}:{line} in more than comments"));
    } else if english.blocks.len() != chinese.blocks.len() {
        let (ours, theirs) = (chinese.blocks.len(), english.blocks.len());
        problem(0, format!("{ours} code blocks, but {name} has {theirs}"));
    }
    problems
}

/// Returns the lines without their comments; a line that is nothing else is left out.
fn code(block: &Block) -> Vec<String> {
    let marker = match block.language() {
        "rust" | "no_run" | "json" | "jsonc" => "//",
        "sh" | "bash" | "console" | "shell" | "toml" | "yaml" => "#",
        _ => return block.code.lines().map(|line| line.trim_end().to_owned()).collect(),
    };
    let lines = block.code.lines().map(|line| without_comment(line, marker).trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Cuts at a marker that starts the line or follows a space, outside of quotes.
///
/// The `//` of an address and the `#` of an App Key are no comments.
fn without_comment<'a>(line: &'a str, marker: &str) -> &'a str {
    let (mut quoted, mut before) = (false, ' ');
    for (at, c) in line.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if !quoted && before == ' ' && line[at..].starts_with(marker) {
            return &line[..at];
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(english: &str, chinese: &str) -> usize {
        let file = SourceFile::new;
        check(&[file("docs/a.md", english), file("docs/a.zh-CN.md", chinese)]).len()
    }

    const ENGLISH_TEXT: &str = "# A\n\n## B\n\n```rust\n// Asks.\nlet a = \"http://x\"; // there\n```\n\n\
                                ```console\n$ go a#b # now\nout\n```\n";

    #[test]
    fn a_translation_may_change_words_and_comments() {
        let chinese = "# 甲\n\n## 乙\n\n```rust\nlet a = \"http://x\"; // 那里\n```\n\n\
                       ```console\n$ go a#b\nout\n```\n";
        assert_eq!(problems(ENGLISH_TEXT, chinese), 0);
    }

    #[test]
    fn another_structure_and_other_code_are_found() {
        assert_eq!(problems("# A\n\n## B\n", "# 甲\n\n### 乙\n"), 1);
        assert_eq!(problems("# A\n\n## B\n", "# 甲\n"), 1);
        for (from, to) in
            [("http://x", "http://y"), ("a#b", "a#c"), ("out", "aus"), ("rust", "rust,no_run")]
        {
            assert_eq!(problems(ENGLISH_TEXT, &ENGLISH_TEXT.replace(from, to)), 1, "{to}");
        }
        assert_eq!(check(&[SourceFile::new("b.zh-CN.md", "")]).len(), 1);
        let shorter = ENGLISH_TEXT.split("```console").next().unwrap();
        assert_eq!(problems(ENGLISH_TEXT, shorter), 1);
    }
}

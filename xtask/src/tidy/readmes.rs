//! Both READMEs have the same structure: the same headings, the same code but for comments.

use super::SourceFile;
use super::markdown::{self, Block};
use crate::problem::Problem;

const ENGLISH: &str = "README.md";
const CHINESE: &str = "README.zh-CN.md";

pub(super) fn check(files: &[SourceFile]) -> Vec<Problem> {
    let find = |path: &str| files.iter().find(|file| file.path == path);
    let (Some(english), Some(chinese)) = (find(ENGLISH), find(CHINESE)) else {
        return Vec::new();
    };
    let (english, chinese) = (markdown::read(&english.text), markdown::read(&chinese.text));
    let mut problems = Vec::new();
    let mut problem = |line, text| problems.push(Problem::new(CHINESE, line, text));

    let mut headings = english.headings.iter().zip(&chinese.headings);
    if let Some((a, b)) = headings.find(|(a, b)| a.level != b.level) {
        let (line, text) = (a.line, &a.text);
        problem(b.line, format!("heading of another level than `{text}` ({ENGLISH}:{line})"));
    } else if english.headings.len() != chinese.headings.len() {
        let (ours, theirs) = (chinese.headings.len(), english.headings.len());
        problem(0, format!("{ours} headings, but {ENGLISH} has {theirs}"));
    }
    let alike = |a: &Block, b: &Block| a.info == b.info && code(a) == code(b);
    let mut blocks = english.blocks.iter().zip(&chinese.blocks);
    if let Some((a, b)) = blocks.find(|(a, b)| !alike(a, b)) {
        let line = a.line;
        problem(b.line, format!("code that differs from {ENGLISH}:{line} in more than comments"));
    } else if english.blocks.len() != chinese.blocks.len() {
        let (ours, theirs) = (chinese.blocks.len(), english.blocks.len());
        problem(0, format!("{ours} code blocks, but {ENGLISH} has {theirs}"));
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
        check(&[file(ENGLISH, english), file(CHINESE, chinese)]).len()
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
        let shorter = ENGLISH_TEXT.split("```console").next().unwrap();
        assert_eq!(problems(ENGLISH_TEXT, shorter), 1);
    }
}

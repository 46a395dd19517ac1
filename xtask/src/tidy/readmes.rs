//! Both READMEs tell the same: the same headings in the same places, the same code but for comments.

use super::SourceFile;
use super::markdown::{self, Block};
use crate::failure::Problem;

const ENGLISH: &str = "README.md";
const CHINESE: &str = "README.zh-CN.md";

pub(super) fn check(files: &[SourceFile]) -> Vec<Problem> {
    let find = |path: &str| files.iter().find(|file| file.path == path);
    // That a file is missing is said elsewhere.
    let (Some(english), Some(chinese)) = (find(ENGLISH), find(CHINESE)) else {
        return Vec::new();
    };
    let (english, chinese) = (markdown::read(&english.text), markdown::read(&chinese.text));
    let mut problems = Vec::new();

    let headings = english.headings.iter().zip(&chinese.headings);
    if let Some((ours, theirs)) = headings.clone().find(|(a, b)| a.level != b.level) {
        problems.push(Problem::new(
            CHINESE,
            theirs.line,
            format!(
                "heading of level {}, but `{}` ({ENGLISH}:{}) has level {}",
                theirs.level, ours.text, ours.line, ours.level
            ),
        ));
    } else if english.headings.len() != chinese.headings.len() {
        problems.push(count("headings", english.headings.len(), chinese.headings.len()));
    }

    let blocks = english.blocks.iter().zip(&chinese.blocks);
    if let Some((ours, theirs)) = blocks.clone().find(|(a, b)| !alike(a, b)) {
        problems.push(Problem::new(
            CHINESE,
            theirs.line,
            format!("code that differs from {ENGLISH}:{} in more than comments", ours.line),
        ));
    } else if english.blocks.len() != chinese.blocks.len() {
        problems.push(count("code blocks", english.blocks.len(), chinese.blocks.len()));
    }
    problems
}

fn count(what: &str, english: usize, chinese: usize) -> Problem {
    Problem::new(CHINESE, 0, format!("{chinese} {what}, but {ENGLISH} has {english}"))
}

fn alike(a: &Block, b: &Block) -> bool {
    a.info == b.info && code(a) == code(b)
}

/// The lines without their comments; a line that is nothing else vanishes.
fn code(block: &Block) -> Vec<String> {
    let marker = match block.language() {
        "rust" | "no_run" | "json" | "jsonc" => "//",
        "sh" | "bash" | "console" | "shell" | "toml" | "yaml" => "#",
        _ => {
            return block.code.lines().map(|line| line.trim_end().to_owned()).collect();
        }
    };
    block
        .code
        .lines()
        .map(|line| without_comment(line, marker).trim_end().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

/// Cuts at the marker where it stands at the start or behind a space, and outside of quotes: the
/// `//` of an address and the `#` of an App Key are no comments.
fn without_comment<'a>(line: &'a str, marker: &str) -> &'a str {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' => quote = Some(c),
            None if before == ' ' && line[at..].starts_with(marker) => return &line[..at],
            _ => {}
        }
        before = c;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(english: &str, chinese: &str) -> Vec<String> {
        let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
        check(&[file(ENGLISH, english), file(CHINESE, chinese)])
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    const ENGLISH_TEXT: &str = "# A\n\n## B\n\n```rust\n// Asks.\nlet a = \"http://x\"; // there\n```\n\n\
                                ```console\n$ go a#b # now\nout\n```\n";

    #[test]
    fn a_translation_may_change_words_and_comments() {
        let chinese = "# 甲\n\n## 乙\n\n```rust\nlet a = \"http://x\"; // 那里\n```\n\n\
                       ```console\n$ go a#b\nout\n```\n";
        assert_eq!(problems(ENGLISH_TEXT, chinese), Vec::<String>::new());
    }

    #[test]
    fn another_structure_is_found() {
        assert_eq!(problems("# A\n\n## B\n", "# 甲\n\n### 乙\n").len(), 1);
        assert_eq!(problems("# A\n\n## B\n", "# 甲\n").len(), 1);
    }

    #[test]
    fn other_code_is_found() {
        for (from, to) in
            [("http://x", "http://y"), ("a#b", "a#c"), ("out", "aus"), ("rust", "rust,no_run")]
        {
            assert_eq!(problems(ENGLISH_TEXT, &ENGLISH_TEXT.replace(from, to)).len(), 1, "{to}");
        }
        let shorter = ENGLISH_TEXT.split("```console").next().unwrap();
        assert_eq!(problems(ENGLISH_TEXT, shorter).len(), 1);
    }
}

//! Rust files: size, name, first line, first sentences.

use super::SourceFile;
use crate::problem::Problem;

/// Names that say nothing about a file's job.
const EMPTY_NAMES: [&str; 7] = ["utils", "util", "helpers", "helper", "types", "common", "misc"];
const MOST_LINES: usize = 400;
const MOST_WORDS: usize = 20;

pub(super) fn check(file: &SourceFile) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut problem = |line, text: String| problems.push(Problem::new(&file.path, line, text));
    let first = file.text.lines().next().unwrap_or_default();
    if first.strip_prefix("//!").is_none_or(|job| job.trim().is_empty()) {
        problem(1, "must begin with `//!` and the file's one job".to_owned());
    }
    let lines = file.text.lines().count();
    if lines > MOST_LINES {
        problem(0, format!("has {lines} lines, at most {MOST_LINES}; split it"));
    }
    for part in file.path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part)) {
        if EMPTY_NAMES.contains(&part) {
            problem(0, format!("`{part}` names no job; name what is in it"));
        }
    }
    for (line, words) in long_first_sentences(&file.text) {
        problem(line, format!("first sentence of {words} words, at most {MOST_WORDS}; split it"));
    }
    problems
}

/// Returns the line and length of each first sentence of a doc comment that is too long.
fn long_first_sentences(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut sentence: Option<(usize, String)> = None;
    let mut in_comment = false;
    for (index, line) in text.lines().chain([""]).enumerate() {
        let doc = doc_text(line);
        if doc.is_some() && !in_comment {
            sentence = Some((index + 1, String::new()));
        }
        in_comment = doc.is_some();
        let Some((start, words)) = &mut sentence else { continue };
        let part = doc.map_or("", str::trim);
        let ends = [". ", "! ", "? ", "。"].iter().filter_map(|end| part.find(end)).min();
        words.push(' ');
        words.push_str(&part[..ends.unwrap_or(part.len())]);
        if ends.is_some() || part.is_empty() || part.ends_with(['.', '!', '?', '。', ':']) {
            let count = words.split_whitespace().count();
            if count > MOST_WORDS {
                found.push((*start, count));
            }
            sentence = None;
        }
    }
    found
}

pub(super) fn doc_text(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile::new(path, text);
        check(&file).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_missing_first_line_a_long_file_and_an_empty_name_are_found() {
        assert!(problems("crates/a/src/token_types.rs", "//! Job.\n").is_empty());
        for text in ["", "fn f() {}\n", "//!\n", "\n//! Late.\n", "// Not a module comment.\n"] {
            assert_eq!(problems("crates/a/src/a.rs", text).len(), 1, "{text:?}");
        }
        let long = "//! Job.\n".to_owned() + &"// x\n".repeat(400);
        assert!(problems("crates/a/src/a.rs", &long)[0].contains("401 lines"));
        assert_eq!(problems("crates/a/src/utils.rs", "//! Job.\n").len(), 1);
        assert_eq!(problems("crates/a/tests/common/mod.rs", "//! Job.\n").len(), 1);
    }

    #[test]
    fn a_first_sentence_over_twenty_words_is_found() {
        let twenty = "word ".repeat(19) + "word";
        let file = |first: &str| {
            format!("//! Job.\n\n/// {first}.\n/// {twenty} {twenty}.\nfn f() {{}}\n")
        };
        assert!(problems("crates/a/src/a.rs", &file(&twenty)).is_empty());
        let long = twenty.replacen("word word", "word\n/// word", 1) + " word";
        let found = problems("crates/a/src/a.rs", &file(&long));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("a.rs:3: first sentence of 21 words"), "{found:?}");
    }
}

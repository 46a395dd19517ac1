//! Words in code, help and documents: replaced terms, and half-width punctuation beside Han.

use super::SourceFile;
use super::markdown::paragraphs;
use super::rust::doc_text;
use crate::problem::Problem;

const LIST: &str = include_str!("words.txt");
/// The page that may name what was renamed, and our own tests.
const EXEMPT: [&str; 2] = ["CHANGELOG.md", "xtask/src/tidy/prose.rs"];

/// A term that is not used any more.
pub(super) struct Word {
    old: &'static str,
    new: &'static str,
    /// Found whole and in any case.
    whole: bool,
}

pub(super) fn read_words() -> Vec<Word> {
    let lines = LIST.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(" => "));
    let whole = |old: &str| old.is_ascii() && !old.contains(char::is_uppercase);
    pairs.map(|(old, new)| Word { old, new, whole: whole(old) }).collect()
}

pub(super) fn check(file: &SourceFile, words: &[Word]) -> Vec<Problem> {
    let searched = ["rs", "md", "toml", "sh"].iter().any(|it| file.has_extension(it));
    if !searched || EXEMPT.contains(&file.path.as_str()) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    // Most files contain no word of the list, not even the start of one.
    let all = file.text.to_lowercase();
    let starts =
        |word: &&Word| all.contains(&word.old.split(' ').next().unwrap_or_default().to_lowercase());
    let words: Vec<_> = words.iter().filter(starts).collect();
    let lines: Vec<&str> = if words.is_empty() { Vec::new() } else { file.text.lines().collect() };
    for (index, line) in lines.iter().enumerate() {
        // Words may go on in the next line of the text or comment.
        let next =
            lines.get(index + 1).unwrap_or(&"").trim_start_matches([' ', '/', '!', '>', '#']);
        let text = format!("{line} {next}");
        let lower = text.to_lowercase();
        for word in words.iter().filter(|word| starts_in(line.len(), &text, &lower, word)) {
            let text = format!("`{}`: write {}", word.old, word.new);
            problems.push(Problem::new(&file.path, index + 1, text));
        }
    }
    let half_width = if file.has_extension("md") {
        let paragraphs = paragraphs(&file.text);
        problems.extend(paragraphs.iter().flatten().filter(|(c, _)| *c == '*').map(|(_, line)| {
            // Emphasis must not begin or end with punctuation if a letter is on the other side.
            let text =
                "a `*` that readers see as such: put the punctuation outside of the emphasis";
            Problem::new(&file.path, *line, text)
        }));
        paragraphs.iter().flat_map(|it| half_width(it)).collect()
    } else if file.has_extension("rs") {
        half_width_in_rust(&file.text)
    } else {
        Vec::new()
    };
    problems.extend(half_width.into_iter().map(|(line, c, full)| {
        Problem::new(&file.path, line, format!("half-width `{c}` beside Han: write `{full}`"))
    }));
    problems
}

/// Whether the word starts in the first `limit` bytes of the text.
fn starts_in(limit: usize, text: &str, lower: &str, word: &Word) -> bool {
    let text = if word.whole { lower } else { text };
    text.match_indices(word.old).any(|(at, _)| {
        let end = at + word.old.len();
        let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let bounded = free(text[..at].chars().next_back()) && free(text[end..].chars().next());
        at < limit && (bounded || !word.whole)
    })
}

/// Doc comments and the contents of strings, a line at a time.
fn half_width_in_rust(text: &str) -> Vec<(usize, char, char)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_ascii()) {
        let strings = line.split('"').skip(1).step_by(2).collect();
        for text in doc_text(line).map_or(strings, |text| vec![text]) {
            found.extend(half_width(&text.chars().map(|c| (c, index + 1)).collect::<Vec<_>>()));
        }
    }
    found
}

/// Returns the line, the half-width character and its full-width form.
///
/// In a Chinese paragraph, a Han character on either side counts, a space apart or not. In an English
/// one, which may name a Chinese term in brackets, both neighbours must be Han.
fn half_width(paragraph: &[(char, usize)]) -> Vec<(usize, char, char)> {
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let at = |index: usize| paragraph.get(index).map_or(' ', |(c, _)| *c);
    let han = paragraph.iter().filter(|(c, _)| is_han(*c)).count();
    let text: String = paragraph.iter().map(|(c, _)| *c).collect();
    let latin = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|it| !it.is_empty()).count();
    let chinese = han >= latin;
    let mut found = Vec::new();
    for (index, &(c, line)) in paragraph.iter().enumerate() {
        let Some(position) = ",:;!?()".find(c) else { continue };
        let before = at(index.wrapping_sub(1));
        let after = at(index + 1);
        let near = |next: char, far: char| is_han(next) || next == ' ' && is_han(far);
        let beside = if chinese {
            near(before, at(index.wrapping_sub(2))) || near(after, at(index + 2))
        } else {
            is_han(before) && is_han(after)
        };
        if beside {
            found.push((line, c, "，：；！？（）".chars().nth(position).unwrap_or(c)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> Vec<String> {
        let word = |old, whole| Word { old, new: "that", whole };
        let words = [word("old word", true), word("OldName", false), word("旧词", false)];
        let file = SourceFile::new(path, text);
        check(&file, &words).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_replaced_word_is_found_with_its_line() {
        for text in ["an Old word.", "// an old\n// word", "MyOldNames", "这个旧词"] {
            let found = problems("a.md", &format!("first\n{text}\n"));
            assert_eq!(found.len(), 1, "{text}");
            assert!(
                found[0].starts_with("a.md:2: ") && found[0].ends_with("write that"),
                "{found:?}"
            );
        }
        assert!(problems("a.md", "an old wording, oldname, a bold word").is_empty());
        assert!(problems("CHANGELOG.md", "an old word").is_empty());
    }

    #[test]
    fn the_list_is_read() {
        let words = read_words();
        assert!(words.len() > 25);
        assert!(
            words
                .iter()
                .any(|word| word.old == "leans on" && word.new == "depends on" && word.whole)
        );
        assert!(words.iter().any(|word| word.old == "应答" && !word.whole));
    }

    #[test]
    fn half_width_punctuation_and_emphasis_beside_han_are_found() {
        for text in [
            "**设置“令牌”**对它有效",
            "获取令牌,然后",
            "见 `README`: 说明如下",
            "状态码 (`401`)",
            "| 令牌(token) | 好的 |\n|---|---|",
        ] {
            assert!(!problems("a.md", text).is_empty(), "{text}");
        }
        assert_eq!(problems("a.rs", "/// 令牌,好\nfn f() { g(\"令牌:好\") }").len(), 2);
        assert!(problems("a.rs", "// 令牌,好\n/// 令牌，好\nfn f() {}").is_empty());
    }

    #[test]
    fn code_links_and_chinese_names_in_english_are_left_alone() {
        for text in [
            "`令牌(x)` [令牌](#令牌)，好",
            "Tokens of Easemob (环信) for any application.",
            "```text\n令牌,好\n```",
        ] {
            assert!(problems("a.md", text).is_empty(), "{text}");
        }
    }
}

//! Rust files: the first line says the file's one job, and nothing is silenced without a reason.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::SourceFile;
use crate::failure::Problem;
use crate::rust_source::{attributes, tokens};

/// Names that say nothing of a job.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "types", "common", "misc"];

pub(super) fn check(file: &SourceFile) -> Vec<Problem> {
    let problem = |line, text: String| Problem::new(&file.path, line, text);
    let mut problems = Vec::new();
    let first = file.text.lines().next().unwrap_or_default();
    if first.strip_prefix("//!").is_none_or(|job| job.trim().is_empty()) {
        problems.push(problem(1, "does not begin with `//!` and the file's one job".to_owned()));
    }
    for part in file.path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part)) {
        if EMPTY_NAMES.contains(&part) {
            problems.push(problem(0, format!("`{part}` names no job; name what is in it")));
        }
    }
    match tokens(&file.text) {
        Ok(stream) => {
            for attribute in attributes(&stream) {
                let silenced = without_reason(&attribute.content);
                problems.extend(silenced.into_iter().map(|text| problem(attribute.line, text)));
            }
        }
        Err(line) => problems.push(problem(line, "is no Rust from here on".to_owned())),
    }
    for (index, line) in file.text.lines().enumerate() {
        if is_ignored_example(line) {
            let text = "an ignored example is never tested: `no_run` compiles it, `text` is honest";
            problems.push(problem(index + 1, text.to_owned()));
        }
    }
    problems
}

/// What an attribute switches off without saying why, also inside of `cfg_attr`.
fn without_reason(attribute: &TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = attribute.clone().into_iter().collect();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let next = tokens.get(index + 1);
        match (token, next) {
            (TokenTree::Ident(name), Some(TokenTree::Group(arguments)))
                if (name == "allow" || name == "expect")
                    && arguments.delimiter() == Delimiter::Parenthesis
                    && !has_reason(&arguments.stream()) =>
            {
                found.push(format!("`{name}({})` without a reason", arguments.stream()));
            }
            (TokenTree::Ident(name), Some(TokenTree::Group(arguments))) if name == "cfg_attr" => {
                found.extend(without_reason(&arguments.stream()));
            }
            (TokenTree::Ident(name), next) if name == "ignore" => {
                let given = matches!(next, Some(TokenTree::Punct(p)) if p.as_char() == '=');
                if !given {
                    found.push("`ignore` without a reason".to_owned());
                }
            }
            _ => {}
        }
    }
    found
}

fn has_reason(arguments: &TokenStream) -> bool {
    arguments.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(i) if i == "reason"))
}

fn is_ignored_example(line: &str) -> bool {
    let comment = line.trim_start();
    let Some(text) = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!")) else {
        return false;
    };
    let info = text.trim_start().strip_prefix("```").unwrap_or_default();
    info.split([',', ' ']).any(|word| word == "ignore" || word.starts_with("ignore-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(path: &str, text: &str) -> Vec<String> {
        let file = SourceFile { path: path.to_owned(), text: text.to_owned() };
        check(&file).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_file_is_left_alone() {
        let text = "//! The one job.\n\
                    #[allow(dead_code, reason = \"read by a macro\")]\nfn f() {}\n\
                    #[test]\n#[ignore = \"needs a network\"]\nfn g() {}\n\
                    fn ignore(expect: u8) -> Option<u8> { Some(expect) } // #[allow(x)]\n\
                    const A: &str = \"#[ignore]\";\n";
        assert_eq!(problems("crates/core/src/a.rs", text), Vec::<String>::new());
    }

    #[test]
    fn the_first_line_must_say_the_job() {
        for text in ["", "fn f() {}\n", "//!\n", "\n//! Late.\n", "// Not a module comment.\n"] {
            assert_eq!(problems("crates/a/src/a.rs", text).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn everything_silenced_needs_its_reason() {
        for line in [
            "#[allow(dead_code)]",
            "#![allow(unused)]",
            "#[expect(clippy::unwrap_used)]",
            "#[cfg_attr(windows, allow(dead_code))]",
            "#[ignore]",
            "#[cfg_attr(windows, ignore)]",
        ] {
            let found =
                problems("crates/a/src/a.rs", &format!("//! Job.\n\n{line}\nfn f() {{}}\n"));
            assert_eq!(found.len(), 1, "{line}");
            assert!(found[0].starts_with("crates/a/src/a.rs:3: "), "{found:?}");
        }
    }

    #[test]
    fn an_ignored_example_is_found() {
        for info in ["ignore", "rust,ignore", "ignore-windows"] {
            let text = format!("//! Job.\n\n/// ```{info}\n/// f();\n/// ```\nfn f() {{}}\n");
            assert_eq!(problems("crates/a/src/a.rs", &text).len(), 1, "{info}");
        }
        assert!(problems("crates/a/src/a.rs", "//! Job.\n//! ```no_run\n//! ```\n").is_empty());
    }

    #[test]
    fn names_without_a_job_are_refused() {
        assert_eq!(problems("crates/a/src/utils.rs", "//! Job.\n").len(), 1);
        assert_eq!(problems("crates/a/tests/common/mod.rs", "//! Job.\n").len(), 1);
        assert!(problems("crates/a/src/token_types.rs", "//! Job.\n").is_empty());
    }
}

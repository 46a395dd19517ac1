//! Names of bodies that are not JSON: a web page, plain text, nothing.

use serde::de::IgnoredAny;

/// The part of a body that is searched for characters that text does not have.
const SEARCHED: usize = 256;

/// The form of a body that neither is JSON nor looks like damaged JSON; no byte of it is quoted.
///
/// The service sends JSON. So a machine in between answered, or the base URL leads elsewhere.
pub(super) fn name(body: &str) -> Option<&'static str> {
    let body = without_prefix(body);
    match body.chars().next() {
        None => Some("the body is empty"),
        Some('<') => Some(
            "the body is a web page (HTML or XML), not JSON: a firewall, a proxy or a gateway answered",
        ),
        Some('{' | '[' | '"') => None,
        Some(_) if serde_json::from_str::<IgnoredAny>(body).is_ok() || !is_text(body) => None,
        Some(_) => Some(
            "the body is a page of plain text, not JSON: a firewall, a proxy or a gateway answered",
        ),
    }
}

/// The body without white space and byte order marks at its start.
pub(super) fn without_prefix(body: &str) -> &str {
    body.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

fn is_text(body: &str) -> bool {
    body.chars().take(SEARCHED).all(|c| !c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_from_damaged_json_and_from_compressed_bytes() {
        for (word, bodies) in [
            (
                "web page",
                &["<html>", "\u{feff}<!DOCTYPE html>", "\r\n <!-- x -->", "<?xml version='1.0'?>"]
                    [..],
            ),
            ("plain text", &["Forbidden", "404 page not found\n", "nul", "拒绝访问", "a\tb"]),
            ("empty", &["", " \r\n", "\u{feff}", "\u{3000}"]),
            (
                "",
                &["{", "[<html>", "\"a", "null", "5", " {}<html>", "\u{1f}\u{fffd}\u{8}\0", "a\0b"],
            ),
        ] {
            for body in bodies {
                let found = name(body).unwrap_or_default();
                assert!(found.contains(word), "{body:?}: {found}");
                assert_eq!(found.is_empty(), word.is_empty(), "{body:?}: {found}");
            }
        }
    }
}

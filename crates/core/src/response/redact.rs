//! Text of the service made fit for an error message: no secret, nothing unprintable, not long.

use std::borrow::Cow;
use std::fmt::Write;

/// What replaces a secret.
const MASK: &str = "***";
/// How access tokens, dynamic tokens, and client credentials of this service begin.
const PREFIXES: [&str; 3] = ["YWMt", "ZHQt", "YXA6"];
/// How much must follow a prefix for the whole to be taken for a credential.
const CREDENTIAL_LEN: usize = 16;
/// Shorter secrets are replaced only where they stand alone, since they occur by chance.
const SHORT: usize = 4;

/// At most `limit` characters of `text`, with every one of `secrets` and all that looks like a
/// credential of this service replaced, and control and direction characters escaped.
pub(super) fn clean(text: &str, limit: usize, secrets: &[Option<&str>]) -> String {
    let mut text = Cow::Borrowed(text);
    for secret in secrets.iter().flatten().filter(|secret| !secret.is_empty()) {
        replace(&mut text, secret);
        // A service that echoes what it received may echo it as JSON.
        let json = serde_json::to_string(secret).unwrap_or_default();
        if json.len() > secret.len() + 2 {
            replace(&mut text, &json[1..json.len() - 1]);
        }
    }
    escape(&without_credentials(&text), limit)
}

fn replace(text: &mut Cow<'_, str>, secret: &str) {
    if !text.contains(secret) {
        return;
    }
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    for (start, _) in text.match_indices(secret) {
        let end = start + secret.len();
        let alone = !text[..start].ends_with(char::is_alphanumeric)
            && !text[end..].starts_with(char::is_alphanumeric);
        if secret.len() >= SHORT || alone {
            clean.push_str(&text[done..start]);
            clean.push_str(MASK);
            done = end;
        }
    }
    clean.push_str(&text[done..]);
    *text = Cow::Owned(clean);
}

fn without_credentials(text: &str) -> Cow<'_, str> {
    let starts = |text: &str| PREFIXES.iter().filter_map(|prefix| text.find(prefix)).min();
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '/' | '=');
    let mut clean = String::new();
    let mut rest = text;
    while let Some(start) = starts(rest) {
        let (before, credential) = rest.split_at(start);
        let end = credential.find(|c| !part(c)).unwrap_or(credential.len());
        clean.push_str(before);
        if end >= CREDENTIAL_LEN {
            clean.push_str(MASK);
        } else {
            clean.push_str(&credential[..end]);
        }
        rest = &credential[end..];
    }
    if clean.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

fn escape(text: &str, limit: usize) -> String {
    let mut clean = String::new();
    let mut length = 0;
    let mut piece = String::new();
    for c in text.chars() {
        piece.clear();
        match c {
            '\n' => piece.push_str("\\n"),
            '\r' => piece.push_str("\\r"),
            '\t' => piece.push_str("\\t"),
            c if c.is_control() || is_invisible(c) => {
                // Writing to a string does not fail.
                let _ = write!(piece, "\\u{{{:x}}}", u32::from(c));
            }
            c => piece.push(c),
        }
        let wide = piece.chars().count();
        if length + wide > limit.saturating_sub(1) {
            clean.push('…');
            break;
        }
        clean.push_str(&piece);
        length += wide;
    }
    clean
}

/// Characters that hide text or change its direction, and the two line breaks beyond ASCII.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_raw_and_json_escaped() {
        let secret = "pass\"word\\1";
        let text = r#"bad pass"word\1 in {"password":"pass\"word\\1"}"#;
        assert_eq!(clean(text, 512, &[Some(secret)]), r#"bad *** in {"password":"***"}"#);
    }

    #[test]
    fn a_short_secret_is_replaced_where_it_stands_alone() {
        assert_eq!(clean("password '1' at 11:01", 512, &[Some("1")]), "password '***' at 11:01");
    }

    #[test]
    fn what_looks_like_a_credential_is_replaced() {
        let text =
            "token YWMtrR6ECkz8Eeyx6Y9j1eX9kbsM, id YXA6i-Ak8Ol4Eei2l11ZjV-EAg; YWMt is a prefix";
        assert_eq!(clean(text, 512, &[]), "token ***, id ***; YWMt is a prefix");
        assert_eq!(clean("YXA6YWMtYXA6YWMtYXA6", 512, &[]), "***");
    }

    #[test]
    fn text_is_escaped_and_cut() {
        assert_eq!(clean("\u{1b}[31mred\u{202e}\n", 512, &[]), "\\u{1b}[31mred\\u{202e}\\n");
        let long = clean(&"环".repeat(2000), 512, &[]);
        assert_eq!((long.chars().count(), long.ends_with('…')), (512, true));
        assert_eq!(clean(&"a".repeat(511), 512, &[]), "a".repeat(511));
    }

    #[test]
    fn a_secret_across_the_cut_leaves_no_part() {
        let text = format!("{}hunter2hunter2", "a".repeat(505));
        assert!(!clean(&text, 512, &[Some("hunter2hunter2")]).contains("hun"));
    }
}

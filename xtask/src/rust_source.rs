//! Rust files as tokens, so that comments and strings are never taken for code.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The tokens of a file, or the line where they cease to be tokens.
pub(crate) fn tokens(text: &str) -> Result<TokenStream, usize> {
    // A shebang is no token; none of ours has one, and rustc would take it.
    text.parse::<TokenStream>().map_err(|error| error.span().start().line)
}

/// One attribute: the line of its `#` and what stands in the brackets.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) line: usize,
    pub(crate) content: TokenStream,
}

/// Every attribute at whatever depth, those of macros' arguments among them.
pub(crate) fn attributes(stream: &TokenStream) -> Vec<Attribute> {
    let mut found = Vec::new();
    collect_attributes(stream, &mut found);
    found
}

fn collect_attributes(stream: &TokenStream, found: &mut Vec<Attribute>) {
    let mut tokens = stream.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(hash) if hash.as_char() == '#' => {
                if matches!(tokens.peek(), Some(TokenTree::Punct(p)) if p.as_char() == '!') {
                    tokens.next();
                }
                if let Some(brackets) = tokens.peek().and_then(brackets) {
                    let line = hash.span().start().line;
                    found.push(Attribute { line, content: brackets.stream() });
                    tokens.next();
                }
            }
            TokenTree::Group(group) => collect_attributes(&group.stream(), found),
            _ => {}
        }
    }
}

fn brackets(token: &TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some(group.clone()),
        _ => None,
    }
}

/// An identifier outside of test code, with the tokens around it that say how it is used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) line: usize,
    pub(crate) name: String,
    /// `name::`
    pub(crate) opens_path: bool,
    /// `crate::name`, `self::name`, `super::name`
    pub(crate) is_local: bool,
}

/// Every identifier but those under `#[cfg(test)]`.
pub(crate) fn names(stream: &TokenStream) -> Vec<Name> {
    let mut found = Vec::new();
    collect_names(stream, &mut found);
    found
}

fn collect_names(stream: &TokenStream, found: &mut Vec<Name>) {
    let tokens: Vec<TokenTree> = stream.clone().into_iter().collect();
    let is_punct = |index: usize, c: char| matches!(tokens.get(index), Some(TokenTree::Punct(p)) if p.as_char() == c);
    let is_colons = |index: usize| is_punct(index, ':') && is_punct(index + 1, ':');
    let mut index = 0;
    while index < tokens.len() {
        match &tokens[index] {
            TokenTree::Punct(_) if is_punct(index, '#') && is_cfg_test(tokens.get(index + 1)) => {
                index = end_of_item(&tokens, index + 2);
                continue;
            }
            TokenTree::Ident(ident) => {
                let before = index.checked_sub(3).filter(|&start| is_colons(start + 1));
                let is_local = before.is_some_and(|start| {
                    matches!(&tokens[start], TokenTree::Ident(root)
                        if ["crate", "self", "super"].iter().any(|word| root == word))
                });
                found.push(Name {
                    line: ident.span().start().line,
                    name: ident.to_string(),
                    opens_path: is_colons(index + 1),
                    is_local,
                });
            }
            TokenTree::Group(group) => collect_names(&group.stream(), found),
            _ => {}
        }
        index += 1;
    }
}

fn is_cfg_test(token: Option<&TokenTree>) -> bool {
    let content = token.and_then(brackets).map(|group| group.stream().to_string());
    content.is_some_and(|content| content.replace(' ', "") == "cfg(test)")
}

/// Where the item that starts at `index` is over: after its braces or its semicolon.
fn end_of_item(tokens: &[TokenTree], index: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    tokens[index..].iter().position(ends).map_or(tokens.len(), |length| index + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(text: &str) -> Vec<String> {
        names(&tokens(text).unwrap()).into_iter().map(|name| name.name).collect()
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(
            names_in("// hyper\n/* tokio */ const A: &str = r#\"isahc\"#;"),
            ["const", "A", "str"]
        );
    }

    #[test]
    fn test_code_is_left_out_and_what_follows_is_not() {
        let text = "#[cfg(test)] mod tests { use tokio::test; } #[cfg(test)] use a::b; fn c() {}";
        assert_eq!(names_in(text), ["fn", "c"]);
        assert!(names_in("#[cfg(not(test))] fn d() {}").contains(&"d".to_owned()));
    }

    #[test]
    fn a_path_is_told_from_a_name_and_a_foreign_one_from_our_own() {
        let all = names(&tokens("fn hyper() { crate::hyper::f(); a::hyper::g() }").unwrap());
        let hyper: Vec<_> = all
            .into_iter()
            .filter(|name| name.name == "hyper")
            .map(|name| (name.opens_path, name.is_local))
            .collect();
        assert_eq!(hyper, [(false, false), (true, true), (true, false)]);
    }

    #[test]
    fn attributes_are_found_at_any_depth_with_their_line() {
        let text = "#![a]\nfn f() {\n    #[b(c)]\n    let x = m! { #[d] };\n}\n";
        let found: Vec<_> = attributes(&tokens(text).unwrap())
            .into_iter()
            .map(|attribute| (attribute.line, attribute.content.to_string()))
            .collect();
        let expected = [(1, "a"), (3, "b (c)"), (4, "d")].map(|(n, text)| (n, text.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_rust_is_told_with_its_line() {
        assert_eq!(tokens("fn f() {\n}\n}\n").unwrap_err(), 3);
    }
}

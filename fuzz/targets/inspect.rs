//! Any text as a pasted token: its contents are read or it is named, and no part of it is shown.
#![no_main]

use easemob_token_core::inspect::{PastedText, inspect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let pasted = PastedText::parse(text);
    let (token, shown) = (pasted.token(), format!("{pasted:?} {}", pasted.kind()));
    assert!(token.len() < 20 || !shown.contains(token));
    // The token alone is what it was in the text.
    assert!(token.is_empty() || PastedText::parse(token).token().len() <= token.len());
    let Some(read) = inspect(text) else { return };
    // The token has the known length, and its digest is not shown.
    assert_eq!(token.len(), 130);
    assert!(!format!("{read:?}").contains(&token[88..]));
});

//! A character that does not belong in a text: its name, its place and the remedy.

use std::fmt;

/// A character that does not belong in a text, such as a line end in an ID.
///
/// `Display` names it by code point and place, as in `U+00A0 (no-break space) at character 5`; the
/// first character of the text is number 1. Nothing shows the characters around it, since the text may
/// be a secret.
///
/// ```
/// use easemob_token_host::OddCharacter;
///
/// let problem = |text| OddCharacter::first_in(text).map(|odd| odd.problem("copy it again"));
/// assert_eq!(
///     problem("org＃app").as_deref(),
///     Some("has U+FF03 (full-width #) at character 4; write # (U+0023)"),
/// );
/// assert_eq!(
///     problem("YXA6VunqiNxo\n").as_deref(),
///     Some("ends with U+000A (line feed) at character 13; remove it"),
/// );
/// assert_eq!(problem("YXA6VunqiNxo"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OddCharacter {
    character: char,
    position: usize,
    place: Place,
}

/// The part of the text in which the character is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the beginning, and nobody sees it.
    Start,
    Inside,
    /// At the end.
    End,
    /// Nobody sees it or what follows, up to the end.
    Tail,
    /// The text has nothing that anybody sees.
    Everywhere,
    /// It and the last character are quotes around the text.
    Quotes,
}

impl OddCharacter {
    /// The first character that is not visible ASCII (U+0021 to U+007E), or quotes around the text.
    #[must_use]
    pub fn first_in(text: &str) -> Option<Self> {
        // Almost every text passes. One pass without a branch in it, which the compiler vectorizes.
        let is_visible = text.bytes().fold(true, |ok, b| ok & b.is_ascii_graphic());
        if is_visible && opening_quote(text).is_none() {
            return None;
        }
        Self::find(text, |c| c.is_ascii_graphic())
    }

    /// The first character that nobody sees, except for spaces between others, or quotes around the
    /// text.
    #[must_use]
    pub fn first_hidden_in(text: &str) -> Option<Self> {
        Self::find(text, |c| c == ' ' || !is_blank(c)).or_else(|| Self::at_an_end(text))
    }

    /// The first character that is not allowed, or quotes around the text.
    pub fn find(text: &str, is_allowed: impl Fn(char) -> bool) -> Option<Self> {
        let quotes = opening_quote(text).map(|character| Self {
            character,
            position: 1,
            place: Place::Quotes,
        });
        quotes.or_else(|| {
            let (index, character) = text.chars().enumerate().find(|&(_, c)| !is_allowed(c))?;
            Some(Self::at(text, index, character))
        })
    }

    /// The first of the characters that nobody sees at the beginning of the text, or else at its end.
    ///
    /// A password may have them on purpose. A warning is in place nevertheless, since it mostly got them
    /// by mistake.
    #[must_use]
    pub fn at_an_end(text: &str) -> Option<Self> {
        let first = text.chars().next().filter(|&c| is_blank(c)).map(|c| (0, c));
        let tail = || {
            let visible = text.trim_end_matches(is_blank);
            let character = text[visible.len()..].chars().next()?;
            Some((visible.chars().count(), character))
        };
        let (index, character) = first.or_else(tail)?;
        Some(Self::at(text, index, character))
    }

    fn at(text: &str, index: usize, character: char) -> Self {
        let mut after = text.chars().skip(index + 1);
        let is_last = after.clone().next().is_none();
        let place = match is_blank(character) {
            true if after.all(is_blank) => match index {
                0 => Place::Everywhere,
                _ if is_last => Place::End,
                _ => Place::Tail,
            },
            true if index == 0 => Place::Start,
            false if is_last => Place::End,
            _ => Place::Inside,
        };
        Self { character, position: index + 1, place }
    }

    /// The character.
    #[must_use]
    pub fn character(self) -> char {
        self.character
    }

    /// Its place in the text, counted in characters from 1.
    #[must_use]
    pub fn position(self) -> usize {
        self.position
    }

    /// The same character in a longer text, with so many characters before this one.
    #[must_use]
    pub fn moved_by(self, characters: usize) -> Self {
        let place = match self.place {
            Place::Start | Place::Everywhere if characters > 0 => Place::Inside,
            place => place,
        };
        Self { position: self.position.saturating_add(characters), place, ..self }
    }

    /// The problem and its remedy, to follow the name of the setting: `has U+… at character 5; remove it`.
    ///
    /// `otherwise` is the remedy for a character that is neither hidden, nor a quote, nor a known
    /// variant of an ASCII character.
    #[must_use]
    pub fn problem(self, otherwise: &str) -> String {
        let verb = match self.place {
            Place::Start => "begins with",
            Place::Inside => "has",
            Place::End | Place::Tail => "ends with",
            Place::Everywhere => "has nothing but",
            Place::Quotes => return format!("is in quotes, {self}; remove them"),
        };
        let remedy = match self.place {
            Place::Everywhere => "write a value".into(),
            Place::Tail => "remove it and what follows".into(),
            _ if is_blank(self.character) || is_quote(self.character) => "remove it".into(),
            _ => match ascii_for(self.character) {
                // A sentence in which the text stood may have ended with it.
                Some(ascii) => {
                    let is_punctuation = ascii.is_ascii_punctuation();
                    let or = if self.place == Place::End && is_punctuation {
                        "remove it, or "
                    } else {
                        ""
                    };
                    format!("{or}write {ascii} (U+{:04X})", u32::from(ascii))
                }
                None => otherwise.to_owned(),
            },
        };
        format!("{verb} {self}; {remedy}")
    }
}

impl fmt::Display for OddCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { character, position, .. } = *self;
        write!(f, "U+{:04X}", u32::from(character))?;
        match (name(character), full_width(character)) {
            _ if character.is_ascii_graphic() => write!(f, " ({character})")?,
            (_, Some(ascii)) => write!(f, " (full-width {ascii})")?,
            (Some(name), None) => write!(f, " ({name})")?,
            (None, None) => {}
        }
        write!(f, " at character {position}")
    }
}

/// The name of a character that is not visible ASCII, if it is a common mistake.
fn name(c: char) -> Option<&'static str> {
    Some(match c {
        '\0' => "NUL",
        '\t' => "tab",
        '\n' => "line feed",
        '\r' => "carriage return",
        ' ' => "space",
        '\u{a0}' => "no-break space",
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "zero-width space",
        '\u{200c}' => "zero-width non-joiner",
        '\u{200d}' => "zero-width joiner",
        '\u{200e}' => "left-to-right mark",
        '\u{2010}' | '\u{2011}' => "typographic hyphen",
        '\u{2012}'..='\u{2015}' => "dash",
        '\u{2018}' | '\u{2019}' => "curly single quote",
        '\u{201c}' | '\u{201d}' => "curly double quote",
        '\u{2022}' => "bullet",
        '\u{2026}' => "ellipsis",
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "direction mark",
        '\u{202f}' => "narrow no-break space",
        '\u{2060}' => "word joiner",
        '\u{2212}' => "minus sign",
        '\u{3000}' => "ideographic space",
        '\u{3001}' => "ideographic comma",
        '\u{3002}' => "ideographic full stop",
        '\u{feff}' => "byte order mark",
        '\u{fffd}' => "replacement character: the text was not UTF-8",
        c if c.is_control() => "control character",
        c if c.is_whitespace() => "white space",
        c if is_invisible(c) => "invisible",
        // They look like Latin letters.
        '\u{370}'..='\u{3ff}' => "Greek letter",
        '\u{400}'..='\u{4ff}' => "Cyrillic letter",
        _ => return None,
    })
}

/// The ASCII character of which this is the full-width form.
fn full_width(c: char) -> Option<char> {
    let offset = u32::from(c).checked_sub(0xff01)?;
    char::from_u32(offset + 0x21).filter(char::is_ascii_graphic)
}

/// The ASCII character that is meant by one that looks like it.
fn ascii_for(c: char) -> Option<char> {
    Some(match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' => '-',
        '\u{3001}' | '\u{fe50}' => ',',
        '\u{3002}' | '\u{ff61}' | '\u{fe52}' | '\u{2024}' => '.',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{2236}' | '\u{fe55}' => ':',
        '\u{fe5f}' | '\u{266f}' => '#',
        '\u{fe66}' => '=',
        c => return full_width(c),
    })
}

/// The quote with which a text begins, if it ends with one as well.
fn opening_quote(text: &str) -> Option<char> {
    let mut inner = text.chars();
    let (first, last) = (inner.next()?, inner.next_back()?);
    // ASCII quotes are the same on both sides; of the others one may be turned wrongly.
    let is_pair = first == last || !(first.is_ascii() || last.is_ascii());
    (is_pair && is_quote(first) && is_quote(last)).then_some(first)
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '`' | '«' | '»' | '\u{2018}'
            ..='\u{201f}' | '‹' | '›' | '\u{ff02}' | '\u{ff07}'
    ) || matches!(c, '\u{300a}'..='\u{300f}' | '\u{301d}'..='\u{301f}')
}

/// Whether nobody sees the character, white space and control characters included.
fn is_blank(c: char) -> bool {
    c.is_control() || c.is_whitespace() || is_invisible(c)
}

/// Whether the character is shown as nothing, hides text or changes its direction.
///
/// These are the default-ignorable characters of Unicode, the line and the paragraph separator. Other
/// white space and control characters are not among them.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        OddCharacter::first_in(text).expect(text).problem("copy it again")
    }

    #[test]
    fn each_character_is_named_with_its_place_and_remedy() {
        for (character, named, remedy) in [
            ('\0', "U+0000 (NUL)", "remove it"),
            ('\t', "U+0009 (tab)", "remove it"),
            ('\u{1b}', "U+001B (control character)", "remove it"),
            ('\u{7f}', "U+007F (control character)", "remove it"),
            (' ', "U+0020 (space)", "remove it"),
            ('\u{a0}', "U+00A0 (no-break space)", "remove it"),
            ('\u{ad}', "U+00AD (soft hyphen)", "remove it"),
            ('\u{2003}', "U+2003 (white space)", "remove it"),
            ('\u{200b}', "U+200B (zero-width space)", "remove it"),
            ('\u{202e}', "U+202E (direction mark)", "remove it"),
            ('\u{e0041}', "U+E0041 (invisible)", "remove it"),
            ('“', "U+201C (curly double quote)", "remove it"),
            ('–', "U+2013 (dash)", "write - (U+002D)"),
            ('。', "U+3002 (ideographic full stop)", "write . (U+002E)"),
            ('！', "U+FF01 (full-width !)", "write ! (U+0021)"),
            ('Ａ', "U+FF21 (full-width A)", "write A (U+0041)"),
            ('\u{2215}', "U+2215", "write / (U+002F)"),
            ('\u{2236}', "U+2236", "write : (U+003A)"),
            ('\u{266f}', "U+266F", "write # (U+0023)"),
            ('\u{fe66}', "U+FE66", "write = (U+003D)"),
            ('、', "U+3001 (ideographic comma)", "write , (U+002C)"),
            ('～', "U+FF5E (full-width ~)", "write ~ (U+007E)"),
            ('\u{ff5f}', "U+FF5F", "copy it again"),
            ('а', "U+0430 (Cyrillic letter)", "copy it again"),
            ('环', "U+73AF", "copy it again"),
            ('é', "U+00E9", "copy it again"),
            ('\u{1f600}', "U+1F600", "copy it again"),
        ] {
            let expected = format!("has {named} at character 3; {remedy}");
            assert_eq!(problem(&format!("ab{character}c")), expected);
        }
        assert_eq!(OddCharacter::first_in("!\"#~a"), None);
    }

    #[test]
    fn what_nobody_sees_at_the_ends_is_said_to_be_there() {
        for (text, expected) in [
            ("\u{feff}ab", "begins with U+FEFF (byte order mark) at character 1; remove it"),
            ("ab\n", "ends with U+000A (line feed) at character 3; remove it"),
            (
                "ab\r\n",
                "ends with U+000D (carriage return) at character 3; remove it and what follows",
            ),
            ("ab\u{a0}c\n", "has U+00A0 (no-break space) at character 3; remove it"),
            (" \n", "has nothing but U+0020 (space) at character 1; write a value"),
            (
                "ab。",
                "ends with U+3002 (ideographic full stop) at character 3; remove it, or write . (U+002E)",
            ),
            ("ab１", "ends with U+FF11 (full-width 1) at character 3; write 1 (U+0031)"),
            ("ab…", "ends with U+2026 (ellipsis) at character 3; copy it again"),
        ] {
            assert_eq!(problem(text), expected);
        }
        for (text, position) in [(" a ", 1), ("a\t", 2), ("密 码\u{3000}\n", 4), ("\n", 1)] {
            assert_eq!(OddCharacter::at_an_end(text).expect(text).position(), position);
        }
        for text in ["", "p w", "密码", "\"a\""] {
            assert_eq!(OddCharacter::at_an_end(text), None);
        }
    }

    #[test]
    fn quotes_are_found_around_a_whole_text_only() {
        for text in
            ["\"ab\"", "'ab'", "`ab`", "“ab”", "”ab“", "‘ab’", "«ab»", "「ab」", "＂ab＂", "\"\""]
        {
            let problem = problem(text);
            assert!(problem.starts_with("is in quotes, U+"), "{text}: {problem}");
            assert!(problem.ends_with(" at character 1; remove them"), "{text}: {problem}");
        }
        for text in ["a\"b\"c", "\"ab", "ab'", "\"ab'", "\"", "'"] {
            assert_eq!(OddCharacter::first_in(text), None, "{text}");
        }
    }

    #[test]
    fn other_scripts_and_spaces_inside_are_not_hidden() {
        for text in ["a b", "张三", "é", "Ａ", "a\"b"] {
            assert_eq!(OddCharacter::first_hidden_in(text), None, "{text}");
        }
        for (text, position) in
            [("张\u{200b}三", 2), ("a\u{a0}b", 2), ("a ", 2), (" a", 1), ("'a'", 1)]
        {
            assert_eq!(OddCharacter::first_hidden_in(text).expect(text).position(), position);
        }
    }
}

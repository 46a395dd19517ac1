//! HTML character references: by name, in decimal, in hexadecimal.

use super::digits::number;

/// The names of ASCII characters, each followed by its character.
const ASCII: &[&str] = &[
    r##"excl! quot" QUOT" num# dollar$ percnt% amp& AMP& apos' lpar( rpar) ast* midast* plus+"##,
    r##"comma, period. sol/ colon: semi; lt< LT< equals= gt> GT> quest? commat@ lsqb[ lbrack["##,
    r##"bsol\ rsqb] rbrack] Hat^ lowbar_ UnderBar_ grave` DiacriticalGrave` lcub{ lbrace{"##,
    r##"verbar| vert| VerticalLine| rcub} rbrace}"##,
];
/// The names of U+00A0 to U+00FF, in this order.
const LATIN_1: &str = "\
    nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg \
    plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 \
    iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml \
    Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
    Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil \
    egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde \
    ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";
const LONGEST_NAME: usize = 16;

/// The character reference at the start of `rest`, and its length. The semicolon may be missing
/// after a number.
pub(super) fn read(rest: &[u8]) -> Option<(char, usize)> {
    let digits_at = match rest.get(1..3)? {
        b"#x" | b"#X" => 3,
        [b'#', _] => 2,
        _ => return named(rest),
    };
    let radix = if digits_at == 3 { 16 } else { 10 };
    let digits = &rest[digits_at..];
    let is_digit = |b: &u8| char::from(*b).is_digit(radix);
    let len = digits.iter().position(|b| !is_digit(b)).unwrap_or(digits.len());
    let c = char::from_u32(number(&digits[..len], radix)?)?;
    Some((c, digits_at + len + usize::from(digits.get(len) == Some(&b';'))))
}

fn named(rest: &[u8]) -> Option<(char, usize)> {
    let len = rest[1..].iter().take(LONGEST_NAME + 1).position(|b| *b == b';')?;
    let name = std::str::from_utf8(&rest[1..=len]).ok()?;
    let ascii = || {
        let mut known = ASCII.iter().flat_map(|line| line.split(' '));
        known.find_map(|known| known.strip_prefix(name)?.parse().ok())
    };
    let latin_1 = || LATIN_1.split(' ').zip('\u{a0}'..).find(|(known, _)| *known == name);
    Some((ascii().or_else(|| latin_1().map(|(_, c)| c))?, len + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_with_their_length() {
        for (text, c, len) in [
            ("&amp;x", '&', 5),
            ("&DiacriticalGrave;", '`', 18),
            ("&nbsp;", '\u{a0}', 6),
            ("&eacute;", 'é', 8),
            ("&yuml;", 'ÿ', 6),
            ("&#97;", 'a', 5),
            ("&#0000097;", 'a', 10),
            ("&#97 b", 'a', 4),
            ("&#x61;", 'a', 6),
            ("&#X0061g", 'a', 7),
            ("&#x1F600;", '😀', 9),
        ] {
            assert_eq!(read(text.as_bytes()), Some((c, len)), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_reference() {
        for text in
            ["&", "&;", "&#", "&#;", "&#x;", "&#xd800;", "&#99999999999;", "&nothing;", "&a"]
        {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}

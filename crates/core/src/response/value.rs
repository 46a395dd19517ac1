//! Names, flags and whole numbers in the forms in which a service may write them.

use std::borrow::Cow;

use super::member::{Member, Read};

/// A name or an identifier: text, or a whole number as text. Empty text counts as missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl Name<'_> {
    /// The text, empty if it is missing.
    pub(crate) fn text_of<'a>(name: Option<&'a Name<'_>>) -> &'a str {
        name.map_or("", |it| &it.0)
    }

    pub(crate) fn into_owned(self) -> Box<str> {
        self.0.into_owned().into_boxed_str()
    }

    fn new(text: Cow<'_, str>) -> Member<Name<'_>> {
        if text.is_empty() { Member::Missing } else { Member::Value(Name(text)) }
    }
}

impl<'de: 'a, 'a> Read<'de> for Name<'a> {
    fn borrowed(text: &'de str) -> Member<Self> {
        Self::new(Cow::Borrowed(text))
    }
    fn copied(text: &str) -> Member<Self> {
        Self::new(Cow::Owned(text.to_owned()))
    }
    fn integer(number: i128) -> Member<Self> {
        Self::new(Cow::Owned(number.to_string()))
    }
    fn float(number: f64) -> Member<Self> {
        exact(number).map(|number| Self(Cow::Owned(number.to_string()))).into()
    }
    fn number(text: &str) -> Member<Self> {
        let is_whole = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if is_whole { Self::copied(text) } else { text.parse().map_or(Member::Wrong, Self::float) }
    }
}

/// A whole number that this float stands for without doubt.
fn exact(number: f64) -> Option<i64> {
    const LARGEST: f64 = (1_u64 << 53) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within the range")]
    (number.fract() == 0.0 && number.abs() < LARGEST).then_some(number as i64)
}

/// Reads a flag in any form: `true`, `1`, `"true"`, `"1"`.
impl Read<'_> for bool {
    fn copied(text: &str) -> Member<Self> {
        match text.trim() {
            text if text.eq_ignore_ascii_case("true") || text == "1" => Member::Value(true),
            text if text.eq_ignore_ascii_case("false") || text == "0" => Member::Value(false),
            _ => Member::Wrong,
        }
    }
    fn integer(number: i128) -> Member<Self> {
        match number {
            0 => Member::Value(false),
            1 => Member::Value(true),
            _ => Member::Wrong,
        }
    }
    fn flag(flag: bool) -> Member<Self> {
        Member::Value(flag)
    }
    fn number(text: &str) -> Member<Self> {
        Self::copied(text)
    }
}

/// Reads a whole number in any form: `60`, `60.0`, `6e1`, `"60"`, `" 60.0"`. Beyond an `i64` it
/// saturates. Empty text counts as missing.
impl Read<'_> for i64 {
    fn copied(text: &str) -> Member<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Member::Missing;
        }
        let (negative, digits) = match text.as_bytes() {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let whole = digits.iter().try_fold(0_i64, |number, digit| {
            let digit = digit.is_ascii_digit().then(|| Self::from(digit - b'0'))?;
            let shifted = number.saturating_mul(10);
            Some(if negative {
                shifted.saturating_sub(digit)
            } else {
                shifted.saturating_add(digit)
            })
        });
        // Rust alone would also read `+1`, `.5`, `inf` and `nan`.
        let is_decimal = digits.first().is_some_and(u8::is_ascii_digit)
            && digits.iter().all(|b| b.is_ascii_digit() || b".eE+-".contains(b));
        match whole.filter(|_| !digits.is_empty()) {
            Some(number) => Member::Value(number),
            None if is_decimal => text.parse().map_or(Member::Wrong, Self::float),
            None => Member::Wrong,
        }
    }
    fn integer(number: i128) -> Member<Self> {
        let beyond = if number < 0 { Self::MIN } else { Self::MAX };
        Member::Value(Self::try_from(number).unwrap_or(beyond))
    }
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, as it should")]
    fn float(number: f64) -> Member<Self> {
        // `fract` of an infinity is NaN, so an infinity is refused as well.
        (number.fract() == 0.0).then_some(number as Self).into()
    }
    fn number(text: &str) -> Member<Self> {
        Self::copied(text)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde::de::value::{Error, MapDeserializer};

    use super::*;

    fn number(json: &str) -> Result<Option<i64>, &'static str> {
        serde_json::from_str::<Member<i64>>(json).expect(json).optional("wrong")
    }

    fn name(json: &str) -> Result<Option<String>, &'static str> {
        let name = serde_json::from_str::<Member<Name<'_>>>(json).expect(json);
        Ok(name.optional("wrong")?.map(|name| name.0.into_owned()))
    }

    #[test]
    fn a_whole_number_is_read_in_any_form() {
        for (json, read) in [
            ("0", 0),
            ("-0", 0),
            ("1024000", 1_024_000),
            ("\"1024000\"", 1_024_000),
            ("\"-1\"", -1),
            ("1024000.0", 1_024_000),
            ("1.024e6", 1_024_000),
            ("\"1024000.0\"", 1_024_000),
            ("\"1024000.00\"", 1_024_000),
            ("\"1.024e6\"", 1_024_000),
            ("\"-1.0\"", -1),
            ("\" 60\"", 60),
            ("\"60 \"", 60),
            ("\"\\t60\\r\\n\"", 60),
            ("\"\u{a0}60\u{3000}\"", 60),
            ("\"007\"", 7),
            ("-9223372036854775808", i64::MIN),
            ("\"-9223372036854775808\"", i64::MIN),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("18446744073709551616", i64::MAX),
            ("-99999999999999999999", i64::MIN),
            ("\"99999999999999999999\"", i64::MAX),
            ("\"-99999999999999999999\"", i64::MIN),
            ("\"99999999999999999999.0\"", i64::MAX),
        ] {
            assert_eq!(number(json), Ok(Some(read)), "{json}");
        }
    }

    #[test]
    fn a_fraction_or_a_word_is_no_whole_number() {
        for json in [
            "1.5",
            "\"-\"",
            "\"1.5\"",
            "\"60s\"",
            "\"+1\"",
            "\"1 2\"",
            "\"0x10\"",
            "\"1e400\"",
            "\"inf\"",
            "\"NaN\"",
            "\".5\"",
            "\"1,5\"",
            "\"1,024\"",
            "\"1_024\"",
            "\"--1\"",
            "\"１\"",
            "\"never\"",
            "true",
            "[1]",
            "{\"a\":1}",
        ] {
            assert_eq!(number(json), Err("wrong"), "{json}");
        }
        for json in ["null", "\"\"", "\" \""] {
            assert_eq!(number(json), Ok(None), "{json}");
        }
    }

    #[test]
    fn a_name_is_text_or_an_exact_whole_number() {
        for (json, read) in [
            ("\"c\"", "c"),
            ("\"\\u0063\"", "c"),
            ("13800138000", "13800138000"),
            ("13800138000.0", "13800138000"),
            ("1.3800138e10", "13800138000"),
            ("-7", "-7"),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            assert_eq!(name(json), Ok(Some(read.to_owned())), "{json}");
        }
        // A float of that size stands for several numbers.
        for json in ["18446744073709551616", "9007199254740993.0", "1.5", "true", "[]", "{}"] {
            assert_eq!(name(json), Err("wrong"), "{json}");
        }
        for json in ["null", "\"\""] {
            assert_eq!(name(json), Ok(None), "{json}");
        }
    }

    #[test]
    fn a_flag_may_be_a_number_or_text() {
        let flag = |json| serde_json::from_str::<Member<bool>>(json).expect(json).ok();
        for (json, read) in [
            ("true", Some(true)),
            ("1", Some(true)),
            ("\"true\"", Some(true)),
            ("\"True \"", Some(true)),
            ("\"1\"", Some(true)),
            ("false", Some(false)),
            ("0", Some(false)),
            ("\"FALSE\"", Some(false)),
            ("\"0\"", Some(false)),
            ("2", None),
            ("-1", None),
            ("\"yes\"", None),
            ("\"\"", None),
            ("null", None),
            ("[true]", None),
            ("{}", None),
        ] {
            assert_eq!(flag(json), read, "{json}");
        }
    }

    /// A number as it arrives with the feature `arbitrary_precision`.
    fn precise<'de, T: Read<'de>>(text: &'de str) -> Option<T> {
        let object = [("$serde_json::private::Number", text)];
        Member::<T>::deserialize(MapDeserializer::<_, Error>::new(object.into_iter())).unwrap().ok()
    }

    #[test]
    fn a_number_of_arbitrary_precision_is_read() {
        assert_eq!(precise::<i64>("1024000"), Some(1_024_000));
        assert_eq!(precise::<i64>("1.024e6"), Some(1_024_000));
        assert_eq!(precise::<i64>("99999999999999999999"), Some(i64::MAX));
        assert_eq!(precise::<i64>("1.5"), None);
        assert_eq!(precise::<bool>("0"), Some(false));
        let name = |text| precise::<Name<'_>>(text).map(|name| name.0.into_owned());
        assert_eq!(name("18446744073709551616").as_deref(), Some("18446744073709551616"));
        assert_eq!(name("7.0").as_deref(), Some("7"));
        assert_eq!(name("7.5"), None);
        assert!(precise::<Cow<'_, str>>("7").is_none());
    }
}

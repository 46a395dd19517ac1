//! Members of a JSON object, read without errors about their type.
//!
//! The errors of serde quote what they found, which may be a token here. So a member of the wrong type is
//! a value like any other, and the code that needs the member has a fixed phrase for the fault. Text is
//! borrowed from the body.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A member that is missing (or `null`), present, or of another type.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Member<T> {
    #[default]
    Missing,
    Value(T),
    Wrong,
}

impl<T> Member<T> {
    /// The value, if there is one; `fault` if the member is of another type.
    pub(crate) fn optional(self, fault: &'static str) -> Result<Option<T>, &'static str> {
        match self {
            Self::Missing => Ok(None),
            Self::Value(value) => Ok(Some(value)),
            Self::Wrong => Err(fault),
        }
    }

    /// The value, if there is one of the right type.
    pub(crate) fn ok(self) -> Option<T> {
        self.optional("").unwrap_or_default()
    }
}

impl Member<Cow<'_, str>> {
    /// The text, owned; `fault` if the member is not text.
    pub(crate) fn text(self, fault: &'static str) -> Result<Option<Box<str>>, &'static str> {
        Ok(self.optional(fault)?.map(|text| text.into_owned().into_boxed_str()))
    }
}

/// Conversion of each JSON value to a type; `None` means "of another type".
pub(crate) trait Read<'de>: Sized {
    fn borrowed(_text: &'de str) -> Option<Self> {
        None
    }
    fn copied(_text: &str) -> Option<Self> {
        None
    }
    fn integer(_number: i64) -> Option<Self> {
        None
    }
    fn float(_number: f64) -> Option<Self> {
        None
    }
    fn flag(_flag: bool) -> Option<Self> {
        None
    }
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<'de: 'a, 'a> Read<'de> for Cow<'a, str> {
    fn borrowed(text: &'de str) -> Option<Self> {
        Some(Cow::Borrowed(text))
    }
    fn copied(text: &str) -> Option<Self> {
        Some(Cow::Owned(text.to_owned()))
    }
}

impl Read<'_> for bool {
    fn flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

/// An object with the members of `T`; serde alone would also accept an array of their values.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Read<'de> for Object<T> {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|members| Some(Self(members)))
    }
}

/// Reads a whole number in any form: `60`, `60.0`, `"60"`. Beyond an `i64` it saturates.
impl<'de> Read<'de> for i64 {
    fn borrowed(text: &'de str) -> Option<Self> {
        Self::copied(text)
    }
    fn copied(text: &str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        if digits.is_empty() {
            return None;
        }
        digits.iter().try_fold(0_i64, |number, digit| {
            let digit = digit.is_ascii_digit().then(|| Self::from(digit - b'0'))?;
            let shifted = number.saturating_mul(10);
            Some(if negative {
                shifted.saturating_sub(digit)
            } else {
                shifted.saturating_add(digit)
            })
        })
    }
    fn integer(number: i64) -> Option<Self> {
        Some(number)
    }
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, as it should")]
    fn float(number: f64) -> Option<Self> {
        // `fract` of an infinity is NaN, so an infinity is refused as well.
        (number.fract() == 0.0).then_some(number as Self)
    }
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        // With the feature `arbitrary_precision` of serde_json, which any crate of the build may enable,
        // a number arrives as an object of this one member.
        let Some(key) = object.next_key::<Cow<'de, str>>()? else {
            return Ok(None);
        };
        let number = if key == "$serde_json::private::Number" {
            let text = object.next_value::<Cow<'de, str>>()?;
            Self::copied(&text).or_else(|| text.parse().ok().and_then(Self::float))
        } else {
            object.next_value::<IgnoredAny>()?;
            None
        };
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(number)
    }
}

impl<'de, T: Read<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor(PhantomData))
    }
}

struct MemberVisitor<T>(PhantomData<T>);

fn found<T, E>(value: Option<T>) -> Result<Member<T>, E> {
    Ok(value.map_or(Member::Wrong, Member::Value))
}

impl<'de, T: Read<'de>> Visitor<'de> for MemberVisitor<T> {
    type Value = Member<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        found(T::borrowed(text))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        found(T::copied(text))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        found(T::integer(number))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        found(T::integer(i64::try_from(number).unwrap_or(i64::MAX)))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        found(T::float(number))
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        found(T::flag(flag))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Member::Missing)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Wrong)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        found(T::object(map)?)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, MapDeserializer};

    use super::*;

    fn number(json: &str) -> Result<Option<i64>, &'static str> {
        serde_json::from_str::<Member<i64>>(json).expect(json).optional("wrong")
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
            ("-9223372036854775808", i64::MIN),
            ("\"-9223372036854775808\"", i64::MIN),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("18446744073709551616", i64::MAX),
            ("-99999999999999999999", i64::MIN),
            ("\"99999999999999999999\"", i64::MAX),
            ("\"-99999999999999999999\"", i64::MIN),
        ] {
            assert_eq!(number(json), Ok(Some(read)), "{json}");
        }
    }

    #[test]
    fn a_fraction_or_a_word_is_no_whole_number() {
        for json in [
            "1.5",
            "\"\"",
            "\"-\"",
            "\"1.5\"",
            "\"60s\"",
            "\"+1\"",
            "\" 1\"",
            "true",
            "[1]",
            "{\"a\":1}",
        ] {
            assert_eq!(number(json), Err("wrong"), "{json}");
        }
        assert_eq!(number("null"), Ok(None));
    }

    #[test]
    fn a_number_of_arbitrary_precision_is_read() {
        let read = |text: &'static str| {
            let object = [("$serde_json::private::Number", text)];
            Member::<i64>::deserialize(MapDeserializer::<_, Error>::new(object.into_iter()))
                .unwrap()
                .ok()
        };
        assert_eq!(read("1024000"), Some(1_024_000));
        assert_eq!(read("1.024e6"), Some(1_024_000));
        assert_eq!(read("99999999999999999999"), Some(i64::MAX));
        assert_eq!(read("1.5"), None);
    }

    #[test]
    fn plain_text_is_borrowed_and_escaped_text_is_copied() {
        let text = |json| serde_json::from_str::<Member<Cow<'_, str>>>(json).unwrap();
        assert!(matches!(text("\"abc\""), Member::Value(Cow::Borrowed("abc"))));
        assert!(matches!(text("\"a\\u0062c\""), Member::Value(Cow::Owned(text)) if text == "abc"));
        assert!(matches!(text("[[{\"a\":[1]}]]"), Member::Wrong));
    }
}

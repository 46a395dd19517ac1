//! Members of a JSON object, read without errors about their type.
//!
//! The errors of serde quote what they found, which may be a token here. So a member of the wrong type is
//! a value like any other, and the code that needs the member has a fixed phrase for the fault. Text is
//! borrowed from the body.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A member that is missing (or `null`), present, of another type, or there twice.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Member<T> {
    #[default]
    Missing,
    Value(T),
    Wrong,
    /// It occurs twice, with different values.
    Twice,
}

impl<T> Member<T> {
    /// The value, if there is one; `fault` if the member is of another type.
    pub(crate) fn optional(self, fault: &'static str) -> Result<Option<T>, &'static str> {
        match self {
            Self::Missing => Ok(None),
            Self::Value(value) => Ok(Some(value)),
            Self::Wrong => Err(fault),
            Self::Twice => Err("a member occurs twice, with different values"),
        }
    }

    /// The value, if there is one of the right type.
    pub(crate) fn ok(self) -> Option<T> {
        self.optional("").unwrap_or_default()
    }

    /// Adds another member of the same name, where the last value that can be read counts.
    pub(crate) fn replace(&mut self, other: Self) {
        if matches!(other, Self::Value(_)) {
            *self = other;
        }
    }

    /// Adds another member of the same name, which must not contradict the first.
    pub(crate) fn add(&mut self, other: Self)
    where
        T: PartialEq,
    {
        match (&*self, other) {
            (Self::Missing, other) => *self = other,
            (_, Self::Missing) => {}
            (Self::Value(one), Self::Value(other)) if *one == other => {}
            _ => *self = Self::Twice,
        }
    }
}

impl<T> From<Option<T>> for Member<T> {
    /// `None` is a value of another type.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Wrong, Self::Value)
    }
}

impl Member<Cow<'_, str>> {
    /// The text, owned; `fault` if the member is not text.
    #[cfg(feature = "dynamic")]
    pub(crate) fn text(self, fault: &'static str) -> Result<Option<Box<str>>, &'static str> {
        Ok(self.optional(fault)?.map(|text| text.into_owned().into_boxed_str()))
    }
}

/// Conversion of each JSON value to a type; by default a value is of another type.
pub(crate) trait Read<'de>: Sized {
    fn borrowed(text: &'de str) -> Member<Self> {
        Self::copied(text)
    }
    fn copied(_text: &str) -> Member<Self> {
        Member::Wrong
    }
    fn integer(_number: i128) -> Member<Self> {
        Member::Wrong
    }
    fn float(_number: f64) -> Member<Self> {
        Member::Wrong
    }
    fn flag(_flag: bool) -> Member<Self> {
        Member::Wrong
    }
    /// Reads the text of a number of arbitrary precision.
    fn number(_text: &str) -> Member<Self> {
        Member::Wrong
    }
    fn object<A: MapAccess<'de>>(object: A) -> Result<Member<Self>, A::Error> {
        Ok(number_text(object)?.map_or(Member::Wrong, |text| Self::number(&text)))
    }
}

impl<'de: 'a, 'a> Read<'de> for Cow<'a, str> {
    fn borrowed(text: &'de str) -> Member<Self> {
        Member::Value(Cow::Borrowed(text))
    }
    fn copied(text: &str) -> Member<Self> {
        Member::Value(Cow::Owned(text.to_owned()))
    }
}

/// An object with the members of `T`; serde alone would also accept an array of their values.
#[cfg(feature = "dynamic")]
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

#[cfg(feature = "dynamic")]
impl<'de, T: Deserialize<'de>> Read<'de> for Object<T> {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Member<Self>, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(object))
            .map(|members| Member::Value(Self(members)))
    }
}

/// The text of a number that arrives as an object of one member.
///
/// Numbers do so with the feature `arbitrary_precision` of `serde_json`, which any crate of the build
/// may enable. `None` for any other object.
fn number_text<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Cow<'de, str>>, A::Error> {
    let mut text = None;
    if let Some(key) = object.next_key::<Cow<'de, str>>()? {
        if key == "$serde_json::private::Number" {
            text = Some(object.next_value::<Cow<'de, str>>()?);
        } else {
            object.next_value::<IgnoredAny>()?;
        }
    }
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(text)
}

impl<'de, T: Read<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor(PhantomData))
    }
}

struct MemberVisitor<T>(PhantomData<T>);

impl<'de, T: Read<'de>> Visitor<'de> for MemberVisitor<T> {
    type Value = Member<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(T::borrowed(text))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::copied(text))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(T::integer(number.into()))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(T::integer(number.into()))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(T::float(number))
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(T::flag(flag))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Member::Missing)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Wrong)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::object(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed_and_escaped_text_is_copied() {
        let text = |json| serde_json::from_str::<Member<Cow<'_, str>>>(json).unwrap();
        assert!(matches!(text("\"abc\""), Member::Value(Cow::Borrowed("abc"))));
        assert!(matches!(text("\"a\\u0062c\""), Member::Value(Cow::Owned(text)) if text == "abc"));
        assert!(matches!(text("[[{\"a\":[1]}]]"), Member::Wrong));
    }
}

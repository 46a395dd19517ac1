//! Body of an error, read as far as it can be read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::foreign;
use super::member::Member;

/// The texts of an error body. Each can be missing.
#[derive(Default)]
pub(super) struct ErrorBody {
    pub(super) code: Option<String>,
    pub(super) description: Option<String>,
    /// The form of a body that is not JSON.
    pub(super) form: Option<&'static str>,
}

impl ErrorBody {
    /// Reads any bytes. Gateways send pages, text or nothing.
    ///
    /// White space, a byte order mark, an array around the object, a byte that is not UTF-8, a line break
    /// in a text, and a member that occurs twice or has another type do not hide the code. What was read
    /// before a fault in the JSON counts. So text behind the object and a missing end do not hide it either.
    pub(super) fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let one_line = text.replace(|c| c < ' ', " ");
        let json = foreign::without_prefix(&one_line);
        let mut read = Self::default();
        // The members before a fault are in `read`.
        let _ = read.deserialize(&mut serde_json::Deserializer::from_str(json));
        if read.code.is_none() && read.description.is_none() {
            read.form = foreign::name(&text);
        }
        read
    }

    /// Keeps the last text that is not empty.
    fn keep(place: &mut Option<String>, member: Member<Cow<'_, str>>) {
        if let Some(text) = member.ok().filter(|text| !text.is_empty()) {
            *place = Some(text.into_owned());
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut ErrorBody {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut ErrorBody {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "error" => ErrorBody::keep(&mut self.code, map.next_value()?),
                "error_description" => ErrorBody::keep(&mut self.description, map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        seq.next_element_seed(self).map(|_| ())
    }
}

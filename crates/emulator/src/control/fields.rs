//! Members of a call: of a JSON object, or of a query.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Number, Value};

use super::error::ControlError;

/// The members of a call. Each is taken once; what is left at the end is unknown.
#[derive(Clone, Default)]
pub(super) struct Fields {
    members: Map<String, Value>,
    asked: Vec<&'static str>,
}

impl Fields {
    /// The members of a body; no body has none.
    pub(super) fn of_json(body: &Value) -> Result<Self, ControlError> {
        match body {
            Value::Null => Ok(Self::from(Map::new())),
            Value::Object(members) => Ok(Self::from(members.clone())),
            _ => Err(ControlError::invalid("the body must be a JSON object")),
        }
    }

    /// The members of a query, all of them texts.
    pub(super) fn of_query(query: &str) -> Result<Self, ControlError> {
        let mut members = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| {
                let text = text.replace('+', " ");
                let text =
                    percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned);
                text.map_err(|_| ControlError::invalid("the query must be UTF-8"))
            };
            if members.insert(decoded(name)?, Value::from(decoded(value)?)).is_some() {
                return Err(ControlError::invalid("the query must have each member only once"));
            }
        }
        Ok(Self::from(members))
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.asked.push(name);
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Any JSON value; null is a value too.
    pub(super) fn any(&mut self, name: &'static str) -> Option<Value> {
        self.asked.push(name);
        self.members.remove(name)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, ControlError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ControlError::member_is(name, "must be text")),
        }
    }

    pub(super) fn required_text(&mut self, name: &'static str) -> Result<String, ControlError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// A whole number, also as text.
    pub(super) fn whole(
        &mut self,
        name: &'static str,
        most: u64,
    ) -> Result<Option<u64>, ControlError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = match &value {
            Value::String(text) => decimal(text),
            other => other.as_u64(),
        };
        let number = number.filter(|number| *number <= most);
        let wrong =
            || ControlError::member_is(name, format!("must be a whole number from 0 to {most}"));
        number.map(Some).ok_or_else(wrong)
    }

    /// A whole number from `least` to `most`, or `word` for none: then `Some(None)`.
    pub(super) fn whole_or(
        &mut self,
        name: &'static str,
        word: &str,
        least: u64,
        most: u64,
    ) -> Result<Option<Option<u64>>, ControlError> {
        if self.is_word(name, word) {
            return Ok(Some(None));
        }
        match self.whole(name, most) {
            Ok(None) => Ok(None),
            Ok(Some(number)) if number >= least => Ok(Some(Some(number))),
            _ => Err(ControlError::member_is(
                name,
                format!("must be a whole number from {least} to {most}, or {word}"),
            )),
        }
    }

    /// A time as in [`Self::duration`], or `word`: then `Some(None)`.
    pub(super) fn duration_or(
        &mut self,
        name: &'static str,
        word: &str,
    ) -> Result<Option<Option<Duration>>, ControlError> {
        if self.is_word(name, word) {
            return Ok(Some(None));
        }
        let time = self.duration(name);
        let wrong = |error: ControlError| {
            ControlError::member_is(name, format!("{}, or {word}", error.problem()))
        };
        time.map(|time| time.map(Some)).map_err(wrong)
    }

    /// Takes the member if it is this word.
    fn is_word(&mut self, name: &'static str, word: &str) -> bool {
        let is_it = self.members.get(name).and_then(Value::as_str) == Some(word);
        if is_it {
            self.take(name);
        }
        is_it
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, ControlError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(on)) => Ok(Some(on)),
            Some(Value::String(text)) if text == "true" || text == "false" => {
                Ok(Some(text == "true"))
            }
            Some(_) => Err(ControlError::member_is(name, "must be true or false")),
        }
    }

    /// A number from 0 to 1.
    pub(super) fn fraction(&mut self, name: &'static str) -> Result<Option<f64>, ControlError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = value.as_f64().filter(|number| (0.0..=1.0).contains(number));
        number
            .map(Some)
            .ok_or_else(|| ControlError::member_is(name, "must be a number from 0 to 1"))
    }

    /// A time: a number of seconds, or text such as `500ms`, `30s`, `1h30m`, `60d`.
    pub(super) fn duration(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Duration>, ControlError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let time = match &value {
            Value::Number(number) => seconds(number),
            Value::String(text) => duration(text),
            _ => None,
        };
        let problem =
            "must be a number of seconds from 0 on, or a time such as 500ms, 30s, 1h30m, 60d";
        time.map(Some).ok_or_else(|| ControlError::member_is(name, problem))
    }

    /// One of these names.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        name: &'static str,
        allowed: &[(&str, T)],
    ) -> Result<Option<T>, ControlError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let found =
            value.as_str().and_then(|text| allowed.iter().find(|(known, _)| *known == text));
        let names = || allowed.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
        let wrong = || ControlError::member_is(name, format!("must be one of {}", names()));
        found.map(|(_, it)| Some(*it)).ok_or_else(wrong)
    }

    /// A JSON object.
    pub(super) fn object(&mut self, name: &'static str) -> Result<Option<Self>, ControlError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self::from(members))),
            Some(_) => Err(ControlError::member_is(name, "must be a JSON object")),
        }
    }

    /// An array of JSON objects; absent is empty.
    pub(super) fn objects(&mut self, name: &'static str) -> Result<Vec<Self>, ControlError> {
        let wrong = || ControlError::member_is(name, "must be an array of JSON objects");
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values
                .into_iter()
                .map(|value| match value {
                    Value::Object(members) => Ok(Self::from(members)),
                    _ => Err(wrong()),
                })
                .collect(),
            Some(_) => Err(wrong()),
        }
    }

    /// Every member that is left, such as the fields of a header.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.members
    }

    /// Refuses members that nobody asked for.
    pub(super) fn finish(self) -> Result<(), ControlError> {
        if self.members.is_empty() {
            return Ok(());
        }
        let mut asked = self.asked;
        asked.dedup();
        Err(ControlError::invalid(if asked.is_empty() {
            "no member is allowed here".to_owned()
        } else {
            format!("a member is unknown; allowed are {}", asked.join(", "))
        }))
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(members: Map<String, Value>) -> Self {
        Self { members, asked: Vec::new() }
    }
}

/// The error for a member without a default.
pub(super) fn missing(name: &str) -> ControlError {
    ControlError::member_is(name, "is missing")
}

fn decimal(text: &str) -> Option<u64> {
    // `u64::from_str` would accept a leading plus sign.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn seconds(number: &Number) -> Option<Duration> {
    match number.as_u64() {
        Some(whole) => Some(Duration::from_secs(whole)),
        None => Duration::try_from_secs_f64(number.as_f64()?).ok(),
    }
}

/// Parses numbers with units, or a bare number of seconds.
fn duration(text: &str) -> Option<Duration> {
    if let Some(seconds) = decimal(text) {
        return Some(Duration::from_secs(seconds));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        let number = decimal(number)?;
        let part = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(60 * 60)?),
            "d" => Duration::from_secs(number.checked_mul(24 * 60 * 60)?),
            _ => return None,
        };
        total = total.checked_add(part)?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: &Value) -> Fields {
        Fields::of_json(value).unwrap()
    }

    #[test]
    fn times_are_numbers_of_seconds_or_have_units() {
        for (value, millis) in [
            (json!(2), 2_000),
            (json!(0.25), 250),
            (json!("3"), 3_000),
            (json!("500ms"), 500),
            (json!("1h30m"), 5_400_000),
            (json!("60d"), 5_184_000_000),
        ] {
            let time = fields(&json!({ "by": value })).duration("by").unwrap();
            assert_eq!(time, Some(Duration::from_millis(millis)), "{value}");
        }
        for bad in [
            json!(-1),
            json!("1x"),
            json!("h"),
            json!(""),
            json!("99999999999999999999d"),
            json!([]),
        ] {
            let error = fields(&json!({ "by": bad })).duration("by").unwrap_err();
            assert!(
                error.to_string().starts_with("`by` must be a number of seconds"),
                "{bad}: {error}"
            );
        }
    }

    #[test]
    fn a_query_is_decoded_and_an_unknown_member_is_not_repeated() {
        let mut query = Fields::of_query("user=a%2Db+c&n=5&s3cret=1").unwrap();
        assert_eq!(query.text("user").unwrap().as_deref(), Some("a-b c"));
        assert_eq!(query.whole("n", 9).unwrap(), Some(5));
        let error = query.finish().unwrap_err().to_string();
        assert_eq!(error, "a member is unknown; allowed are user, n");
        assert!(Fields::of_query("a=1&a=2").is_err() && Fields::of_query("a=%ff").is_err());
    }
}

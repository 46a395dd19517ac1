//! A token as a result: alone, as one JSON object, as variables, or as a header field.

use easemob_token::dynamic::DynamicToken;
use easemob_token::{AccessToken, AppToken, Lifetime, User, UserToken};
use serde::Serialize;
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use crate::args::Format;
use crate::failure::Failure;
use crate::options::Options;
use crate::out::Destination;
use crate::{output, time};

/// Characters that mean themselves in a shell and in a `.env` file, beside letters and digits.
const PLAIN: &[char] = &['-', '_', '.', '+', '/', '=', ':', '@', '%', ','];

/// A token and its facts; the fields are the members of the JSON form.
#[derive(Serialize)]
pub(crate) struct Success<'a> {
    access_token: &'a str,
    kind: &'static str,
    expires_in: Option<u64>,
    lifetime: &'static str,
    expires_at: Option<String>,
    /// Facts of this kind of token; a dynamic token has none.
    #[serde(flatten)]
    about: Option<About<'a>>,
    /// The user of a dynamic token, for the text form.
    #[serde(skip)]
    user_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum About<'a> {
    Application(Option<&'a str>),
    User(Option<AboutUser<'a>>),
}

#[derive(Serialize)]
struct AboutUser<'a> {
    uuid: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    username: Option<&'a str>,
    activated: Option<bool>,
    created: Option<String>,
    modified: Option<String>,
}

impl<'a> Success<'a> {
    pub(crate) fn app(token: &'a AppToken) -> Self {
        let about = About::Application(token.application());
        let life = (token.lifetime(), token.remaining(), token.expires_at());
        Self::new("app", token.access_token(), life, Some(about))
    }

    pub(crate) fn dynamic(token: &'a DynamicToken) -> Self {
        let ttl = token.ttl();
        let life = (Lifetime::Expires(ttl), Some(ttl), Some(token.expires_at()));
        let success = Self::new("dynamic", token.access_token(), life, None);
        Self { user_id: Some(token.user_id()), ..success }
    }

    pub(crate) fn user(token: &'a UserToken) -> Self {
        let about = About::User(token.user().map(AboutUser::new));
        let life = (token.lifetime(), token.remaining(), token.expires_at());
        Self::new("user", token.access_token(), life, Some(about))
    }

    fn new(
        kind: &'static str,
        token: &'a AccessToken,
        (lifetime, remaining, expires_at): (Lifetime, Option<Duration>, Option<SystemTime>),
        about: Option<About<'a>>,
    ) -> Self {
        Self {
            access_token: token.expose(),
            kind,
            expires_in: lifetime.duration().zip(remaining).map(|(life, left)| seconds(life, left)),
            lifetime: match lifetime {
                Lifetime::Expires(_) => "expires",
                Lifetime::Permanent => "permanent",
                Lifetime::Unknown => "unknown",
            },
            expires_at: expires_at.and_then(time::rfc3339),
            about,
            user_id: None,
        }
    }

    /// Writes the token and, on a terminal, its facts to standard error.
    pub(crate) fn report(&self, options: &Options, to: Destination) -> Result<(), Failure> {
        to.write(self.formatted(options.format)?)?;
        // A script wants the token alone, and finds its facts in the JSON form.
        if options.format != Format::Json && !options.quiet && output::is_for_people() {
            output::note(self.line());
        }
        Ok(())
    }

    fn formatted(&self, format: Format) -> Result<String, Failure> {
        match format {
            Format::Text => Ok(self.access_token.to_owned()),
            Format::Header => Ok(format!("Authorization: Bearer {}", self.access_token)),
            Format::Json => serde_json::to_string(self)
                .map_err(|error| Failure::internal(format!("cannot write JSON: {error}"))),
            Format::Env => Ok(format!(
                "EASEMOB_TOKEN={}\nEASEMOB_TOKEN_EXPIRES_AT={}",
                quoted(self.access_token)?,
                // Empty if there is none: the time of an older token must not stay.
                self.expires_at.as_deref().unwrap_or_default()
            )),
        }
    }

    /// The token's facts in one line, without the token.
    pub(crate) fn line(&self) -> String {
        let life = match (self.expires_in, &self.expires_at) {
            (Some(seconds), Some(end)) => {
                format!("lives {}, until {end}", time::span(Duration::from_secs(seconds)))
            }
            (Some(seconds), None) => format!("lives {seconds} s"),
            _ if self.lifetime == "permanent" => "never expires".to_owned(),
            _ => "lifetime unknown: do not store it".to_owned(),
        };
        match &self.about {
            None => {
                let name = self.user_id.unwrap_or("a user without a name");
                format!("dynamic user token of {name}, {life}")
            }
            Some(About::Application(Some(id))) => format!("app token, {life}, application {id}"),
            Some(About::Application(None)) => format!("app token, {life}"),
            Some(About::User(user)) => {
                let user = user.as_ref();
                let name = user.and_then(|user| user.username).unwrap_or("a user without a name");
                let banned = user.and_then(|user| user.activated) == Some(false);
                format!("user token of {name}{}, {life}", if banned { " (banned)" } else { "" })
            }
        }
    }
}

/// A value that a shell and a reader of `.env` files take as it is.
///
/// Without need there are no quotes, since some readers take them for a part of the value.
fn quoted(text: &str) -> Result<Cow<'_, str>, Failure> {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || PLAIN.contains(&c)) {
        return Ok(text.into());
    }
    if text.contains('\'') {
        return Err(Failure::invalid_input(
            "--format: the token has a quote (U+0027), which env cannot express; use json",
        ));
    }
    Ok(format!("'{text}'").into())
}

/// What is left of a lifetime, in whole seconds; all of it if the token was received just now.
fn seconds(life: Duration, left: Duration) -> u64 {
    let is_new = life.saturating_sub(left) < Duration::from_secs(1);
    if is_new { life.as_secs() } else { left.as_secs() }
}

impl<'a> AboutUser<'a> {
    fn new(user: &'a User) -> Self {
        Self {
            uuid: user.uuid(),
            kind: user.kind(),
            username: user.username(),
            activated: user.activated(),
            created: user.created().and_then(time::rfc3339_ms),
            modified: user.modified().and_then(time::rfc3339_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_only_if_it_must_be() {
        for (text, written) in [
            ("YWMt-_.+/=:@%,9", Some("YWMt-_.+/=:@%,9")),
            ("a$b", Some("'a$b'")),
            ("a#`\"\\!~", Some("'a#`\"\\!~'")),
            ("a'b", None),
        ] {
            assert_eq!(quoted(text).ok().as_deref(), written, "{text}");
        }
    }

    #[test]
    fn a_new_token_has_its_whole_lifetime_and_a_kept_one_what_is_left() {
        let life = Duration::from_secs(3_600);
        for (left, shown) in
            [(3_600_000, 3_600), (3_599_995, 3_600), (3_599_000, 3_599), (999, 0), (0, 0)]
        {
            assert_eq!(seconds(life, Duration::from_millis(left)), shown, "{left}");
        }
    }
}
